/** All instances, or disks, that carry labels of ours: every page of every zone that they may be in. */
import { TransientError } from "../../src/errors.js"
import { TAG } from "../../src/fleet/tags.js"
import type { Calls, Selector } from "../../src/provider.js"
import type { Send } from "./client.js"
import { INSTANCE_FIELDS } from "./instance.js"
import { partsOf } from "./names.js"
import type { NativeDisk, NativeInstance, NativeWarning, Page, PageOf } from "./native.js"
import { pages } from "./pages.js"
import type { ZonesOf } from "./zones.js"

export interface ListMeans {
  readonly send: Send
  readonly region: string
  readonly zonesOf: ZonesOf
}

interface Natives {
  readonly instances: NativeInstance
  readonly disks: NativeDisk
}

type Kind = keyof Natives

const FIELDS: { readonly [K in Kind]: string } = {
  instances: INSTANCE_FIELDS,
  disks: "name,zone,status,creationTimestamp,lastAttachTimestamp,labels,users",
}

/** "Labels", requirements. What can be no label's value is nobody's, and must not come into a filter. */
const LABEL_VALUE = /^[a-z0-9_-]{0,63}$/

/**
 * What asks for one cluster's own reads the zones it may use, all at once; what asks for more (to attach, to sweep) reads
 * the whole project, because an earlier process may have used other zones.
 *
 * @throws TransientError when a zone did not answer: nothing may be concluded from a list that is not complete.
 */
export async function labelled<K extends Kind>(
  means: ListMeans,
  kind: K,
  selector: Selector,
  calls: Calls,
): Promise<readonly Natives[K][]> {
  const { cluster, uid, owner, launch, zones, ids } = selector
  const isPossible = [cluster, uid, owner, launch].every((value) => value === undefined || LABEL_VALUE.test(value))
  if (!isPossible) return []
  const isNarrow = [uid, launch, zones, ids].some((wanted) => wanted !== undefined)
  const read = isNarrow ? ofZones(means, kind, selector, calls) : ofProject(means, kind, selector, calls)
  return (await read) as readonly Natives[K][]
}

/** "Filter expressions": only our labels. Those that are not Muster's must never be read as ours. */
export function filterOf({ cluster, uid, owner, launch }: Selector): string {
  const wanted = Object.entries({ cluster, uid, owner, launch }) as [keyof typeof TAG, string | undefined][]
  const terms = wanted.flatMap(([key, value]) => (value === undefined ? [] : [`(labels.${TAG[key]}=${value})`]))
  return terms.length === 0 ? `labels.${TAG.uid}:*` : terms.join(" AND ")
}

async function ofZones({ send, zonesOf }: ListMeans, kind: Kind, selector: Selector, calls: Calls) {
  const zones = await zonesToRead(selector, zonesOf, calls)
  const filter = filterOf(selector)
  const fields = `items(${FIELDS[kind]}),nextPageToken,warning(code,message)`
  const lists = zones.map(async (zone) => {
    const found: (NativeInstance | NativeDisk)[] = []
    const request = { what: `listing ${kind} in ${zone}`, message: { zone, filter }, fields }
    for await (const page of pages(send, calls, `${kind}.list`, request)) {
      refuseWarning(page.warning, request.what)
      found.push(...within(zone, (page as PageOf<NativeInstance | NativeDisk>).items))
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

async function ofProject({ send, region }: ListMeans, kind: Kind, selector: Selector, calls: Calls) {
  const found: (NativeInstance | NativeDisk)[] = []
  const what = `listing ${kind} of all zones of ${region}`
  const fields = `items/*/${kind}(${FIELDS[kind]}),items/*/warning(code,message),nextPageToken,unreachables,warning(code,message)`
  const request = { what, message: { filter: filterOf(selector) }, fields }
  for await (const page of pages(send, calls, `${kind}.aggregatedList`, request)) {
    refusePartial(page, region, what)
    for (const [scope, list] of Object.entries(page.items ?? {})) {
      if (!isOf(scope, region)) continue
      refuseWarning(list.warning, what)
      const natives = (list as { readonly [L in Kind]?: readonly (NativeInstance | NativeDisk)[] })[kind]
      found.push(...within(scope, natives))
    }
  }
  return found
}

/** What is listed in a zone is in it, also where it does not say so itself. */
function within<T extends { readonly zone?: string }>(zone: string, natives: readonly T[] | undefined): readonly T[] {
  return (natives ?? []).map((native) => (native.zone ? native : { ...native, zone }))
}

/** "zones/europe-west2-a" */
function isOf(scope: string, region: string): boolean {
  return scope.startsWith(`zones/${region}-`)
}

/** What says that something is missing; "no results" says only that there is nothing. */
export function refuseWarning(warning: NativeWarning | undefined, what: string): void {
  if (warning?.code === undefined || warning.code === "NO_RESULTS_ON_PAGE") return
  const message = `${what}: the list is not complete: ${warning.message ?? "no reason given"} (${warning.code})`
  throw new TransientError(message, { code: warning.code })
}

/** A zone elsewhere that does not answer is none of ours; a warning that names none may mean any. */
function refusePartial({ unreachables = [], warning }: Page, region: string, what: string): void {
  const ours = unreachables.filter((scope) => scope.includes(region) || !scope.includes("zones/"))
  if (ours.length > 0) {
    const message = `${what}: the list is not complete: ${ours.join(", ")} did not answer`
    throw new TransientError(message, { code: "UNREACHABLE" })
  }
  if (unreachables.length === 0) refuseWarning(warning, what)
}
