/** Machines of a walk: launched, followed by lists and consoles, ended, and seen to be gone. */
import { MusterError, TransientError } from "../../errors.js"
import type { Instance, LaunchCall, Launched, Offer, Owner, Prepared, WalkStage, Wave, Wish } from "../../provider.js"
import { groupOf, type WalkSite } from "./site.js"
import type { Followed } from "./witness.js"

/** A machine that is on its way out is gone after this, in milliseconds, or is told of. */
export const GONE_WITHIN_MS = 6 * 60_000

/** A launch that is not settled by then has failed, in milliseconds. */
const SETTLED_WITHIN_MS = 3 * 60_000

export interface Launching {
  readonly wave: Wave
  readonly offers: readonly Offer[]
  readonly count: number
  readonly deadlineS: number
}

/** What is launched now, with the stage that its hooks are given. */
export interface Ready {
  readonly stage: WalkStage
  readonly owner: Owner
  readonly calls: readonly LaunchCall[]
  readonly deadlineAt: number
}

/** Prepares and splits; nothing is launched by it. */
export async function prepareFor(site: WalkSite, { offers, count, deadlineS }: Launching): Promise<Ready> {
  const { provider, witness, signal, clock } = site
  const calls = witness.callsTo(provider.limits, signal)
  const owner: Owner = { ...site.owner, deadline: String(Math.floor(calls.now() / 1000) + deadlineS) }
  const deadlineAt = witness.now() + deadlineS * 1000
  const group = groupOf(site, offers)
  const prepared: Prepared = await provider.prepare(owner, group, calls)
  const stage = witness.stage({ provider, signal, owner, group, prepared, offers })
  const launches = provider.split(wishFor(owner, offers, count, hexOf(clock)), prepared, { levels: {}, launches: [] })
  return { stage, owner, calls: launches, deadlineAt }
}

function wishFor(owner: Owner, offers: readonly Offer[], count: number, id: string): Wish {
  const [best] = offers
  if (best === undefined) throw new MusterError("a walk has offers")
  const { market, arch } = best
  const same = offers.filter((offer) => offer.market === market && offer.arch === arch)
  return { id, uid: owner.uid, group: "doctor", count, offers: same, market, arch, spread: "one-zone" }
}

export function hexOf(clock: { random(): number }): string {
  return Array.from({ length: 16 }, () => Math.floor(clock.random() * 16).toString(16)).join("")
}

/** Sends one call until it is settled. @throws what refuses it; a call of which nothing is known has been sent again by then. */
export async function launchOne(
  site: WalkSite,
  ready: Ready,
  call: LaunchCall,
  wave: Wave,
): Promise<readonly Followed[]> {
  const { provider, witness, clock, signal } = site
  const { calls } = ready.stage
  const sentAt = witness.now()
  let launched: Launched = await provider.launch(call, calls)
  const made = take(site, ready, { call, wave, sentAt }, launched.instances)
  while (!launched.settled && witness.now() < sentAt + SETTLED_WITHIN_MS) {
    await clock.sleep(provider.limits.look.everyMs, signal)
    launched = await provider.settle(call, launched.ref ?? null, calls)
    made.push(...take(site, ready, { call, wave, sentAt }, launched.instances))
  }
  if (launched.problem !== undefined && made.length === 0) throw launched.problem
  const [failure] = launched.failures
  if (failure !== undefined && made.length === 0) throw new TransientError(failure.message, { code: failure.code })
  return made
}

/** What is known by now is not taken twice. */
function take(
  { witness }: WalkSite,
  { owner, deadlineAt }: Ready,
  { call, wave, sentAt }: { readonly call: LaunchCall; readonly wave: Wave; readonly sentAt: number },
  instances: readonly Instance[],
): Followed[] {
  const known = new Set(witness.workers.map(({ made }) => made.id))
  const before = witness.workers.filter((worker) => worker.wave === wave).length
  const fresh = instances.filter(({ id }) => !known.has(id))
  const workers = fresh.map((made, at): Followed => {
    const moments = { sentAt, deadlineAt }
    return {
      number: before + at + 1,
      wave,
      owner,
      call,
      made,
      instance: made,
      ...moments,
      console: "",
      isBooted: false,
    }
  })
  witness.workers.push(...workers)
  return workers
}

/** One complete list of the cluster. A list that fails is none. */
export async function look(site: WalkSite, stage: WalkStage): Promise<void> {
  const { provider, witness, owner } = site
  const at = witness.now()
  const { value } = await stage.watch((calls) => provider.list({ uid: owner.uid, cluster: owner.cluster }, calls))
  if (value !== undefined) witness.listed(at, value, provider.limits)
}

/** Looks again and again until it is so. @returns false where it was not within `withinMs`. */
export async function until(
  site: WalkSite,
  stage: WalkStage,
  {
    withinMs,
    isSo,
    each,
  }: { readonly withinMs: number; readonly isSo: () => boolean; readonly each?: () => Promise<void> },
): Promise<boolean> {
  const { witness, clock, signal, provider } = site
  const end = witness.now() + withinMs
  for (;;) {
    await look(site, stage)
    await each?.()
    if (isSo()) return true
    if (witness.now() >= end) return false
    await clock.sleep(provider.limits.look.everyMs, signal)
  }
}

/** Reads the consoles of those that run and have not booted. One that fails is read again later. */
export async function readConsoles(site: WalkSite, stage: WalkStage, workers: readonly Followed[]): Promise<void> {
  const { provider, witness } = site
  for (const worker of workers) {
    if (worker.runningAt === undefined || worker.isBooted || worker.goneAt !== undefined) continue
    const { value } = await stage.watch((calls) => provider.consoleLog?.(worker.instance, calls) ?? Promise.resolve(""))
    if (value !== undefined) witness.read(worker, value)
  }
}

/** Tells them to end. @throws what refuses it; those that were accepted have `endedAt`. */
export async function endThese(site: WalkSite, stage: WalkStage, workers: readonly Followed[]): Promise<void> {
  const { provider, witness } = site
  const living = workers.filter(({ goneAt }) => goneAt === undefined)
  if (living.length === 0) return
  const at = witness.now()
  const { accepted, failures } = await provider.terminate(
    living.map(({ instance }) => instance),
    stage.calls,
  )
  for (const worker of living) if (accepted.some(({ id }) => id === worker.instance.id)) worker.endedAt ??= at
  const [first] = failures
  if (first !== undefined) throw new TransientError(first.message, { code: first.code })
}
