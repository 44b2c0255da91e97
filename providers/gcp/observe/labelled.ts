/** All instances, or disks, that carry labels of ours: every page of every zone that they may be in. */
import { PartialListError, TransientError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Selector } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { INSTANCE_FIELDS } from "./instance.js"
import { partsOf } from "../client/names.js"
import { lastPart, type NativeDisk, type NativeInstance, type Page, type PageOf } from "../client/native.js"
import { pages } from "../client/pages.js"
import { isPartial } from "../client/partial.js"
import type { ZonesOf } from "../offers/zones.js"

export interface ListMeans {
  readonly send: Send
  readonly region: string
  readonly zonesOf: ZonesOf
  /** The only zones that may be used, where the user has named them. */
  readonly named?: readonly string[]
}

interface Natives {
  readonly instances: NativeInstance
  readonly disks: NativeDisk
}

type Kind = keyof Natives

interface Silence {
  readonly zone: string
  readonly error: TransientError
}

/** What the zones that answered have, and the others. */
export interface Answers<K extends Kind> {
  readonly natives: readonly Natives[K][]
  readonly silent: readonly Silence[]
}

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
 * What is `silent` did not answer: nothing may be concluded of it.
 */
export async function labelled<K extends Kind>(
  means: ListMeans,
  kind: K,
  selector: Selector,
  calls: Calls,
): Promise<Answers<K>> {
  const { cluster, uid, owner, launch, zones, ids } = selector
  const isPossible = [cluster, uid, owner, launch].every((value) => value === undefined || LABEL_VALUE.test(value))
  if (!isPossible) return { natives: [], silent: [] }
  const isNarrow = [uid, launch, zones, ids].some((wanted) => wanted !== undefined)
  const read = isNarrow ? ofZones(means, kind, selector, calls) : ofProject(means, kind, selector, calls)
  return (await read) as Answers<K>
}

/** "Filter expressions": only our labels. Those that are not Muster's must never be read as ours. */
export function filterOf({ cluster, uid, owner, launch }: Selector): string {
  const wanted = Object.entries({ cluster, uid, owner, launch }) as [keyof typeof TAG, string | undefined][]
  const terms = wanted.flatMap(([key, value]) => (value === undefined ? [] : [`(labels.${TAG[key]}=${value})`]))
  return terms.length === 0 ? `labels.${TAG.uid}:*` : terms.join(" AND ")
}

async function ofZones(means: ListMeans, kind: Kind, selector: Selector, calls: Calls): Promise<Answers<Kind>> {
  const zones = await zonesToRead(selector, means.zonesOf, calls)
  return heard(zones, await ofEach(zones, (zone) => ofZone(means.send, kind, selector, zone, calls)))
}

/** @throws why the first of them did not answer, where none did: then nothing was heard at all. */
function heard<K extends Kind>(zones: readonly string[], answers: Answers<K>): Answers<K> {
  const [first] = answers.silent
  if (first !== undefined && answers.silent.length === zones.length) throw first.error
  return answers
}

async function ofEach(
  zones: readonly string[],
  read: (zone: string) => Promise<Answers<Kind>["natives"]>,
): Promise<Answers<Kind>> {
  const outcomes = await Promise.allSettled(zones.map(read))
  const silent: Silence[] = []
  const natives = outcomes.flatMap((outcome, index) => {
    if (outcome.status === "fulfilled") return outcome.value
    if (!(outcome.reason instanceof TransientError)) throw outcome.reason
    silent.push({ zone: zones[index] ?? "", error: outcome.reason })
    return []
  })
  return { natives, silent }
}

async function ofZone(send: Send, kind: Kind, selector: Selector, zone: string, calls: Calls) {
  const found: (NativeInstance | NativeDisk)[] = []
  const fields = `items(${FIELDS[kind]}),nextPageToken,warning(code,message)`
  const request = { what: `listing ${kind} in ${zone}`, message: { zone, filter: filterOf(selector) }, fields }
  for await (const page of pages(send, calls, `${kind}.list`, request)) {
    found.push(...within(zone, (page as PageOf<NativeInstance | NativeDisk>).items))
  }
  return found
}

/** Where ids are asked for, only their zones; and none that is asked for and not the region's. */
async function zonesToRead({ ids, zones }: Selector, zonesOf: ZonesOf, calls: Calls): Promise<readonly string[]> {
  const ofIds = ids === undefined ? undefined : [...new Set(ids.flatMap((id) => partsOf(id)?.zone ?? []))]
  if (ofIds !== undefined) return ofIds.filter((zone) => zones?.includes(zone) ?? true)
  return zones ?? zonesOf(calls)
}

/**
 * A list of the whole project may be without zones that did not answer. Those are read by themselves, where they may be used
 * at all: what is asked of one zone has no half answers.
 */
async function ofProject(means: ListMeans, kind: Kind, selector: Selector, calls: Calls): Promise<Answers<Kind>> {
  const { byZone, silent, isCertain } = await readProject(means, kind, selector, calls)
  const missing = isCertain
    ? [...silent].filter((zone) => means.named?.includes(zone) ?? true)
    : await means.zonesOf(calls)
  const each = await ofEach(missing, (zone) => ofZone(means.send, kind, selector, zone, calls))
  // A list that names what it lacks has told of all others.
  const read = isCertain ? each : heard(missing, each)
  const others = [...byZone].filter(([zone]) => !silent.has(zone) && !missing.includes(zone))
  return { natives: [...others.flatMap(([, natives]) => natives), ...read.natives], silent: read.silent }
}

interface ProjectList {
  readonly byZone: ReadonlyMap<string, readonly (NativeInstance | NativeDisk)[]>
  /** Zones of the region that the list does not tell of. */
  readonly silent: ReadonlySet<string>
  /** It tells of all others; false where anything may be missing. */
  readonly isCertain: boolean
}

async function readProject(
  { send, region }: ListMeans,
  kind: Kind,
  selector: Selector,
  calls: Calls,
): Promise<ProjectList> {
  const byZone = new Map<string, readonly (NativeInstance | NativeDisk)[]>()
  const silent = new Set<string>()
  let isCertain = true
  const what = `listing ${kind} of all zones of ${region}`
  const fields = `items/*/${kind}(${FIELDS[kind]}),items/*/warning(code,message),nextPageToken,unreachables,warning(code,message)`
  const request = { what, message: { filter: filterOf(selector) }, fields }
  try {
    for await (const page of pages(send, calls, `${kind}.aggregatedList`, request)) {
      const { unreachables = [], warning, items = {} } = page as Page & Pick<typeof page, "items">
      const ours = unreachables.filter((scope) => scope.includes(region) || !scope.includes("zones/"))
      for (const scope of ours) if (isOf(scope, region)) silent.add(lastPart(scope))
      // A scope that is no zone may be any, and so may what a warning without names is about.
      if (ours.some((scope) => !isOf(scope, region)) || (unreachables.length === 0 && isPartial(warning)))
        isCertain = false
      for (const [scope, list] of Object.entries(items)) {
        if (!isOf(scope, region)) continue
        const zone = lastPart(scope)
        if (isPartial(list.warning)) silent.add(zone)
        const natives = (list as { readonly [L in Kind]?: readonly (NativeInstance | NativeDisk)[] })[kind]
        byZone.set(zone, [...(byZone.get(zone) ?? []), ...within(scope, natives)])
      }
    }
  } catch (error) {
    calls.signal.throwIfAborted()
    // "The default value is false": where partial success was not asked for, one zone can fail the whole.
    if (!(error instanceof TransientError)) throw error
    isCertain = false
  }
  return { byZone, silent, isCertain }
}

/** Undefined where all have answered. */
export function partial(silent: readonly Silence[], instances: readonly Instance[] = []): PartialListError | undefined {
  const [first] = silent
  if (first === undefined) return undefined
  const { zone, error } = first
  const hint = `${zone} does not answer; where nothing of yours can be there, leave it out: gcp({ zones: [...] })`
  const { code, requestId } = error
  const words = { code, cause: error, ...(requestId === undefined ? {} : { requestId }) }
  return new PartialListError(`${error.message}; ${hint}`, {
    ...words,
    silent: silent.map((one) => one.zone),
    instances,
  })
}

/** What is listed in a zone is in it, also where it does not say so itself. */
function within<T extends { readonly zone?: string }>(zone: string, natives: readonly T[] | undefined): readonly T[] {
  return (natives ?? []).map((native) => (native.zone ? native : { ...native, zone }))
}

/** "zones/europe-west2-a", or the whole URL of it. */
function isOf(scope: string, region: string): boolean {
  return new RegExp(`(^|/)zones/${region}-[^/]+$`).test(scope)
}
