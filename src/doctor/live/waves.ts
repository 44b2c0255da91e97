/** Waves: how the machines of a walk live. Never are more than three there at once. */
import { AuthError } from "../../errors.js"
import type { WalkStage, WalkWorker } from "../../provider.js"
import { endThese, GONE_WITHIN_MS, launchOne, look, prepareFor, type Ready, readConsoles, until } from "./machines.js"
import { spentUsd, WAVES, waveUsd } from "./price.js"
import { offersOn, type WalkSite } from "./site.js"
import type { Followed } from "./witness.js"

type WavePlan = (typeof WAVES)[number]

/** A console is read about so often, in milliseconds: reads of it are dear. */
const CONSOLE_EVERY_MS = 15_000
/** A machine whose startup has not ended by then has not booted, in milliseconds. */
const BOOTED_WITHIN_MS = 4 * 60_000
/** A guest that has not ended its machine by so long after its deadline does not, in milliseconds. */
export const DEADLINE_SLACK_MS = 100_000

/** Plays all of them. A wave that fails is told of, and the others go on; what must stop the walk throws. */
export async function playWaves(site: WalkSite): Promise<void> {
  const { witness, say, budgetUsd } = site
  for (const plan of WAVES) {
    const usd = spentUsd(site, witness.workers, witness.now()) + (waveUsd(site, plan, "most") ?? 0)
    if (usd > budgetUsd) {
      witness.problems.push(
        `the wave "${plan.wave}" was left out: with it up to ${usd.toFixed(4)} USD could have been spent, and ${budgetUsd} USD are allowed`,
      )
      continue
    }
    say(`${plan.wave}: ${plan.machines} machines, ${plan.market}`)
    await (plan.wave === "brief" ? playBrief(site, plan) : playAtOnce(site, plan))
  }
}

/** One after the other: launched, and ended while it is made. */
async function playBrief(site: WalkSite, plan: WavePlan): Promise<void> {
  for (let number = 1; number <= plan.machines; number += 1) {
    const ready = await readyFor(site, plan, 1)
    if (ready === undefined) return
    if (number === 1) await hook(site, "looking at refusals", () => site.walk.free?.(ready.stage))
    const workers = await launched(site, ready, plan)
    await look(site, ready.stage)
    await ended(site, ready.stage, workers)
    await gone(site, ready.stage, workers)
  }
}

/** All at once: they boot, and are ended when they have, or end by themselves. */
async function playAtOnce(site: WalkSite, plan: WavePlan): Promise<void> {
  const ready = await readyFor(site, plan, plan.machines)
  if (ready === undefined) return
  const { stage, deadlineAt } = ready
  const workers = await launched(site, ready, plan)
  await boot(site, stage, workers)
  if (plan.wave === "timed") {
    const withinMs = Math.max(0, deadlineAt + DEADLINE_SLACK_MS - site.witness.now())
    await until(site, stage, { withinMs, isSo: () => workers.every(({ goneAt }) => goneAt !== undefined) })
  }
  await ended(
    site,
    stage,
    workers.filter(({ goneAt }) => goneAt === undefined),
  )
  await gone(site, stage, workers)
}

async function readyFor(
  site: WalkSite,
  { wave, market, deadlineS }: WavePlan,
  count: number,
): Promise<Ready | undefined> {
  const launching = { wave, offers: offersOn(site, market), count, deadlineS }
  const { value, error } = await site.witness.watch(site.signal, () => prepareFor(site, launching))
  if (error !== undefined) site.witness.problems.push(`preparing the wave "${wave}": ${error.message}`)
  return value
}

/** What was made of all calls; those that were refused are told of. */
async function launched(site: WalkSite, ready: Ready, { wave }: WavePlan): Promise<readonly Followed[]> {
  const all: Followed[] = []
  for (const call of ready.calls) {
    const { value, error } = await site.witness.watch(site.signal, () => launchOne(site, ready, call, wave))
    if (error !== undefined) site.witness.problems.push(`launching for the wave "${wave}": ${error.message}`)
    if (value === undefined || value.length === 0) continue
    all.push(...value)
    await hook(site, "looking at a launch", () => site.walk.launched?.(ready.stage, value))
  }
  return all
}

async function boot(site: WalkSite, stage: WalkStage, workers: readonly Followed[]): Promise<void> {
  let readAt = Number.NEGATIVE_INFINITY
  const each = async () => {
    if (site.witness.now() < readAt + CONSOLE_EVERY_MS) return
    readAt = site.witness.now()
    await readConsoles(site, stage, workers)
  }
  const isSo = () => workers.every(({ isBooted, goneAt }) => isBooted || goneAt !== undefined)
  await until(site, stage, { withinMs: BOOTED_WITHIN_MS, isSo, each })
  for (const worker of workers)
    if (worker.isBooted) await hook(site, "looking at a boot", () => site.walk.booted?.(stage, worker))
}

/** @throws AuthError: who may not end machines must not make others. */
async function ended(site: WalkSite, stage: WalkStage, workers: readonly Followed[]): Promise<void> {
  const { error } = await site.witness.watch(site.signal, () => endThese(site, stage, workers))
  if (error !== undefined) site.witness.problems.push(`ending ${workers.length} machines: ${error.message}`)
  if (error instanceof AuthError) throw error
  for (const worker of workers)
    if (worker.endedAt !== undefined) await hook(site, "looking at an end", () => site.walk.ended?.(stage, worker))
}

async function gone(site: WalkSite, stage: WalkStage, workers: readonly Followed[]): Promise<void> {
  const isSo = () => workers.every(({ goneAt }) => goneAt !== undefined)
  if (!(await until(site, stage, { withinMs: GONE_WITHIN_MS, isSo })))
    site.witness.problems.push(
      `not gone after ${GONE_WITHIN_MS / 60_000} minutes: ${workers
        .filter(({ goneAt }) => goneAt === undefined)
        .map(idOf)
        .join(", ")}`,
    )
  for (const worker of workers)
    if (worker.goneAt !== undefined) await hook(site, "looking at what is left", () => site.walk.gone?.(stage, worker))
  await endStrays(site, stage)
}

/** What a repeated request has made against what is assumed: it must not stay beside the next machines. */
async function endStrays(site: WalkSite, stage: WalkStage): Promise<void> {
  const { witness, provider } = site
  const known = new Set(witness.workers.map(({ made }) => made.id))
  const strays = (witness.sights.at(-1)?.instances ?? []).filter(
    ({ id, state }) => !known.has(id) && !provider.limits.goneStates.includes(state),
  )
  if (strays.length > 0) await stage.watch((calls) => provider.terminate(strays, calls))
}

function idOf({ instance }: WalkWorker): string {
  return instance.id
}

/** A hook that throws has seen what it has seen. */
export async function hook(site: WalkSite, doing: string, look: () => Promise<void> | undefined): Promise<void> {
  const { error } = await site.witness.watch(site.signal, async () => look())
  if (error !== undefined) site.witness.problems.push(`${doing}: ${error.message}`)
}
