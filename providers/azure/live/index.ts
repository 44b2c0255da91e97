/** What `doctor --live` tries on Azure. */
import { merge } from "../../../src/input/merge.js"
import type { Provider, Walk } from "../../../src/provider.js"
import type { Azure } from "../client/send.js"
import type { AzureOptions } from "../options.js"
import { ASSUMPTIONS } from "./assumptions.js"
import { ENDS_WITHIN_MS, judge, lookAtGroups } from "./judged.js"
import { lookAtBoot, lookAtEnd, lookAtGone, lookAtLaunch } from "./machines.js"
import { lookAtParts, lookAtRemains } from "./parts.js"
import { lookAtRefusals } from "./refusals.js"
import { STARTUP } from "./startup.js"

const HOURS_A_MONTH = 730
/** Standard SSD, by its size ("Managed Disks pricing": E4, 32 GiB, 2.40 USD a month). */
const DISK_USD_A_GIB_MONTH = 0.075
/** The image's own size, up to the next that is sold. */
const DISK_GIB = 32
/** Standard, static ("IP Addresses pricing"). */
const ADDRESS_USD_AN_HOUR = 0.005

/** Its machines have user data, which can be read back. */
export function walkOptions(options: AzureOptions): AzureOptions {
  const userData = Buffer.from("muster doctor").toString("base64")
  return { ...options, overrides: merge({ userData }, options.overrides ?? {}) }
}

/** @param azure whose requests are told. @param provider made of it. */
export function walkOf(azure: Azure, provider: Provider): Walk {
  const { sizeGiB = DISK_GIB, ephemeral = false } = azure.options.disk ?? {}
  const diskUsd = ephemeral ? 0 : (sizeGiB * DISK_USD_A_GIB_MONTH) / HOURS_A_MONTH
  return {
    assumptions: ASSUMPTIONS,
    provider,
    startup: STARTUP,
    endsBy: ["Microsoft.Compute/virtualMachines/delete"],
    besides: () => diskUsd + ADDRESS_USD_AN_HOUR,
    // A VM that is still being made is not paid for ("States and billing status of Azure Virtual Machines").
    times: { slackMs: ENDS_WITHIN_MS, likelyS: { brief: 10, batch: 60, timed: 190 } },
    free: (stage) => lookAtRefusals(azure, stage),
    launched: async (stage, workers) => {
      for (const worker of workers) await lookAtLaunch(azure, stage, worker)
    },
    booted: async (stage, worker) => {
      await lookAtParts(azure, stage, worker)
      await lookAtBoot(azure, stage, worker)
    },
    ended: (stage, worker) => lookAtEnd(azure, stage, worker),
    gone: (stage, worker) => lookAtGone(azure, stage, worker),
    judge: async (stage) => {
      judge(azure, stage)
      await lookAtGroups(azure, stage)
      await lookAtRemains(azure, stage)
    },
  }
}
