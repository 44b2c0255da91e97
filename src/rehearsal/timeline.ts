/** What a rehearsal looked like: workers by state over time, and what happened meanwhile. Kept from a cluster's events. */
import type { ClusterEvent } from "../events.js"
import type { WorkerState } from "../fleet/lifecycle.js"

/** The cluster as it knew itself at one moment. */
export interface Sample {
  /** Virtual milliseconds since the rehearsal began. */
  readonly atMs: number
  readonly desired: number
  /** Asked for, without an answer yet. */
  readonly booked: number
  readonly pending: number
  readonly running: number
  /** Under notice: they still run. */
  readonly interrupted: number
  /** Asked to go or failed, and not confirmed gone. */
  readonly ending: number
  /** Since the sample before: notices given, workers lost, boots failed, offers refused. */
  readonly struck: number
  readonly refused: number
}

/** Something worth a line in the picture. */
export interface Mark {
  /** Virtual milliseconds since the rehearsal began. */
  readonly atMs: number
  readonly what: string
  /** `scenario`: the world did it; `cluster`: it was asked of the cluster, or reached by it; `problem`: it could not. */
  readonly kind: "scenario" | "cluster" | "problem"
}

export interface Recorder {
  readonly samples: Sample[]
  readonly marks: Mark[]
  record(event: ClusterEvent): void
  mark(what: string, kind: Mark["kind"], atMs?: number): void
  sample(): void
}

/** Problems beyond so many are as many again of the same. */
const MOST_PROBLEMS = 3

export function newRecorder(now: () => number): Recorder {
  const begun = now()
  const states = new Map<WorkerState, number>()
  let [desired, booked, struck, refused, problems] = [0, 0, 0, 0, 0]
  const count = (...names: readonly WorkerState[]) => names.reduce((sum, name) => sum + (states.get(name) ?? 0), 0)
  const move = (state: WorkerState | undefined, by: number) => {
    if (state !== undefined) states.set(state, (states.get(state) ?? 0) + by)
  }
  const recorder: Recorder = {
    samples: [],
    marks: [],
    record: (event) => {
      if (event.type === "target") desired = Object.values(event.desired).reduce((sum, some) => sum + some, 0)
      if (event.type === "pass") booked = event.booked
      if (event.type === "offer-unavailable") refused += 1
      if (event.type === "worker") {
        move(event.from, -1)
        move(event.to, 1)
        if (STRUCK.has(event.to)) struck += 1
      }
      if (event.type === "problem" && problems++ < MOST_PROBLEMS) recorder.mark(event.error, "problem")
    },
    mark: (what, kind, atMs = now() - begun) => {
      recorder.marks.push({ atMs, what, kind })
    },
    sample: () => {
      recorder.samples.push({
        atMs: now() - begun,
        desired,
        booked,
        pending: count("pending"),
        running: count("running"),
        interrupted: count("interrupted"),
        ending: count("terminating", "failed"),
        struck,
        refused,
      })
      struck = 0
      refused = 0
    },
  }
  return recorder
}

const STRUCK: ReadonlySet<WorkerState> = new Set(["interrupted", "lost", "failed"])
