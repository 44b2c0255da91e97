/** Selection: the listed resources that a sweep is for. */
import type { Clock } from "../../calls/clock.js"
import type { Calls, Instance, Leftover, Provider } from "../../provider.js"
import type { ResolvedSweep } from "../../verbs/verbs.js"
import { TAG } from "../tags.js"
import { instanceVerdict, leftoverVerdict } from "./orphans.js"
import type { Criteria, SweepRow } from "../../verbs/removals.js"
import { listTagged, type TaggedResources, remainOf } from "./tagged.js"

/** One sweep of one place. */
export interface Sweeping extends ResolvedSweep {
  readonly provider: Provider
  readonly clock: Clock
  readonly calls: Calls
}

export interface Chosen<Thing> {
  readonly thing: Thing
  readonly row: SweepRow
}

/** A cluster was asked for as a whole, whatever its age. */
export function isWhole({ name, olderThanMs }: Criteria): boolean {
  return name !== undefined && olderThanMs === undefined
}

/** Shared set-up has no owner: it is listed only when the sweep names no owner. */
export function listTargets({ provider, calls, criteria }: Sweeping): Promise<TaggedResources> {
  const { owner, name, shared } = criteria
  return listTagged(provider, shared ? {} : { owner, ...(name === undefined ? {} : { cluster: name }) }, calls)
}

export function chosenInstances(
  { provider, criteria, calls }: Sweeping,
  { instances }: TaggedResources,
): Chosen<Instance>[] {
  return instances.flatMap((thing) => {
    const why = instanceVerdict(thing, criteria, calls.now())
    return why === undefined ? [] : [{ thing, row: { ...remainOf(provider, thing), why, removed: false } }]
  })
}

/**
 * @param swept the rows of instances: those that are gone, or would be, although lists may show them for a while; and what may
 * still come, whose set-up stays, so that it can be found.
 */
export function chosenLeftovers(
  { provider, criteria, calls }: Sweeping,
  { instances, leftovers }: TaggedResources,
  swept: readonly SweepRow[],
): Chosen<Leftover>[] {
  const [gone, pending] = [
    swept.filter(({ kind }) => kind === "instance"),
    swept.filter(({ kind }) => kind === "launch"),
  ]
  const ids = new Set(gone.map(({ id }) => id))
  const standing = instances.flatMap(({ id, tags }) => (ids.has(id) ? [] : [tags[TAG.uid] ?? ""]))
  const living = new Set([...standing, ...pending.map(({ uid }) => uid)])
  const uids = new Set(gone.map(({ uid }) => uid))
  return leftovers.flatMap((thing) => {
    const why = leftoverVerdict(thing, criteria, calls.now(), { living, swept: uids })
    return why === undefined ? [] : [{ thing, row: { ...remainOf(provider, thing), why, removed: false } }]
  })
}
