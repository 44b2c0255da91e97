/** Compare: the bills of a play with the world's own: never below, and above by one look at each end and the least billed time at most. */
import type { Charge } from "../../../src/simulator/world/bill.js"
import type { Play } from "./draw.js"
import type { Lived, Sample, Stage } from "./play.js"

export interface Compared {
  /** What was wrong, in words. */
  readonly problems: readonly string[]
  readonly workers: number
  readonly tooLittle: number
  /** Seconds that a worker of the receipt was billed more than the world charges; least and most. */
  readonly lowest: number
  readonly highest: number
  readonly isReached: boolean
  /** USD by which `budget.total` was passed beyond the bound. */
  readonly overrun: number
}

const HOUR_SECONDS = 3_600
/** Sums carry the rounding of their last digits: seconds, and USD. */
const ROUNDING = 1e-6

/** Between two looks: at a cluster at rest with on-demand workers and with spot workers, and while something is on its way. */
const WATCH_SECONDS = { "on-demand": 30, spot: 5, "spot-with-fallback": 30 } as const
const BOOT_SECONDS = 5

/** How late the list of a look may be, and how long the look takes, in seconds. */
function lateSeconds({ consistencyMs, requestMs }: Play): number {
  return (consistencyMs + 4 * requestMs) / 1000
}

/** Seconds of a killed process: nobody looks until another goes on, and it had not written down what it saw boot last. */
function awaySeconds({ death, bootMs }: Play): number {
  return death === undefined ? 0 : (death.awayMs + 2 * bootMs) / 1000
}

/** Seconds that the look which finds a worker gone may tell late. */
function endSeconds(play: Play): number {
  return WATCH_SECONDS[play.market] + lateSeconds(play) + awaySeconds(play)
}

/**
 * What one worker may be billed more than the world charges, in seconds: a look at its beginning and at its end, and the least time.
 * Where ending is billed as well, one that may have run for an instant before its end is billed all of that.
 */
export function boundSeconds(play: Play): number {
  return BOOT_SECONDS + lateSeconds(play) + endSeconds(play) + stopSeconds(play) + play.leastSeconds
}

function stopSeconds({ billsUntilGone, stopMs }: Play): number {
  return billsUntilGone ? stopMs / 1000 : 0
}

export function compare(stage: Stage, { samples, receipt, charges, isReached }: Lived): Compared {
  const { play, total } = stage
  const rows = new Map(receipt.instances.map((row) => [row.id, row]))
  const apart = charges.flatMap((charge) => {
    const cost = rows.get(charge.id)?.cost
    return cost === undefined ? [] : [{ id: charge.id, seconds: secondsOf(cost - charge.usd, charge) }]
  })
  const bound = boundSeconds(play)
  const tooLittle = apart.filter(({ seconds }) => seconds < -ROUNDING)
  const overrun = total === undefined ? 0 : Math.max(0, usdOf(charges) - total - passable(play, charges))
  const last: Sample = { at: Number.POSITIVE_INFINITY, said: receipt.cost ?? 0, charged: charges }
  return {
    problems: [
      ...tooLittle.map(({ id, seconds }) => `${id} is billed ${seconds} s: too little`),
      ...apart
        .filter(({ seconds }) => seconds > bound + ROUNDING)
        .map(({ id, seconds }) => `${id} is billed ${seconds} s more than it cost, above ${bound} s`),
      ...[...samples, last].flatMap((sample) => sampleProblem(stage, sample)),
      ...(overrun > ROUNDING ? [`budget.total ${total} is passed by ${overrun} USD more than one look`] : []),
    ],
    workers: charges.length,
    tooLittle: tooLittle.length,
    lowest: Math.min(...apart.map(({ seconds }) => seconds)),
    highest: Math.max(...apart.map(({ seconds }) => seconds)),
    isReached,
    overrun,
  }
}

function sampleProblem({ play, begun }: Stage, { at, said, charged }: Sample): readonly string[] {
  const usd = usdOf(charged)
  const most = charged.reduce((sum, charge) => sum + (boundSeconds(play) / HOUR_SECONDS) * charge.usdPerHour, usd)
  const when = at === Number.POSITIVE_INFINITY ? "the receipt" : `cost() after ${(at - begun) / 1000} s`
  if (said < usd - ROUNDING) return [`${when} says ${said} USD, the world charges ${usd}: too little`]
  return said > most + ROUNDING ? [`${when} says ${said} USD, the world charges ${usd}, at most ${most} is right`] : []
}

/** USD that may be spent above a total: what ending takes, and one look for each worker. */
function passable(play: Play, charges: readonly Charge[]): number {
  const seconds = endSeconds(play) + stopSeconds(play)
  return charges.reduce((sum, { usdPerHour }) => sum + (seconds / HOUR_SECONDS) * usdPerHour, 0)
}

function usdOf(charges: readonly Charge[]): number {
  return charges.reduce((sum, { usd }) => sum + usd, 0)
}

function secondsOf(usd: number, { usdPerHour }: Charge): number {
  return (usd / usdPerHour) * HOUR_SECONDS
}
