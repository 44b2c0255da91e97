/** Termination: instances are terminated; the sweep of a named cluster also waits for pending launches. */
import { OwnershipError } from "../../errors.js"
import type { Instance, Owner } from "../../provider.js"
import { messageOf } from "../state/context.js"
import { randomHex } from "../state/names.js"
import { generationOf, TAG } from "../tags.js"
import { isTerminated, isPassing } from "./pending-tracker.js"
import { type Chosen, chosenInstances, isWhole, listTargets, type Sweeping } from "./selection.js"
import type { TaggedResources } from "./tagged.js"
import type { SweepRow } from "../../verbs/removals.js"

/** Terminates instances without an owner, when a second list confirms the first. */
export async function terminateUnowned(sweeping: Sweeping, first: TaggedResources): Promise<readonly SweepRow[]> {
  const before = chosenInstances(sweeping, first)
  return before.length === 0 ? [] : terminateThese(sweeping, await confirmed(sweeping, before))
}

async function confirmed(sweeping: Sweeping, before: readonly Chosen<Instance>[]): Promise<Chosen<Instance>[]> {
  await sweeping.clock.sleep(sweeping.provider.limits.look.everyMs)
  const ids = new Set(before.map(({ thing }) => thing.id))
  return chosenInstances(sweeping, await listTargets(sweeping)).filter(({ thing }) => ids.has(thing.id))
}

export async function terminateThese(
  sweeping: Sweeping,
  chosen: readonly Chosen<Instance>[],
): Promise<readonly SweepRow[]> {
  const { provider, calls, clock, timeoutMs } = sweeping
  const instances = chosen.map(({ thing }) => thing)
  // The terminate calls go out first; a claim stops a process that lives where its launches look at it (this machine).
  const [ended] = await Promise.allSettled([provider.terminate(instances, calls), claimNext(sweeping, instances)])
  const refusals = new Map<string, string>()
  if (ended.status === "rejected") for (const { id } of instances) refusals.set(id, messageOf(ended.reason))
  else for (const { id, code, message } of ended.value.failures) refusals.set(id, `${code} ${message}`)
  const until = clock.now() + timeoutMs
  const awaited = instances.map(({ id }) => id).filter((id) => !refusals.has(id))
  const standing = new Set(await untilTerminated(sweeping, awaited, until))
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
  if (!isWhole(criteria) || provider.limits.launchesNeedClaim !== true) return
  const latest = new Map<string, Instance>()
  for (const instance of instances) {
    const { [TAG.uid]: uid = "" } = instance.tags
    const before = latest.get(uid)
    if (before === undefined || generationOf(before.tags) < generationOf(instance.tags)) latest.set(uid, instance)
  }
  const claims = [...latest].map(([uid, { tags }]) => {
    const { [TAG.cluster]: cluster = "", [TAG.deadline]: deadline = "0" } = tags
    return claimAbove({ provider, calls, clock }, { cluster, uid, owner: criteria.owner, deadline }, generationOf(tags))
  })
  await Promise.allSettled(claims)
}

/** Processes may have taken it over one after the other and launched nothing: so many claims above the tags' are tried. */
const MOST_ABOVE = 10

async function claimAbove(
  { provider, calls, clock }: Pick<Sweeping, "provider" | "calls" | "clock">,
  owner: Omit<Owner, "generation" | "claim">,
  generation: number,
): Promise<void> {
  for (let above = 1; above <= MOST_ABOVE; above += 1) {
    try {
      await provider.claim?.({ ...owner, generation: generation + above, claim: randomHex(clock, 8) }, calls)
      return
    } catch (error) {
      if (!(error instanceof OwnershipError)) throw error
    }
  }
}

/**
 * Asks for these until none may cost any more; returns those that still stand when the time is over. A list that fails for a
 * while tells nothing of them: what has become of them is asked for as long as there is time.
 */
async function untilTerminated(
  { provider, calls, clock }: Sweeping,
  ids: readonly string[],
  until: number,
): Promise<string[]> {
  for (let standing = [...ids]; ; ) {
    if (standing.length === 0) return []
    try {
      const found = await provider.list({ ids: standing }, calls)
      standing = found.filter(({ state }) => !isTerminated(provider, state)).map(({ id }) => id)
    } catch (error) {
      if (!isPassing(error)) throw error
    }
    if (standing.length === 0 || clock.now() >= until) return standing
    await clock.sleep(provider.limits.look.everyMs)
  }
}
