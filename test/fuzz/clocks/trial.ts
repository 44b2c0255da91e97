/** A trial of clocks, as plain data: a cluster's life, and what is done to the clocks meanwhile. */
import { seededRandom } from "../../../src/calls/clock.js"
import { mixed } from "../seed.js"

export type ClockAct =
  /** Set by so much, and put right after so long. */
  | { readonly kind: "jump"; readonly ms: number; readonly healsAfterMs?: number }
  | { readonly kind: "suspend"; readonly ms: number }
  /** The target grows by so many. */
  | { readonly kind: "grow"; readonly by: number }
  /** From a machine whose clock is so far ahead. */
  | { readonly kind: "list"; readonly aheadMs: number }
  | { readonly kind: "sweep"; readonly aheadMs: number }
  /** Another process goes on with it. */
  | { readonly kind: "detach" | "crash" }

export interface ClockStep {
  readonly atMs: number
  readonly act: ClockAct
}

export interface ClocksTrial {
  readonly seed: number
  /** The cloud's answers say when they were given, and its guests keep their deadlines. */
  readonly tellsTime: boolean
  readonly lifetimeMs: number
  readonly leaseMs?: number
  /** Nobody holds the cluster at its end: its guests end themselves. */
  readonly isLeft: boolean
  readonly steps: readonly ClockStep[]
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** For how long after the beginning something is done to it, in milliseconds: the rest is for its end. */
export function lastMsOf({ lifetimeMs }: Pick<ClocksTrial, "lifetimeMs">): number {
  return lifetimeMs - 30 * MINUTE_MS
}

export function drawClocks(seed: number): ClocksTrial {
  const random = seededRandom(mixed(seed))
  const between = (least: number, most: number) => Math.round(least + random() * (most - least))
  const oneOf = <T>(...all: readonly [T, ...T[]]): T => all[Math.floor(random() * all.length)] ?? all[0]
  const tellsTime = random() < 0.75
  const lifetimeMs = oneOf(1, 1, 2, 2, 4, 12) * HOUR_MS
  const hasLease = tellsTime && random() < 0.4
  const lastMs = lastMsOf({ lifetimeMs })
  const aheadMs = () => oneOf(-1, 1) * oneOf(between(MINUTE_MS, HOUR_MS), between(HOUR_MS, 30 * HOUR_MS))
  const doing = (): ClockAct => {
    const kind = oneOf("grow", "grow", "list", "sweep", "detach", "crash")
    if (kind === "grow") return { kind, by: between(1, 6) }
    return kind === "list" || kind === "sweep" ? { kind, aheadMs: tellsTime ? aheadMs() : 0 } : { kind }
  }
  const first: ClockStep = { atMs: 0, act: { kind: "grow", by: between(1, 8) } }
  const done = [first, ...Array.from({ length: between(1, 5) }, () => ({ atMs: between(0, lastMs), act: doing() }))]
  const clocks = Array.from({ length: between(1, 5) }, (): ClockStep => {
    // Half of them in the midst of something.
    const atMs =
      random() < 0.5
        ? Math.min(lastMs, oneOf(...([first, ...done] as const)).atMs + between(0, 20_000))
        : between(0, lastMs)
    if (random() < 0.2)
      return {
        atMs,
        act: { kind: "suspend", ms: between(5_000, hasLease ? MINUTE_MS : Math.min(3 * HOUR_MS, lastMs - atMs)) },
      }
    const heals =
      random() < 0.6 ? { healsAfterMs: oneOf(between(1_000, MINUTE_MS), between(MINUTE_MS, 2 * HOUR_MS)) } : {}
    return { atMs, act: { kind: "jump", ms: aheadMs(), ...heals } }
  })
  const steps = [...done, ...clocks].sort((a, b) => a.atMs - b.atMs)
  const lease = hasLease ? { leaseMs: between(5, 15) * MINUTE_MS } : {}
  return { seed, tellsTime, lifetimeMs, ...lease, isLeft: tellsTime && !hasLease && random() < 0.4, steps }
}
