/** Making: the machines of a wave, from whichever market and zone gives them. */
import { RefusedError } from "../../errors.js"
import { inScope } from "../../offer.js"
import type { Failure, Offer } from "../../provider.js"
import { endStrays, endUnanswered, StuckError } from "./ending.js"
import { hook } from "./hooks.js"
import { besideIn, launchOne, MOST_AT_ONCE, prepareFor, type Ready } from "./launching.js"
import { until } from "./machines.js"
import type { WavePlan } from "./price.js"
import { ranked, type WalkSite } from "./site.js"
import { timesOf } from "./times.js"
import type { Followed } from "./witness.js"

/** So many markets, zones and counts are tried for one wave. */
const MOST_TRIES = 8

/** So long what has ended may count against a quota, in milliseconds: on EC2 "for a while" ("Instance state changes"). */
const QUOTA_MS = 60_000

export interface Made extends Pick<Ready, "stage" | "deadlineAt"> {
  readonly workers: readonly Followed[]
}

/** What is to be made, and what has been by now. */
interface Making {
  readonly site: WalkSite
  readonly plan: WavePlan
  readonly count: number
  /** Of what is not refused, the best first. */
  offers: readonly Offer[]
  /** No more are asked for at once, because of these refusals. */
  most: number
  refusals: readonly Failure[]
  made?: Made
  hasWaited?: true
}

/**
 * By the first market and zone that gives any; what is refused there is asked for elsewhere. A quota that has no room for all may have it
 * for fewer. @returns undefined where none was made.
 */
export async function make(site: WalkSite, plan: WavePlan, count: number): Promise<Made | undefined> {
  const making: Making = { site, plan, count, offers: ranked(site, plan.market), most: count, refusals: [] }
  let why = "nothing is sold"
  for (let tries = 0; tries < MOST_TRIES && making.offers.length > 0; tries += 1) {
    const tried = await tryOnce(making)
    if (tried === undefined) return making.made
    why = tried
  }
  if (making.made === undefined)
    site.witness.problem(`launching for the wave "${plan.wave}": refused everywhere: ${why}`)
  return making.made
}

/** @returns why there are not all; undefined where there are, or nothing that is asked elsewhere would go better. */
async function tryOnce(making: Making): Promise<string | undefined> {
  const { site, plan, count } = making
  const { witness } = site
  const asked = Math.min(making.most, count - madeBy(making))
  // Before it is prepared: from there on its deadline counts. Of what looks make more may come than is meant.
  await room(site, besideIn(site, plan.wave) === 0 ? asked : MOST_AT_ONCE)
  const ready = await readyFor(site, plan, making.offers, asked)
  if (ready === undefined) return undefined
  if (!witness.isRefusalsSeen) await hook(site, ready.stage, "looking at refusals", site.walk.free)
  witness.isRefusalsSeen = true
  const { workers, refused, hasFailed } = await launched(site, ready, plan)
  if (workers.length > 0) making.made = joined(making.made, ready, workers)
  const refusals = [...making.refusals, ...refused]
  if (hasFailed || refusals.length === 0 || madeBy(making) >= count) return undefined
  const isFewer = workers.length === 0 && asked > 1 && isQuota(refused)
  const { words, waitMs = 0 } = isFewer ? fewer(making, refused, asked - 1) : elsewhere(making, refusals)
  const [best] = ready.stage.offers
  const [where, why] = [
    `${plan.wave}: ${best?.market} in ${best?.zone}`,
    wordsOf(refused.length > 0 ? refused : refusals),
  ]
  const what = workers.length > 0 ? `only ${madeBy(making)} of ${count} were made` : "was refused"
  witness.notes.push(`${where} ${what} (${why})${words}`)
  site.say(`${where} ${what}${words}`)
  await ready.stage.wait(waitMs)
  return why
}

const madeBy = ({ made }: Making) => made?.workers.length ?? 0

const isQuota = (refused: readonly Failure[]) => refused.some(({ reason }) => reason === "quota")

const wordsOf = (refused: readonly Failure[]) => refused.map(({ code, message }) => `${code}: ${message}`).join("; ")

/** Those that were made later have the later deadline. */
function joined(made: Made | undefined, { stage, deadlineAt }: Ready, workers: readonly Followed[]): Made {
  return { stage, deadlineAt, workers: [...(made?.workers ?? []), ...workers] }
}

/** What is tried next, in words, and for how long that is waited for. */
interface Next {
  readonly words: string
  readonly waitMs?: number
}

function fewer(making: Making, refused: readonly Failure[], most: number): Next {
  making.most = most
  making.refusals = refused
  return { words: `; ${most} ${most === 1 ? "is" : "are"} tried instead` }
}

/** What is asked for next is sold elsewhere, or is what there is once a quota does not count any more what has ended. */
function elsewhere(making: Making, refusals: readonly Failure[]): Next {
  const { site, plan, count } = making
  const [asked] = making.offers
  making.offers = asked === undefined ? [] : others(making.offers, asked, refusals)
  making.most = count
  making.refusals = []
  const [next] = making.offers
  if (next !== undefined) return { words: `; ${next.market} in ${next.zone} is tried instead` }
  const waitMs = quotaWaitMs(site)
  if (!isQuota(refusals) || making.made !== undefined || making.hasWaited === true || waitMs <= 0) return { words: "" }
  making.hasWaited = true
  making.offers = ranked(site, plan.market)
  const words = `; once more after ${Math.round(waitMs / 1000)} s, when what has ended does not count any more`
  return { words, waitMs }
}

/** Until what this walk has ended does not count against a quota any more, in milliseconds. */
function quotaWaitMs({ witness }: WalkSite): number {
  const lastAt = Math.max(...witness.workers.map(({ goneAt = witness.now() }) => goneAt), Number.NEGATIVE_INFINITY)
  return lastAt + QUOTA_MS - witness.now()
}

/** What others have left on its way out is waited for, and ended where nobody meant it: all that is there counts. */
async function room(site: WalkSite, count: number): Promise<void> {
  const { witness, provider, signal } = site
  const calls = witness.callsTo(provider.limits, signal)
  const isSo = () => witness.livingCount() + count <= MOST_AT_ONCE
  const each = () => endStrays(site, calls)
  if (!isSo())
    await until(site, witness.watching(calls, signal), { withinMs: timesOf(site.walk).goneWithinMs, isSo, each })
}

/** What the refusals say nothing of; what was asked for is not asked for again. */
function others(offers: readonly Offer[], asked: Offer, refused: readonly Failure[]): readonly Offer[] {
  return offers.filter(
    (offer) =>
      (offer.market !== asked.market || offer.zone !== asked.zone) &&
      !refused.some(({ scope }) => inScope(offer, scope)),
  )
}

async function readyFor(
  site: WalkSite,
  { wave }: WavePlan,
  offers: readonly Offer[],
  count: number,
): Promise<Ready | undefined> {
  const launching = { wave, offers, count, deadlineS: timesOf(site.walk).deadlineS[wave] }
  const { value, error } = await site.witness.watch(site.signal, () => prepareFor(site, launching))
  if (error !== undefined) site.witness.problem(`preparing the wave "${wave}": ${error.message}`)
  return value
}

interface LaunchedAll {
  readonly workers: readonly Followed[]
  readonly refused: readonly Failure[]
  /** What stands in the way of every other launch as well. */
  readonly hasFailed: boolean
}

/** What was made of all calls; what was not is told of. @throws StuckError where nobody can know what was made. */
async function launched(site: WalkSite, ready: Ready, { wave }: WavePlan): Promise<LaunchedAll> {
  const { witness, walk } = site
  const [workers, refused, errors]: [Followed[], Failure[], Error[]] = [[], [], []]
  for (const call of ready.calls) {
    const { workers: made, failures, error } = await launchOne(site, ready, call, wave)
    refused.push(...failures)
    if (error instanceof RefusedError) refused.push(error.toFailure(call.count))
    else if (error !== undefined) errors.push(error)
    for (const { message } of errors) witness.problem(`launching for the wave "${wave}": ${message}`)
    if (made.length === 0) continue
    site.say(`${wave}: ${made.map(({ made: { id } }) => id).join(", ")}`)
    workers.push(...made)
    await hook(site, ready.stage, "looking at a launch", (stage) => walk.launched?.(stage, made))
  }
  if (errors.length > 0 && !(await endUnanswered(site, ready.stage.calls)))
    throw new StuckError("no list has told what came of launches without an answer: no others are made")
  return { workers, refused, hasFailed: errors.length > 0 }
}
