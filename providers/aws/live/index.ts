/** The live walk on EC2: what is looked at, and when. */
import type { Provider, Walk } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { ASSUMPTIONS } from "./assumptions.js"
import { lookAtBoot } from "./looks/boots.js"
import { lookAtEnds } from "./looks/ends.js"
import { lookAtFleet, lookAtLaunch, lookAtReplaysOfGone } from "./looks/launches.js"
import { lookAtRefusals } from "./looks/refusals.js"
import { ENDED_AFTER_MS, judgeWhole } from "./looks/whole.js"
import type { Site } from "./site.js"
import { STARTUP } from "./startup.js"

/** USD an hour: a disk of 8 GiB at 0.08 USD a GiB and month (gp3), and a public IPv4 address ("Amazon EBS pricing", "Amazon VPC pricing"). */
const DISK_USD = (8 * 0.08) / 730
const ADDRESS_USD = 0.005

/** Pending instances are not billed, and those that are ended at once never are another ("Amazon EC2 instance state changes"). */
const LIKELY_S = { brief: 0, batch: 75, timed: 230 } as const

/** @param given the provider, and the way its requests go: both tell of each exchange. */
export function walkWith({ provider, send }: { readonly provider: Provider; readonly send: Send }): Walk {
  const site: Site = { provider, send, attached: { volumes: new Map(), interfaces: new Map() }, repeated: new Set() }
  return {
    assumptions: ASSUMPTIONS,
    provider,
    startup: STARTUP,
    endsBy: ["ec2:TerminateInstances"],
    times: { likelyS: LIKELY_S, slackMs: ENDED_AFTER_MS },
    besides: () => DISK_USD + ADDRESS_USD,
    free: (stage) => lookAtRefusals(site, stage),
    launched: (stage, workers) => lookAtLaunch(site, stage, workers),
    booted: (stage, worker) => lookAtBoot(site, stage, worker),
    // Its fleet is looked at once it does not wait any more to be ended.
    ended: async (stage, worker) => {
      if (worker.wave === "brief") await lookAtFleet(site, stage, worker.call)
    },
    gone: async (stage, worker) => {
      if (worker.wave === "batch") await lookAtReplaysOfGone(site, stage, worker)
    },
    judge: async (stage) => {
      judgeWhole(stage)
      await lookAtEnds(site, stage)
    },
  }
}
