/**
 * Outliers: the place or type whose boots fail at a rate well above that of the others. Pure.
 *
 * The rule: at least 3 failures, at least twice the rate of all others, of which at least 3 have passed, and a chance below 1 in 1,000 that as
 * many or more of all failures fell there by luck alone: Fisher's exact test, one-sided, with that level shared among all that are compared
 * (Bonferroni). It holds for few boots as well, where the approximations of larger samples do not: with one type in three zones 5 failures
 * of 5 beside 10 that have passed are enough, 4 beside 8 are not. The level is strict because the question is asked anew with each failure.
 * What fails everywhere is no outlier, however often it does.
 */
import type { Scope } from "../../provider.js"
import { inScope } from "../../offer.js"

/** How one boot ended. */
export interface Outcome {
  readonly at: Required<Pick<Scope, "provider" | "region" | "zone" | "instanceType">>
  readonly hasFailed: boolean
}

export interface Outlier {
  readonly scope: Scope
  readonly failed: number
  readonly of: number
  readonly failedElsewhere: number
  readonly ofElsewhere: number
  /** The chance that it is luck. */
  readonly p: number
}

const FEWEST_FAILED = 3
const FEWEST_PASSED_ELSEWHERE = 3
const TIMES_THE_RATE = 2
const LEVEL = 0.001

/** The scopes that stand out, the clearest first; what lies in one of them is not compared any more. */
export function outliersOf(outcomes: readonly Outcome[]): readonly Outlier[] {
  const scopes = scopesOf(outcomes)
  const found: Outlier[] = []
  let left = outcomes
  for (;;) {
    const outliers = scopes.flatMap((scope) => outlierIn(scope, left, scopes.length) ?? [])
    const [clearest] = outliers.sort((a, b) => a.p - b.p)
    if (clearest === undefined) return found
    found.push(clearest)
    left = left.filter(({ at }) => !inScope(at, clearest.scope))
  }
}

/** Each region where there are several, each zone, and each type in a region. Where two are the same boots the wider one comes first. */
function scopesOf(outcomes: readonly Outcome[]): readonly Scope[] {
  const scopes = new Map<string, Scope>()
  const add = (scope: Scope) => scopes.set(JSON.stringify(scope), scope)
  for (const { at } of outcomes) add({ provider: at.provider, region: at.region })
  for (const { at } of outcomes) add({ provider: at.provider, region: at.region, zone: at.zone })
  for (const { at } of outcomes) add({ provider: at.provider, region: at.region, instanceType: at.instanceType })
  // What all boots lie in can be compared with nothing.
  return [...scopes.values()].filter((scope) => outcomes.some(({ at }) => !inScope(at, scope)))
}

function outlierIn(scope: Scope, outcomes: readonly Outcome[], compared: number): Outlier | undefined {
  let [failed, of, failedElsewhere, ofElsewhere] = [0, 0, 0, 0]
  for (const { at, hasFailed } of outcomes) {
    const isIn = inScope(at, scope)
    if (isIn) {
      of += 1
      failed += Number(hasFailed)
    } else {
      ofElsewhere += 1
      failedElsewhere += Number(hasFailed)
    }
  }
  if (failed < FEWEST_FAILED || ofElsewhere - failedElsewhere < FEWEST_PASSED_ELSEWHERE) return undefined
  if (failed * ofElsewhere < TIMES_THE_RATE * failedElsewhere * of) return undefined
  const p = luckOf(failed, of, failedElsewhere, ofElsewhere)
  return p * compared < LEVEL ? { scope, failed, of, failedElsewhere, ofElsewhere, p } : undefined
}

/** The chance of as many failures there or more, of all that there are, when each boot is as likely to fail as any other. */
function luckOf(failed: number, of: number, failedElsewhere: number, ofElsewhere: number): number {
  const [all, allFailed] = [of + ofElsewhere, failed + failedElsewhere]
  const ways = logChoose(all, allFailed)
  let p = 0
  for (let there = failed; there <= Math.min(of, allFailed); there += 1)
    p += Math.exp(logChoose(of, there) + logChoose(ofElsewhere, allFailed - there) - ways)
  return Math.min(1, p)
}

const logFactorials: number[] = [0]

function logFactorial(n: number): number {
  for (let next = logFactorials.length; next <= n; next += 1)
    logFactorials.push((logFactorials[next - 1] ?? 0) + Math.log(next))
  return logFactorials[n] ?? 0
}

function logChoose(n: number, k: number): number {
  return k < 0 || k > n ? Number.NEGATIVE_INFINITY : logFactorial(n) - logFactorial(k) - logFactorial(n - k)
}
