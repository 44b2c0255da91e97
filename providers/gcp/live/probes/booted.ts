/** What is tried of machines that have booted. */
import type { WalkStage, WalkWorker } from "../../../../src/provider.js"
import { lookAtDisk } from "./disks.js"
import { lookAtFields, lookAtFilter, lookAtPages, lookAtProject } from "./lists.js"
import { judgeGuest, lookAtConsole, lookAtFingerprint, lookAtHostKeys } from "./machine.js"
import type { Probing } from "./probing.js"

const LOOKS = [
  lookAtConsole,
  lookAtFilter,
  lookAtPages,
  lookAtFields,
  lookAtProject,
  lookAtFingerprint,
  lookAtHostKeys,
  lookAtDisk,
] as const

/** Three machines that booted are enough for what requests show; guests are heard of all. */
const ENOUGH = 3

export async function booted(probing: Probing, stage: WalkStage, worker: WalkWorker): Promise<void> {
  judgeGuest(stage, worker)
  const before = stage.workers.filter(({ wave, isBooted }) => wave === "batch" && isBooted).length
  if (worker.wave === "timed" && before >= ENOUGH) return
  for (const look of LOOKS) await look(probing, stage, worker)
}
