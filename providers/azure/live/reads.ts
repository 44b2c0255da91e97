/** Reads of one VM in a walk. */
import type { WalkStage, WalkWorker } from "../../../src/provider.js"
import { placeOf } from "../client/ids.js"
import type { Expansion } from "../client/sdk.js"
import type { Azure } from "../client/send.js"
import { readVm } from "../observe/vms.js"
import { isDone, lastReading, type Reading, textAt } from "./reading.js"

/** By its name, which is strongly consistent; undefined where the answer cannot be read. */
export async function readOf(
  azure: Azure,
  stage: WalkStage,
  { made }: Pick<WalkWorker, "made">,
  expand?: Expansion,
): Promise<Reading | undefined> {
  const place = placeOf(made.id, azure.options.subscriptionId)
  if (place === undefined) return undefined
  return lastReading(
    (await stage.watch((calls) => readVm(azure, place, calls, expand))).exchanges,
    "VirtualMachines_Get",
  )
}

/** It runs, and is not on its way out: what is missing then says something. */
export function isUp(reading: Reading | undefined): reading is Reading {
  return reading !== undefined && isDone(reading) && /^succeeded$/i.test(stateOf(reading) ?? "")
}

export function stateOf({ body }: Reading): string | undefined {
  return textAt(body, "properties", "provisioningState")
}
