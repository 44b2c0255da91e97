/** Head loss: whether an engine's head is lost, by its machine, what its guest tells, and its answers. Pure. */
import type { Verdict } from "../../guest/marks.js"
import { counts, type WorkerState } from "../lifecycle.js"

/** What is known of a head. Moments are in milliseconds since 1970. */
export interface HeadSigns {
  /** Of its machine, as lists show it. */
  readonly state: WorkerState
  /** Since when its machine runs; absent: it does not yet. */
  readonly ranFrom?: number
  /** When it has answered last; absent: never. */
  readonly answeredAt?: number
  /** When the first question was asked that it has not answered since; absent: it has answered the last one. */
  readonly silentFrom?: number
  /** Why it has not answered the last one. */
  readonly silence?: string
  /** Until when it was known that the way to it is open, and that its machine runs. */
  readonly seenAt?: number
  /**
   * When it was known last that the way to it is open: its guest, or another worker on the same way, has answered. Infinity where it is
   * reached without one.
   */
  readonly reachedAt: number
  /** What it ran has ended. */
  readonly end?: Verdict
  /** For how long it may boot until its first answer, in milliseconds. */
  readonly bootMs: number
}

export interface HeadLoss {
  /** `gone`: its machine. `ended`: what it ran. `silent`: it answers nobody. */
  readonly why: "gone" | "ended" | "silent"
  /** In words, without its name. */
  readonly message: string
  /** The last lines that it has written, where they are known. */
  readonly tail?: string
}

/** So long, in milliseconds, one that has booted may say nothing: a garbage collection or a migration is shorter. */
const SILENT_MS = 30_000

/** So long, in milliseconds, nobody at all may be reached before the head counts as lost: this process may have changed its network. */
const UNREACHED_MS = 900_000

/** Undefined while it is there, or may still come. @param now in milliseconds since 1970. */
export function headLoss(signs: HeadSigns, now: number): HeadLoss | undefined {
  const { state, end, silentFrom, seenAt = Number.NEGATIVE_INFINITY, silence = "no answer" } = signs
  // What never ran is made up for by the plan, as any other worker that does not come.
  if (!counts(state) && (signs.ranFrom !== undefined || signs.answeredAt !== undefined))
    return { why: "gone", message: GONE[state] ?? `its machine is ${state}` }
  if (end !== undefined) {
    const { step, exitCode, tail } = end
    const message = `${step} has ended with exit code ${exitCode}`
    return { why: "ended", message, ...(tail === "" ? {} : { tail }) }
  }
  const at = silentAt(signs)
  // Who cannot see anything at all knows nothing of its head either.
  if (silentFrom === undefined || now < at || seenAt < silentFrom) return undefined
  if (signs.reachedAt < silentFrom && now < silentFrom + UNREACHED_MS) return undefined
  const forS = Math.round((now - silentFrom) / 1000)
  return { why: "silent", message: `its machine runs, and it has not answered for ${forS} s: ${silence}` }
}

const GONE: Partial<Readonly<Record<WorkerState, string>>> = {
  interrupted: "the cloud takes its machine away",
  failed: "its machine has stopped",
  lost: "its machine has vanished",
  terminating: "its machine was ended",
  terminated: "its machine has ended",
}

/** When it is lost if it does not answer until then, in milliseconds since 1970. */
export function silentAt({ ranFrom, answeredAt, silentFrom, bootMs }: HeadSigns): number {
  if (silentFrom === undefined || ranFrom === undefined) return Number.POSITIVE_INFINITY
  // Of one that has run for long its first answer may be asked for by a process that has only begun to know it.
  if (answeredAt === undefined) return Math.max(ranFrom + bootMs, silentFrom + SILENT_MS)
  return Math.max(silentFrom, answeredAt) + SILENT_MS
}
