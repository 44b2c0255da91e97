/** What is sold that fits a group, from every provider that can say. */
import { SpecError } from "../../errors.js"
import { show } from "../../input/parse.js"
import type { Calls, OfferQuery, Provider } from "../../provider.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import { type Fleet, watchedCalls } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import type { Known } from "../state/catalogue.js"
import { followsWorkers, offersForHead } from "./head-offers.js"
import { nothingFits } from "./nothing-fits.js"
import { queryOf } from "./query.js"
import { suspend, isLate, isSuspended, resume, awaitUnlessOthers } from "../refusals/outages.js"
import { keyOfPlace } from "../roster/keys.js"
import { marketsOf } from "../planning/rank.js"

const UNKNOWN_GROUP =
  "is known from its instances' tags only; to launch more of it, attach with the fields of its spec (instanceType, startup, …)"

/** Prices and types of a region that answers are there in half of this. */
const PATIENCE_MS = 20_000

/** Some provider was not asked yet what it sells, or could not say. */
export function lacksAnswers(fleet: Fleet, state: GroupState): boolean {
  return unanswered(fleet, state).length > 0 || state.offers === undefined
}

function unanswered(fleet: Fleet, state: GroupState): readonly Provider[] {
  const now = fleet.clock.now()
  return fleet.providers.filter(
    (provider) => !state.answers.has(keyOfPlace(provider)) && !isSuspended(state, provider, now),
  )
}

/**
 * Everything sold that fits a group, from every provider of the cluster that can say; the group keeps it. One that cannot
 * is left out and asked again later; the group stops only when none can.
 *
 * @throws SpecError when nothing fits, naming for each thing asked what there would be without it.
 */
export async function findOffers(fleet: Fleet, state: GroupState): Promise<void> {
  const { group } = state
  checkKnown(fleet, group)
  checkMarket(fleet, group)
  checkStartup(fleet, group)
  const query = queryOf(group)
  // What is sold is of no use to a cluster that closes.
  const { signal } = fleet.setUp
  const { ask, askFitting } = askerOf(fleet, state, signal)
  const asking = unanswered(fleet, state).map((provider) => ({ provider, answer: askFitting(provider, query) }))
  const isAnyOffered = isSomethingSold([
    ...[...state.answers.values()].map((known) => Promise.resolve(known)),
    ...asking.map(({ answer }) => answer),
  ])
  await Promise.all(
    asking.map(async ({ provider, answer }) => {
      try {
        state.answers.set(keyOfPlace(provider), await answerInTime(fleet, answer, isAnyOffered))
        resume(state, provider)
      } catch (error) {
        if (signal.aborted) throw error
        suspend(fleet, state, provider, error)
      }
    }),
  )
  const answers = fleet.providers.flatMap((provider) => state.answers.get(keyOfPlace(provider)) ?? [])
  const offers = answers.flatMap((answer) => answer.offers)
  if (offers.length === 0 && answers.length === fleet.providers.length) {
    const askAll = async (query: OfferQuery) => {
      const sold = await Promise.allSettled(fleet.providers.map((provider) => ask(provider, query)))
      return sold.flatMap((answer) => (answer.status === "fulfilled" ? answer.value.offers : []))
    }
    const notes = answers.flatMap((answer) => answer.notes ?? [])
    throw new SpecError(await nothingFits(query, placesOf(fleet), askAll, notes))
  }
  state.preparing = undefined
  for (const answer of answers) fleet.price(answer.offers, answer.at)
  emitNotes(fleet, state, answers)
  state.offers = offers
  state.offersAt = Math.min(...answers.map((answer) => answer.at))
}

function askerOf(fleet: Fleet, state: GroupState, signal: AbortSignal) {
  const ask = async (provider: Provider, query: OfferQuery): Promise<Known> => {
    const calls = watchedCalls(fleet, provider, state, { signal })
    await listFirst(fleet, provider, calls)
    return fleet.catalogue.offers(provider, query, calls)
  }
  const isFollowing = followsWorkers(fleet, state.group)
  const askFitting = (provider: Provider, query: OfferQuery) =>
    isFollowing ? offersForHead(fleet, query, (one) => ask(provider, one)) : ask(provider, query)
  return { ask, askFitting }
}

/** Where the survey of the name was refused, a list must succeed before a launch: an instance that cannot be listed cannot be ended. */
async function listFirst(
  { unlistable, owner: { cluster, uid, owner } }: Fleet,
  provider: Provider,
  calls: Calls,
): Promise<void> {
  if (!unlistable.has(provider)) return
  await provider.list({ cluster, uid, owner, states: ["running"] }, calls)
  unlistable.delete(provider)
}

/** What an answer lacks is reported once, and by every plan. */
function emitNotes(fleet: Fleet, { group, notes }: GroupState, answers: readonly Known[]): void {
  for (const message of answers.flatMap((answer) => answer.notes ?? [])) {
    if (notes.includes(message)) continue
    notes.push(message)
    fleet.emit({ type: "note", group: group.name, message })
  }
}

/** True once one of them has said what may be used; false when none does. */
async function isSomethingSold(answers: readonly Promise<Known>[]): Promise<boolean> {
  const sold = answers.map(async (answer) => {
    if ((await answer).offers.length === 0) throw new Error("nothing is sold here")
  })
  return Promise.any(sold).then(
    () => true,
    () => false,
  )
}

/** Once one provider has offers, the others are not awaited much longer; a late answer is used when offers are next needed. */
async function answerInTime(fleet: Fleet, answer: Promise<Known>, isAnyOffered: Promise<boolean>): Promise<Known> {
  try {
    return await awaitUnlessOthers(fleet, answer, "asking what it sells", PATIENCE_MS)
  } catch (error) {
    if (!isLate(error)) throw error
    const known = await Promise.race([answer, isAnyOffered.then((isOffered) => (isOffered ? undefined : answer))])
    if (known === undefined) throw error
    return known
  }
}

/** All is known of what to launch. Its instances may have been made for an engine, which the spec that is given now does not have. */
function checkKnown(fleet: Fleet, { name, engine, isBare }: ResolvedGroup): void {
  if (isBare) throw new SpecError([{ option: `cluster.groups.${name}`, message: UNKNOWN_GROUP }])
  if (engine === undefined || fleet.engine !== undefined) return
  const message = `is missing: group ${name} was made for engine ${engine.name}; attach with engine: ${engine.name}(…)`
  throw new SpecError([{ option: "cluster.engine", message }])
}

function checkMarket(fleet: Fleet, { market }: ResolvedGroup): void {
  const sold = new Set(fleet.providers.flatMap((provider) => provider.limits.markets))
  if (marketsOf(market).some((wanted) => sold.has(wanted))) return
  throw new SpecError([
    {
      option: "cluster.market",
      value: market,
      message: `is ${show(market)}; ${placesOf(fleet)} sells only ${[...sold].join(", ")}`,
    },
  ])
}

/** Measured before any call: a script that does not fit would be refused after the money was asked for. */
function checkStartup(fleet: Fleet, { startup = "" }: ResolvedGroup): void {
  const bytes = Buffer.byteLength(startup)
  const tightest = [...fleet.providers].sort((a, b) => a.limits.userDataBytes - b.limits.userDataBytes)[0]
  if (tightest === undefined || bytes <= tightest.limits.userDataBytes) return
  const message = `is ${bytes} bytes long, and ${tightest.name} carries at most ${tightest.limits.userDataBytes}; let the script fetch the rest, or put it into the image`
  throw new SpecError([{ option: "cluster.startup", message }])
}

function placesOf(fleet: Fleet): string {
  return fleet.providers.map(({ name, region }) => `${name} ${region}`).join(", ")
}
