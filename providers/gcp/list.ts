import { TransientError } from "../../src/errors.js"
import { TAG, tagsMatch } from "../../src/fleet/tags.js"
import type { Calls, Instance, Selector } from "../../src/provider.js"
import type { Send } from "./client.js"
import { INSTANCE_FIELDS, toInstance } from "./instance.js"
import { partsOf } from "./names.js"
import type { AggregatedPage, NativeInstance, NativeWarning } from "./native.js"
import { pages } from "./pages.js"
import type { ZonesOf } from "./zones.js"

interface Means {
  readonly send: Send
  readonly region: string
  readonly zonesOf: ZonesOf
}

/**
 * All instances that match, from every page. What asks for one cluster's own instances reads the zones it may use, all
 * at once; what asks for more (to attach, to sweep) reads the whole project, because an earlier process may have used
 * other zones. Labels are compared here once more.
 *
 * @throws TransientError when a zone did not answer: nothing may be concluded from a list that is not complete.
 */
export async function list(means: Means, selector: Selector, calls: Calls): Promise<readonly Instance[]> {
  // Nothing can match one of none.
  if ([selector.states, selector.zones, selector.ids].some((wanted) => wanted?.length === 0)) return []
  const isNarrow = selector.uid !== undefined || selector.launch !== undefined
  const isPlaced = selector.zones !== undefined || selector.ids !== undefined
  const natives =
    isNarrow || isPlaced ? await listZones(means, selector, calls) : await listProject(means, selector, calls)
  const ids = selector.ids === undefined ? undefined : new Set(selector.ids)
  return natives
    .map((native) => toInstance(native, means.region))
    .filter(
      ({ id, state, tags }) =>
        tags[TAG.uid] !== undefined &&
        tagsMatch(tags, selector) &&
        (selector.states?.includes(state) ?? true) &&
        (ids?.has(id) ?? true),
    )
}

/** "Filter expressions": only our labels. Those that are not Muster's must never be read as ours. */
export function filterOf({ cluster, uid, owner, launch }: Selector): string {
  const wanted = Object.entries({ cluster, uid, owner, launch }) as [keyof typeof TAG, string | undefined][]
  const terms = wanted.flatMap(([key, value]) => (value === undefined ? [] : [`(labels.${TAG[key]}=${value})`]))
  return terms.length === 0 ? `labels.${TAG.uid}:*` : terms.join(" AND ")
}

async function listZones(
  { send, zonesOf }: Means,
  selector: Selector,
  calls: Calls,
): Promise<readonly NativeInstance[]> {
  const zones = await zonesToRead(selector, zonesOf, calls)
  const filter = filterOf(selector)
  const fields = `items(${INSTANCE_FIELDS}),nextPageToken,warning(code,message)`
  const lists = zones.map(async (zone) => {
    const found: NativeInstance[] = []
    const request = { what: `listing instances in ${zone}`, message: { zone, filter }, fields }
    for await (const page of pages(send, calls, "instances.list", request)) {
      refuseWarning(page.warning, request.what)
      found.push(...(page.items ?? []))
    }
    return found
  })
  return (await Promise.all(lists)).flat()
}

/** Where ids are asked for, only their zones; and none that is asked for and not the region's. */
async function zonesToRead({ ids, zones }: Selector, zonesOf: ZonesOf, calls: Calls): Promise<readonly string[]> {
  const ofIds = ids === undefined ? undefined : [...new Set(ids.flatMap((id) => partsOf(id)?.zone ?? []))]
  if (ofIds !== undefined) return ofIds.filter((zone) => zones?.includes(zone) ?? true)
  return zones ?? zonesOf(calls)
}

async function listProject(
  { send, region }: Means,
  selector: Selector,
  calls: Calls,
): Promise<readonly NativeInstance[]> {
  const found: NativeInstance[] = []
  const what = `listing instances of all zones of ${region}`
  const fields = `items/*/instances(${INSTANCE_FIELDS}),items/*/warning(code,message),nextPageToken,unreachables,warning(code,message)`
  const request = { what, message: { filter: filterOf(selector) }, fields }
  for await (const page of pages(send, calls, "instances.aggregatedList", request)) {
    refusePartial(page, region, what)
    for (const [scope, { instances = [], warning }] of Object.entries(page.items ?? {})) {
      if (!isOf(scope, region)) continue
      refuseWarning(warning, what)
      found.push(...instances)
    }
  }
  return found
}

/** "zones/europe-west2-a" */
function isOf(scope: string, region: string): boolean {
  return scope.startsWith(`zones/${region}-`)
}

/** What says that something is missing; "no results" says only that there is nothing. */
function refuseWarning(warning: NativeWarning | undefined, what: string): void {
  if (warning?.code === undefined || warning.code === "NO_RESULTS_ON_PAGE") return
  const message = `${what}: the list is not complete: ${warning.message ?? "no reason given"} (${warning.code})`
  throw new TransientError(message, { code: warning.code })
}

/** A zone elsewhere that does not answer is none of ours; a warning that names none may mean any. */
function refusePartial({ unreachables = [], warning }: AggregatedPage, region: string, what: string): void {
  const ours = unreachables.filter((scope) => scope.includes(region) || !scope.includes("zones/"))
  if (ours.length > 0) {
    const message = `${what}: the list is not complete: ${ours.join(", ")} did not answer`
    throw new TransientError(message, { code: "UNREACHABLE" })
  }
  if (unreachables.length === 0) refuseWarning(warning, what)
}
