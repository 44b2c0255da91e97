/** Launching: the machines of a walk are made, written down before, and never more than three are there at once. */
import { createCalls } from "../../calls/send.js"
import {
  AuthError,
  JournalError,
  MusterError,
  RefusedError,
  RejectedError,
  SpecError,
  ThrottledError,
} from "../../errors.js"
import { noJournal } from "../../fleet/journal/none.js"
import type {
  Calls,
  Failure,
  Instance,
  LaunchCall,
  Launched,
  Offer,
  Owner,
  Prepared,
  WalkStage,
  Wave,
  Wish,
} from "../../provider.js"
import { groupOf, type WalkSite } from "./site.js"
import { type Followed, PATIENCE } from "./witness.js"

/** So many machines are there at once at most, whatever was meant and whatever came of it. */
export const MOST_AT_ONCE = 3

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

/** What came of one call: machines, and why there are not as many as were asked for. */
export interface Outcome {
  readonly workers: readonly Followed[]
  readonly failures: readonly Failure[]
  /** What stands in the way of every other launch as well. */
  readonly error?: Error
}

/** Prepares and splits; nothing is launched by it. */
export async function prepareFor(site: WalkSite, { offers, count, deadlineS }: Launching): Promise<Ready> {
  const { provider, witness, signal, clock, journal = noJournal } = site
  const calls = witness.callsTo(provider.limits, signal)
  const owner: Owner = { ...site.owner, deadline: String(Math.floor(calls.now() / 1000) + deadlineS) }
  const deadlineAt = witness.now() + deadlineS * 1000
  const group = groupOf(site, offers)
  journal.lifetime(owner.deadline)
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

/** How many machines looks make beside a launch. */
export function besideIn({ walk }: Pick<WalkSite, "walk">, wave: Wave): number {
  return walk.extras?.[wave] ?? 0
}

/** Sends one call until it is settled. Throws nothing but the signal's reason; what is not known then is in `witness.open`. */
export async function launchOne(site: WalkSite, ready: Ready, call: LaunchCall, wave: Wave): Promise<Outcome> {
  const { witness } = site
  const there = witness.livingCount()
  if (there + call.count + besideIn(site, wave) > MOST_AT_ONCE) {
    const words = `not launched: ${there} machines are still there, and more than ${MOST_AT_ONCE} at once must not be`
    return { workers: [], failures: [], error: new MusterError(words) }
  }
  const known = witness.workers.length
  const sent: string[] = []
  try {
    const { failures, problem } = await settled(site, ready, { call, wave, sent })
    site.journal?.outcome(call.token, "settled", undefined, madeSince(site, known))
    witness.open.delete(call.token)
    return { workers: witness.workers.slice(known), failures, ...(problem === undefined ? {} : { error: problem }) }
  } catch (thrown) {
    // What fails once the call was answered says nothing of what the call made.
    if (isRefusal(thrown) && (sent.length === 0 || sent.at(-1) === call.api)) {
      site.journal?.outcome(call.token, "refused")
      witness.open.delete(call.token)
    }
    site.signal.throwIfAborted()
    const workers = witness.workers.slice(known)
    if (thrown instanceof RefusedError) return { workers, failures: [thrown.toFailure(call.count - workers.length)] }
    return { workers, failures: [], error: thrown instanceof Error ? thrown : new Error(String(thrown)) }
  }
}

function madeSince({ witness }: WalkSite, known: number): readonly Instance[] {
  return witness.workers.slice(known).map(({ made }) => made)
}

/** Nothing was made. Of anything else that is thrown nobody knows what came of the request. */
function isRefusal(error: unknown): boolean {
  const kinds = [RefusedError, RejectedError, AuthError, SpecError, ThrottledError, JournalError]
  return kinds.some((kind) => error instanceof kind)
}

interface Sending {
  readonly call: LaunchCall
  readonly wave: Wave
  /** The names of all requests, in their order. */
  readonly sent: string[]
}

async function settled(site: WalkSite, ready: Ready, { call, wave, sent }: Sending): Promise<Launched> {
  const { provider, witness, clock, signal } = site
  const sentAt = witness.now()
  let launched = await provider.launch(call, launchCalls(site, call, sent))
  sent.push("settle")
  take(site, ready, { call, wave, sentAt }, launched.instances)
  while (!launched.settled) {
    if (launched.ref !== undefined) witness.open.set(call.token, { call, sentAt: witness.now(), ref: launched.ref })
    if (wave === "brief" && (await areListed(site, ready, { call, wave, sentAt })))
      return { ...launched, settled: true }
    if (witness.now() >= sentAt + SETTLED_WITHIN_MS)
      throw new MusterError(`not settled after ${SETTLED_WITHIN_MS / 60_000} minutes`)
    await clock.sleep(provider.limits.look.everyMs, signal)
    launched = await provider.settle(call, launched.ref ?? null, ready.stage.calls)
    take(site, ready, { call, wave, sentAt }, launched.instances)
  }
  return launched
}

/** What is to be ended while it is made is not waited for: some launches are settled only when all that they make runs. */
async function areListed(
  site: WalkSite,
  ready: Ready,
  sent: { readonly call: LaunchCall; readonly wave: Wave; readonly sentAt: number },
): Promise<boolean> {
  const { uid, cluster } = site.owner
  const selector = { uid, cluster, launch: sent.call.token }
  const { value = [] } = await ready.stage.watch((calls) => site.provider.list(selector, calls))
  take(site, ready, sent, value)
  return value.length >= sent.call.count
}

/** What is on its way when the walk is told to end is awaited: it may be making machines. */
function launchCalls(site: WalkSite, call: LaunchCall, sent: string[]): Calls {
  const { provider, witness, clock, signal, owner, journal = noJournal } = site
  const { name, region, limits } = provider
  const noteSent = (api: string) => {
    sent.push(api)
    if (api === call.api) witness.open.set(call.token, { call, sentAt: witness.now() })
  }
  return createCalls({
    ...{ clock, limits, signal, patience: PATIENCE, finishAttempts: true },
    admit: async () => {
      const place = { provider: name, region, wish: call.token, generation: owner.generation }
      await journal.intend({ ...place, at: clock.now(), call })
    },
    resending: async (api) => {
      if (api === call.api) await journal.resend(call.token, clock.now())
    },
    sending: noteSent,
  })
}

/** What is known by now is not taken twice. */
function take(
  { witness }: WalkSite,
  { owner, deadlineAt }: Ready,
  { call, wave, sentAt }: { readonly call: LaunchCall; readonly wave: Wave; readonly sentAt: number },
  instances: readonly Instance[],
): void {
  const known = new Set(witness.workers.map(({ made }) => made.id))
  const before = witness.workers.filter((worker) => worker.wave === wave).length
  const fresh = instances.filter(({ id }) => !known.has(id))
  const workers = fresh.map((made, at): Followed => {
    const numbers = { number: before + at + 1, wave, sentAt, toldAt: witness.now(), deadlineAt }
    return { ...numbers, owner, call, made, instance: made, console: "", isBooted: false }
  })
  witness.workers.push(...workers)
  for (const { id } of fresh) witness.strays.delete(id)
}
