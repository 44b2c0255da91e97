/** Waves: how the machines of a walk live. Never are more than three there at once. */
import { RefusedError } from "../../errors.js"
import { inScope } from "../../offer.js"
import type { Failure, Offer, WalkStage } from "../../provider.js"
import { endStrays, endThese, endUnanswered, StuckError } from "./ending.js"
import { hook } from "./hooks.js"
import { launchOne, MOST_AT_ONCE, prepareFor, type Ready } from "./launching.js"
import { areGone, look, readConsoles, thoseThere, until } from "./machines.js"
import { spentUsd, type WavePlan, wavesOf, waveUsd } from "./price.js"
import { ranked, type WalkSite } from "./site.js"
import { timesOf } from "./times.js"
import type { Followed } from "./witness.js"

/** So long before the end of its time a walk waits for nothing more, in milliseconds. */
const ENDING_MS = 2 * 60_000

/** So many markets and zones are tried for one launch. */
const MOST_TRIES = 6

/** Plays all of them. A wave that fails is told of, and the others go on; what must stop the walk throws. */
export async function playWaves(site: WalkSite): Promise<void> {
  const { witness, provider } = site
  if (provider.limits.outlivesDeadline === true)
    witness.notes.push(
      `no machine is left to its guest: ${provider.limits.keepsEnded ?? "no guest can end its own here"}`,
    )
  for (const plan of wavesOf(site)) {
    const why = whyNot(site, plan)
    if (why !== undefined) {
      witness.problem(`the wave "${plan.wave}" was left out: ${why}`)
      continue
    }
    site.say(`${plan.wave}: ${plan.machines} machines, ${ranked(site, plan.market)[0]?.market ?? "none"}`)
    await (plan.wave === "brief" ? playBrief(site, plan) : playAtOnce(site, plan))
  }
}

/** What it could cost, and how long it takes at least, is known before. */
function whyNot(site: WalkSite, plan: WavePlan): string | undefined {
  const { witness, budgetUsd, mostMs, walk } = site
  const usd = spentUsd(site, witness.now()) + (waveUsd(site, plan, "most") ?? 0)
  if (usd > budgetUsd)
    return `with it up to ${usd.toFixed(4)} USD could have been spent, and ${budgetUsd} USD are allowed`
  const leftMs = mostMs - witness.now()
  const leastMs = plan.wave === "timed" ? timesOf(walk).deadlineS.timed * 1000 : 0
  if (leftMs <= leastMs) return `${Math.round(leftMs / 1000)} s were left, and it takes ${leastMs / 1000} s at least`
  return undefined
}

/** One after the other: launched, and ended while it is made. */
async function playBrief(site: WalkSite, plan: WavePlan): Promise<void> {
  for (let number = 1; number <= plan.machines; number += 1) {
    const made = await make(site, plan, 1)
    if (made === undefined) return
    const { stage, workers } = made
    await look(site, stage)
    await ended(site, stage, workers)
    await gone(site, stage, workers)
  }
}

/** All at once: they boot, and are ended when they have, or end by themselves. */
async function playAtOnce(site: WalkSite, plan: WavePlan): Promise<void> {
  const made = await make(site, plan, plan.machines)
  if (made === undefined) return
  const { stage, workers, deadlineAt } = made
  await boot(site, stage, workers)
  if (plan.wave === "timed") await awaitGuests(site, stage, workers, deadlineAt)
  // Lists may be wrong about those that only they have missed.
  const missed = workers.filter(({ goneAt, endedAt }) => goneAt !== undefined && endedAt === undefined)
  if (plan.wave === "batch") for (const worker of missed) if (isShownAlive(site, worker)) delete worker.goneAt
  const living = workers.filter(({ goneAt }) => goneAt === undefined)
  await ended(site, stage, living)
  await gone(site, stage, workers)
}

/** As long as guests may take, but for the time that ending, judging and what is asked in the end take. */
async function awaitGuests(
  site: WalkSite,
  stage: WalkStage,
  workers: readonly Followed[],
  deadlineAt: number,
): Promise<void> {
  const { witness, mostMs, walk } = site
  const overAt = deadlineAt + timesOf(walk).slackMs
  const untilAt = Math.min(overAt, mostMs - ENDING_MS)
  site.say("timed: waiting until their guests end them")
  const withinMs = Math.max(0, untilAt - witness.now())
  const areEnded = await until(site, stage, { withinMs, isSo: () => areGone(workers) })
  if (areEnded || untilAt === overAt) return
  const seconds = Math.round((overAt - untilAt) / 1000)
  witness.notes.push(
    `timed: guests were waited for ${seconds} s less than they may take: the walk's time is nearly over`,
  )
}

/** What others have left on its way out is waited for: all that is there counts. */
async function room(site: WalkSite, stage: WalkStage, count: number): Promise<void> {
  const isSo = () => site.witness.livingCount() + count <= MOST_AT_ONCE
  if (!isSo()) await until(site, stage, { withinMs: timesOf(site.walk).goneWithinMs, isSo })
}

interface Made extends Pick<Ready, "stage" | "deadlineAt"> {
  readonly workers: readonly Followed[]
}

/** By the first market and zone that gives any; undefined where none does. */
async function make(site: WalkSite, plan: WavePlan, count: number): Promise<Made | undefined> {
  const { witness } = site
  let offers = ranked(site, plan.market)
  let why = "nothing is sold"
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const [best] = offers
    if (best === undefined) break
    const ready = await readyFor(site, plan, offers, count)
    if (ready === undefined) return undefined
    if (!witness.isRefusalsSeen) await hook(site, ready.stage, "looking at refusals", site.walk.free)
    witness.isRefusalsSeen = true
    await room(site, ready.stage, count)
    const { workers, refused, isStopped } = await launched(site, ready, plan)
    if (workers.length > 0) return { ...ready, workers }
    if (isStopped) return undefined
    why = refused.map(({ code, message }) => `${code}: ${message}`).join("; ")
    offers = others(offers, best, refused)
    const next = offers[0] === undefined ? "" : `; ${offers[0].market} in ${offers[0].zone} is tried instead`
    witness.notes.push(`${plan.wave}: ${best.market} in ${best.zone} was refused (${why})${next}`)
    site.say(`${plan.wave}: ${best.market} in ${best.zone} is refused${next}`)
  }
  witness.problem(`launching for the wave "${plan.wave}": refused everywhere: ${why}`)
  return undefined
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
  /** Nothing that is asked elsewhere would go better. */
  readonly isStopped: boolean
}

/** What was made of all calls; what was not is told of. */
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
  if (workers.length > 0 && refused.length > 0)
    witness.notes.push(`${wave}: ${workers.length} were made; others were refused (${refused[0]?.code})`)
  if (errors.length > 0) await endUnanswered(site, ready.stage.calls)
  return { workers, refused, isStopped: errors.length > 0 || refused.length === 0 }
}

async function boot(site: WalkSite, stage: WalkStage, workers: readonly Followed[]): Promise<void> {
  const { witness, walk } = site
  let readAt = Number.NEGATIVE_INFINITY
  const each = async () => {
    if (witness.now() < readAt + timesOf(walk).consoleEveryMs) return
    readAt = witness.now()
    await readConsoles(site, stage, workers)
  }
  const isSo = () => workers.every(({ isBooted, goneAt }) => isBooted || goneAt !== undefined)
  await until(site, stage, { withinMs: timesOf(walk).bootedWithinMs, isSo, each })
  const late = workers.filter(({ isBooted }) => !isBooted).map(({ made }) => made.id)
  if (late.length > 0) witness.problem(`their startup was not seen to end: ${late.join(", ")}`)
  for (const worker of workers)
    if (worker.isBooted) await hook(site, stage, "looking at a boot", (own) => walk.booted?.(own, worker))
}

/** @throws StuckError: who cannot end machines must not make others. */
async function ended(site: WalkSite, stage: WalkStage, workers: readonly Followed[]): Promise<void> {
  await endThese(site, stage.calls, workers)
  for (const worker of workers)
    if (worker.endedAt !== undefined)
      await hook(site, stage, "looking at an end", (own) => site.walk.ended?.(own, worker))
}

function isShownAlive({ provider }: WalkSite, { instance: { state } }: Followed): boolean {
  return state !== "terminating" && !provider.limits.goneStates.includes(state)
}

/** @throws StuckError where lists go on showing as alive what was told to end. */
async function gone(site: WalkSite, stage: WalkStage, workers: readonly Followed[]): Promise<void> {
  const { goneWithinMs: withinMs } = timesOf(site.walk)
  if (!(await until(site, stage, { withinMs, isSo: () => areGone(workers) })))
    site.witness.problem(`not gone after ${withinMs / 1000} s: ${thoseThere(workers)}`)
  const stays = workers.filter((worker) => worker.goneAt === undefined && isShownAlive(site, worker))
  const latest = site.witness.sights.at(-1)
  const shown = stays.filter(({ made }) => latest?.instances.some(({ id }) => id === made.id) === true)
  if (shown.length > 0)
    throw new StuckError(`told to end, and still there ${withinMs / 1000} s later: ${thoseThere(shown)}`)
  for (const worker of workers)
    if (worker.goneAt !== undefined)
      await hook(site, stage, "looking at what is left", (own) => site.walk.gone?.(own, worker))
  // What the looks have made against what is assumed.
  await look(site, stage)
  await endStrays(site, stage.calls)
}
