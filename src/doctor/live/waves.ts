/** Waves: how the machines of a walk live. Never are more than three there at once. */
import type { WalkStage } from "../../provider.js"
import { endStrays, endThese, StuckError } from "./ending.js"
import { hook } from "./hooks.js"
import { make } from "./making.js"
import { areGone, look, readConsoles, thoseThere, until } from "./machines.js"
import { spentUsd, type WavePlan, wavesOf, waveUsd } from "./price.js"
import { ranked, type WalkSite } from "./site.js"
import { timesOf } from "./times.js"
import type { Followed } from "./witness.js"

/** So long before the end of its time a walk waits for nothing more, in milliseconds. */
const ENDING_MS = 2 * 60_000

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
