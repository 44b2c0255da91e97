/** What a play of the fuzz of bills is, drawn from its seed: a world, what is asked of a cluster there, and what befalls it. */
import { seededRandom } from "../../../src/calls/clock.js"
import { mixed } from "../seed.js"

export interface Step {
  readonly afterMs: number
  readonly count: number
  /** Waits for the target before the next step, or lets the next one take its place. */
  readonly waits: boolean
}

export interface Blow {
  readonly atMs: number
  readonly kind: "interrupt" | "vanish"
  /** Of those that run or boot, 0 to 1. */
  readonly share: number
}

export interface Play {
  readonly seed: number
  /** Lists are late by up to the consistency window. */
  readonly consistencyMs: number
  readonly requestMs: number
  readonly bootMs: number
  readonly stopMs: number
  readonly noticeMs: number
  /** As RunInstances (tokens, answers at once), as GCP (tokens, answers later), as Azure (names). */
  readonly style: "tokens" | "operations" | "names"
  /** Terminating is billed as running is, and what is gone is not listed (GCP, Azure). */
  readonly billsUntilGone: boolean
  readonly leastSeconds: number
  readonly market: "on-demand" | "spot" | "spot-with-fallback"
  /** How many each of the two zones holds of the type. */
  readonly stock: number
  /** USD, in instance hours; undefined: no budget. */
  readonly totalHours: number | undefined
  readonly steps: readonly Step[]
  readonly blows: readonly Blow[]
  /** How long after its begin the process is killed, and how long nobody goes on; undefined: it is not. */
  readonly death: { readonly atMs: number; readonly awayMs: number } | undefined
  /** When `cost()` is read, in milliseconds after the begin. */
  readonly asks: readonly number[]
}

const MINUTE_MS = 60_000
const MOST_WORKERS = 12
const ASKS = 12

/** The play of a seed: always the same. */
export function playOf(seed: number): Play {
  const random = seededRandom(mixed(seed))
  const draw = <T>(from: readonly [T, ...T[]]): T => from[Math.floor(random() * from.length)] ?? from[0]
  const upTo = (most: number) => Math.floor(random() * (most + 1))
  const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)
  const steps = times(1 + upTo(4), () => ({
    afterMs: draw([0, upTo(10_000), upTo(MINUTE_MS), upTo(MINUTE_MS), upTo(8 * MINUTE_MS)]),
    count: draw([0, 1, upTo(MOST_WORKERS), upTo(MOST_WORKERS), MOST_WORKERS]),
    waits: random() < 0.5,
  }))
  const spanMs = steps.reduce((sum, { afterMs }) => sum + afterMs + MINUTE_MS, 0)
  return {
    seed,
    consistencyMs: draw([0, 1_000, 10_000, 10_000, 30_000, MINUTE_MS]),
    requestMs: draw([20, 100, 500, 2_000]),
    bootMs: draw([5_000, 20_000, MINUTE_MS]),
    stopMs: draw([1_000, 10_000, 30_000]),
    noticeMs: draw([0, 30_000, 120_000]),
    style: draw(["tokens", "operations", "names"]),
    billsUntilGone: random() < 0.5,
    leastSeconds: draw([0, 60, 60, 600]),
    market: draw(["on-demand", "spot", "spot-with-fallback"]),
    stock: draw([2, 5, MOST_WORKERS]),
    totalHours: draw([undefined, 0.02 + random() * 0.1, 0.05 + random() * 0.4, 0.2 + random() * 1.5]),
    steps,
    blows: times(upTo(3), () => ({
      atMs: upTo(spanMs),
      kind: draw<Blow["kind"]>(["interrupt", "vanish"]),
      share: (1 + upTo(9)) / 10,
    })),
    death: random() < 0.2 ? { atMs: upTo(spanMs), awayMs: upTo(MINUTE_MS) } : undefined,
    asks: times(ASKS, () => upTo(spanMs)).sort((a, b) => a - b),
  }
}
