/** Budget: the user's limits in USD, and the texts that show amounts. Pure. */
import type * as Zod from "zod"
import { SpecError } from "../errors.js"
import type { Z } from "../input/parse.js"

/** What a cluster may cost, in USD; estimated from the prices of its instances. */
export interface Budget {
  /** The most that all instances may cost per hour at any moment, those on their way counted. */
  readonly perHour?: number
  /** The most that the cluster may cost in all; when it is reached the cluster scales to zero. */
  readonly total?: number
  /** When the cluster scales to zero: a `Date`, or a time with its zone ("2026-03-01T18:00:00Z", "…T18:00+01:00"). */
  readonly until?: string | Date
  /**
   * Whether offers without a known price may be used beside `perHour` or `total`: `refuse` by default. With `allow` they
   * count as free, and every sum says how many it leaves out.
   */
  readonly unpriced?: "refuse" | "allow"
}

/** A budget as the core works with it. */
export interface ResolvedBudget {
  /** USD; undefined: no limit. */
  readonly perHour: number | undefined
  /** USD; undefined: no limit. */
  readonly total: number | undefined
  /** Milliseconds since 1970; undefined: no limit. */
  readonly until: number | undefined
  /** As the user wrote it. */
  readonly untilText: string
  readonly unpriced: "refuse" | "allow"
}

export const NO_BUDGET: ResolvedBudget = {
  perHour: undefined,
  total: undefined,
  until: undefined,
  untilText: "",
  unpriced: "allow",
}

const UNTIL_RULE = 'use a time with its zone ("2026-03-01T18:00:00Z", "2026-03-01T18:00+01:00"), or a Date'

/** @param moment the pattern of a time with its zone. */
export const budgetSchema = (z: Z, moment: RegExp): Zod.ZodType => {
  const usd = z.number().positive("use more than 0 USD, or leave it out")
  const time = z.string().regex(moment, UNTIL_RULE)
  return z
    .strictObject({
      perHour: usd.optional(),
      total: usd.optional(),
      until: z.union([time, z.date(UNTIL_RULE)], UNTIL_RULE).optional(),
      unpriced: z.enum(["refuse", "allow"]).optional(),
    })
    .refine(
      ({ perHour, total, until }) => perHour !== undefined || total !== undefined || until !== undefined,
      "limits nothing; give perHour, total or until",
    )
    .meta({ anyOf: ["perHour", "total", "until"].map((limit) => ({ required: [limit] })) })
}

export function resolveBudget(
  budget: Budget | undefined,
  momentOf: (text: string) => number | undefined,
): ResolvedBudget {
  if (budget === undefined) return NO_BUDGET
  const { perHour, total, until, unpriced = "refuse" } = budget
  // Without a limit in USD no price is needed.
  const isPriced = perHour !== undefined || total !== undefined
  return {
    perHour,
    total,
    until: typeof until === "string" ? momentOf(until) : until?.getTime(),
    untilText: typeof until === "string" ? until : (until?.toISOString() ?? ""),
    unpriced: isPriced ? unpriced : "allow",
  }
}

/** Checks that a cluster would not end before it begins. @throws SpecError when `until` is in the past. */
export function checkUntil({ until, untilText }: ResolvedBudget, now: number): void {
  if (until === undefined || until > now) return
  const ago = Math.round((now - until) / 1000)
  const message = `is "${untilText}", ${ago} s ago; use a time to come`
  throw new SpecError([{ option: "cluster.budget.until", value: untilText, message }])
}

/** "$12.30", and below a dollar as many digits as tell it from nothing: "$0.0175". */
export function dollars(usd: number): string {
  const digits = usd > 0 && usd < 1 ? Math.min(8, 2 - Math.floor(Math.log10(usd))) : 2
  return `$${usd.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, "$1")}`
}

/**
 * The cost of many workers, which is never shown as less than it may be: "$1.20", "at least $1.20, 20 workers without a
 * known price", and where no price is known "20 workers without a known price".
 *
 * @param unpriced how many workers the sum leaves out.
 * @param per what follows the sum: " an hour".
 */
export function usdText(usd: number, unpriced: number, per = ""): string {
  if (unpriced === 0) return `${dollars(usd)}${per}`
  const unknown = `${unpriced} worker${unpriced === 1 ? "" : "s"} without a known price`
  return usd === 0 ? unknown : `at least ${dollars(usd)}${per}, ${unknown}`
}
