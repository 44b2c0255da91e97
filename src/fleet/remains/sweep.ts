/** Sweep: removes what nobody needs any more, from tags alone, wherever the process that made it is. */
import type { Clock } from "../../calls/clock.js"
import { createCalls } from "../../calls/send.js"
import { ThrottledError, TransientError } from "../../errors.js"
import type { Calls, Instance, Leftover, Provider } from "../../provider.js"
import { messageOf } from "../context.js"
import { randomHex } from "../opening/names.js"
import { resolveProviders } from "../opening/open.js"
import { type Criteria, instanceVerdict, leftoverVerdict, type Why } from "./orphans.js"
import { look, type Looked, placeOf, type Remain, remainOf } from "./remains.js"
import { generationOf, TAG } from "../tags.js"
import type { ResolvedSweep } from "../../verbs.js"

/**
 * What kept a thing from being removed. `refused`: it could not be told to go. `unconfirmed`: it was told, and had not gone when
 * the time to wait was over. `relaunched`: a process that lives launched it meanwhile. `unanswered`: its place could not be
 * looked at, or not to the end.
 */
export type Hindrance = "refused" | "unconfirmed" | "relaunched" | "unanswered"

/** One thing that was removed, would be, or could not be. */
export interface SweepRow extends Remain {
  readonly why: Why
  readonly removed: boolean
  /** Left out when it was removed, or would be. */
  readonly hindrance?: Hindrance
  /** The same in words. */
  readonly problem?: string
}

/** How often a named cluster is emptied again when somebody goes on launching for it. */
const MOST_ROUNDS = 3

interface Sweeping extends ResolvedSweep {
  readonly provider: Provider
  readonly clock: Clock
  readonly calls: Calls
}

/** @throws what the look at the first place threw, where every place failed; else a place that did is a row of its own. */
export async function sweep(spec: ResolvedSweep, clock: Clock): Promise<readonly SweepRow[]> {
  const providers = await resolveProviders(spec, clock)
  const { signal } = new AbortController()
  const outcomes = await Promise.allSettled(
    providers.map((provider) => {
      const calls = createCalls({ clock, limits: provider.limits, signal, readOnly: spec.dryRun })
      return sweepAt({ ...spec, provider, clock, calls })
    }),
  )
  const failed = outcomes.find((outcome) => outcome.status === "rejected")
  if (failed !== undefined && outcomes.every(({ status }) => status === "rejected")) throw failed.reason
  return outcomes.flatMap((outcome, index) => {
    const provider = providers[index]
    if (outcome.status === "fulfilled") return outcome.value
    return provider === undefined ? [] : [unansweredRow(provider, outcome.reason)]
  })
}

/** A place that could not be swept, beside what was swept elsewhere. */
function unansweredRow(provider: Provider, reason: unknown): SweepRow {
  const place = placeOf(provider)
  const nobody = { cluster: "", owner: "", uid: "" }
  const told = { why: "unanswered", removed: false, hindrance: "unanswered", problem: messageOf(reason) } as const
  return { kind: "place", id: place, place, ...nobody, ...told }
}

async function sweepAt(sweeping: Sweeping): Promise<readonly SweepRow[]> {
  const { clock, dryRun } = sweeping
  const begunAt = clock.now()
  const first = await lookAt(sweeping)
  if (dryRun) {
    const instances = chosenInstances(sweeping, first).map(({ row }) => row)
    return [...instances, ...chosenLeftovers(sweeping, first, instances).map(({ row }) => row)]
  }
  const ended = await endInstances(sweeping, first)
  const gone = ended.filter(({ removed }) => removed)
  return [...ended, ...(await removeLeftovers(sweeping, begunAt, gone))]
}

/** Shared set-up belongs to nobody: it is shown only when nobody in particular is asked for. */
function lookAt({ provider, calls, criteria }: Sweeping): Promise<Looked> {
  const { owner, name, shared } = criteria
  return look(provider, shared ? {} : { owner, ...(name === undefined ? {} : { cluster: name }) }, calls)
}

interface Chosen<Thing> {
  readonly thing: Thing
  readonly row: SweepRow
}

function chosenInstances({ provider, criteria, clock }: Sweeping, { instances }: Looked): Chosen<Instance>[] {
  return instances.flatMap((thing) => {
    const why = instanceVerdict(thing, criteria, clock.now())
    return why === undefined ? [] : [{ thing, row: { ...remainOf(provider, thing), why, removed: false } }]
  })
}

/** @param gone the instances that are gone, or would be: lists may show them for a while. */
function chosenLeftovers(
  { provider, criteria, clock }: Sweeping,
  { instances, leftovers }: Looked,
  gone: readonly SweepRow[],
): Chosen<Leftover>[] {
  const ids = new Set(gone.map(({ id }) => id))
  const living = new Set(instances.flatMap(({ id, tags }) => (ids.has(id) ? [] : [tags[TAG.uid] ?? ""])))
  const swept = new Set(gone.map(({ uid }) => uid))
  return leftovers.flatMap((thing) => {
    const why = leftoverVerdict(thing, criteria, clock.now(), { living, swept })
    return why === undefined ? [] : [{ thing, row: { ...remainOf(provider, thing), why, removed: false } }]
  })
}

/** What was named goes at once; anything else when a second look says the same as the first. */
async function endInstances(sweeping: Sweeping, first: Looked): Promise<readonly SweepRow[]> {
  const isNamed = isWhole(sweeping.criteria)
  const rows: SweepRow[] = []
  let chosen = chosenInstances(sweeping, first)
  if (!isNamed && chosen.length > 0) chosen = await secondLook(sweeping, chosen)
  for (let round = 1; chosen.length > 0; round += 1) {
    rows.push(...(await endThese(sweeping, chosen)))
    if (!isNamed) break
    await sweeping.clock.sleep(sweeping.provider.limits.look.everyMs)
    const known = new Set(rows.map(({ id }) => id))
    chosen = chosenInstances(sweeping, await lookAt(sweeping)).filter(({ thing }) => !known.has(thing.id))
    if (round < MOST_ROUNDS || chosen.length === 0) continue
    const problem = "was launched meanwhile: end the process that holds the cluster first, or wait for its deadline"
    return [...rows, ...chosen.map(({ row }) => ({ ...row, hindrance: "relaunched" as const, problem }))]
  }
  return rows
}

/** A cluster was asked for as a whole, whatever its age. */
function isWhole({ name, olderThanMs }: Criteria): boolean {
  return name !== undefined && olderThanMs === undefined
}

async function secondLook(sweeping: Sweeping, before: readonly Chosen<Instance>[]): Promise<Chosen<Instance>[]> {
  await sweeping.clock.sleep(sweeping.provider.limits.look.everyMs)
  const ids = new Set(before.map(({ thing }) => thing.id))
  return chosenInstances(sweeping, await lookAt(sweeping)).filter(({ thing }) => ids.has(thing.id))
}

async function endThese(sweeping: Sweeping, chosen: readonly Chosen<Instance>[]): Promise<readonly SweepRow[]> {
  const { provider, calls, clock, timeoutMs } = sweeping
  const instances = chosen.map(({ thing }) => thing)
  // The terminate calls go out first; a claim stops a process that lives where its launches look at it (this machine).
  const [ended] = await Promise.allSettled([provider.terminate(instances, calls), claimNext(sweeping, instances)])
  const refusals = new Map<string, string>()
  if (ended.status === "rejected") for (const { id } of instances) refusals.set(id, messageOf(ended.reason))
  else for (const { id, code, message } of ended.value.failures) refusals.set(id, `${code} ${message}`)
  const until = clock.now() + timeoutMs
  const awaited = instances.map(({ id }) => id).filter((id) => !refusals.has(id))
  const standing = new Set(await untilGone(sweeping, awaited, until))
  return chosen.map(({ row }) => {
    const refusal = refusals.get(row.id)
    if (refusal !== undefined) return { ...row, hindrance: "refused", problem: refusal }
    if (!standing.has(row.id)) return { ...row, removed: true }
    return { ...row, hindrance: "unconfirmed", problem: `is not confirmed gone after ${timeoutMs / 1000} s` }
  })
}

async function claimNext(
  { provider, calls, clock, criteria }: Sweeping,
  instances: readonly Instance[],
): Promise<void> {
  if (!isWhole(criteria)) return
  const latest = new Map<string, Instance>()
  for (const instance of instances) {
    const { [TAG.uid]: uid = "" } = instance.tags
    const before = latest.get(uid)
    if (before === undefined || generationOf(before.tags) < generationOf(instance.tags)) latest.set(uid, instance)
  }
  const claims = [...latest].map(([uid, { tags }]) => {
    const { [TAG.cluster]: cluster = "", [TAG.deadline]: deadline = "0" } = tags
    const generation = generationOf(tags) + 1
    return provider.claim?.(
      { cluster, uid, owner: criteria.owner, deadline, generation, claim: randomHex(clock, 8) },
      calls,
    )
  })
  await Promise.allSettled(claims.filter((one) => one !== undefined))
}

/**
 * Asks for these until none may cost any more; returns those that still stand when the time is over. A list that fails for a
 * while tells nothing of them: what has become of them is asked for as long as there is time.
 */
async function untilGone(
  { provider, calls, clock }: Sweeping,
  ids: readonly string[],
  until: number,
): Promise<string[]> {
  const isGone = ({ state }: Instance) => state === "terminated" || provider.limits.goneStates.includes(state)
  for (let standing = [...ids]; ; ) {
    if (standing.length === 0) return []
    try {
      const found = await provider.list({ ids: standing }, calls)
      standing = found.filter((instance) => !isGone(instance)).map(({ id }) => id)
    } catch (error) {
      if (!(error instanceof TransientError || error instanceof ThrottledError)) throw error
    }
    if (standing.length === 0 || clock.now() >= until) return standing
    await clock.sleep(provider.limits.look.everyMs)
  }
}

/** In a fresh look, because a disk may have stayed behind. What no deadline tells of must be seen again after a while. */
async function removeLeftovers(
  sweeping: Sweeping,
  begunAt: number,
  gone: readonly SweepRow[],
): Promise<readonly SweepRow[]> {
  const { provider, clock, criteria } = sweeping
  const before = chosenLeftovers(sweeping, await lookAt(sweeping), gone)
  if (before.length === 0) return []
  const isDoubtful = before.some(({ row }) => row.why === "orphaned" && !gone.some(({ uid }) => uid === row.uid))
  const graceMs = isDoubtful ? provider.limits.consistencyMs + provider.limits.attemptMs : 0
  const waitMs = Math.max(begunAt + graceMs - clock.now(), isWhole(criteria) ? 0 : provider.limits.look.everyMs)
  if (waitMs > 0) await clock.sleep(waitMs)
  const ids = new Set(before.map(({ thing }) => `${thing.kind} ${thing.id}`))
  const chosen = chosenLeftovers(sweeping, await lookAt(sweeping), gone)
  const agreed = chosen.filter(({ thing }) => ids.has(`${thing.kind} ${thing.id}`))
  return removeThese(sweeping, agreed)
}

/** All at once, because clouds have an order in which they can go; a refusal is told of those that are there after it. */
async function removeThese(sweeping: Sweeping, chosen: readonly Chosen<Leftover>[]): Promise<readonly SweepRow[]> {
  const { provider, calls } = sweeping
  try {
    await provider.remove?.(
      chosen.map(({ thing }) => thing),
      calls,
    )
    return chosen.map(({ row }) => ({ ...row, removed: true }))
  } catch (error) {
    const { leftovers } = await lookAt(sweeping)
    const isThere = ({ kind, id }: Leftover) => leftovers.some((left) => left.kind === kind && left.id === id)
    return chosen.map(({ thing, row }) => {
      if (!isThere(thing)) return { ...row, removed: true }
      return { ...row, hindrance: "refused", problem: messageOf(error) }
    })
  }
}
