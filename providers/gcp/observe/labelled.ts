/** All instances, or disks, that carry labels of ours: every page of every zone that they may be in. */
import { PartialListError, TransientError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Selector } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { INSTANCE_FIELDS } from "./instance.js"
import { partsOf } from "../client/ids/names.js"
import { lastPart, type NativeDisk, type NativeInstance, type Page, type PageOf } from "../client/native.js"
import { pages } from "../client/pages.js"
import { isPartial } from "../client/partial.js"
import type { ZonesOf } from "../offers/zones.js"

export interface ListContext {
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

interface UnreachableZone {
  readonly zone: string
  readonly error: TransientError
}

/** What the zones that answered have, and the others. */
export interface Answers<K extends Kind> {
  readonly natives: readonly Natives[K][]
  readonly unreachable: readonly UnreachableZone[]
}

const FIELDS: { readonly [K in Kind]: string } = {
  instances: INSTANCE_FIELDS,
  disks: "name,zone,status,creationTimestamp,lastAttachTimestamp,labels,users",
}

/** "Labels", requirements. A text that cannot be a label's value matches nothing, and must not come into a filter. */
const LABEL_VALUE = /^[a-z0-9_-]{0,63}$/

/** Whether anything can carry what is asked for. */
export function canMatch({ cluster, uid, owner, launch }: Selector): boolean {
  return [cluster, uid, owner, launch].every((value) => value === undefined || LABEL_VALUE.test(value))
}

/**
 * A selector of one cluster reads the zones that the cluster may use, all at once. A wider selector (to attach, to sweep) reads
 * the whole project, because an earlier process may have used other zones.
 *
 * Nothing may be concluded of the zones in `unreachable`.
 */
export async function labelled<K extends Kind>(
  context: ListContext,
  kind: K,
  selector: Selector,
  calls: Calls,
): Promise<Answers<K>> {
  const { uid, launch, zones, ids } = selector
  if (!canMatch(selector)) return { natives: [], unreachable: [] }
  const isNarrow = [uid, launch, zones, ids].some((wanted) => wanted !== undefined)
  const read = isNarrow ? ofZones(context, kind, selector, calls) : ofProject(context, kind, selector, calls)
  return (await read) as Answers<K>
}

/** "Filter expressions": only our labels. Those that are not Muster's must never be read as ours. */
export function filterOf({ cluster, uid, owner, launch }: Selector): string {
  const wanted = Object.entries({ cluster, uid, owner, launch }) as [keyof typeof TAG, string | undefined][]
  const terms = wanted.flatMap(([key, value]) => (value === undefined ? [] : [`(labels.${TAG[key]}=${value})`]))
  return terms.length === 0 ? `labels.${TAG.uid}:*` : terms.join(" AND ")
}

async function ofZones(context: ListContext, kind: Kind, selector: Selector, calls: Calls): Promise<Answers<Kind>> {
  const zones = await zonesToRead(selector, context.zonesOf, calls)
  return requireAnswer(zones, await ofEach(zones, (zone) => ofZone(context.send, kind, selector, zone, calls)))
}

/** @throws the first zone's error where no zone answered: then nothing is known at all. */
function requireAnswer<K extends Kind>(zones: readonly string[], answers: Answers<K>): Answers<K> {
  const [first] = answers.unreachable
  if (first !== undefined && answers.unreachable.length === zones.length) throw first.error
  return answers
}

async function ofEach(
  zones: readonly string[],
  read: (zone: string) => Promise<Answers<Kind>["natives"]>,
): Promise<Answers<Kind>> {
  const outcomes = await Promise.allSettled(zones.map(read))
  const unreachable: UnreachableZone[] = []
  const natives = outcomes.flatMap((outcome, index) => {
    if (outcome.status === "fulfilled") return outcome.value
    if (!(outcome.reason instanceof TransientError)) throw outcome.reason
    unreachable.push({ zone: zones[index] ?? "", error: outcome.reason })
    return []
  })
  return { natives, unreachable }
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
 * at all: a list of one zone has no partial answers.
 */
async function ofProject(context: ListContext, kind: Kind, selector: Selector, calls: Calls): Promise<Answers<Kind>> {
  const { byZone, unreachable, isCertain } = await readProject(context, kind, selector, calls)
  const missing = isCertain
    ? [...unreachable].filter((zone) => context.named?.includes(zone) ?? true)
    : await context.zonesOf(calls)
  const each = await ofEach(missing, (zone) => ofZone(context.send, kind, selector, zone, calls))
  // A list that names the zones it lacks is complete for all others.
  const read = isCertain ? each : requireAnswer(missing, each)
  const others = [...byZone].filter(([zone]) => !unreachable.has(zone) && !missing.includes(zone))
  return { natives: [...others.flatMap(([, natives]) => natives), ...read.natives], unreachable: read.unreachable }
}

interface ProjectList {
  readonly byZone: ReadonlyMap<string, readonly (NativeInstance | NativeDisk)[]>
  /** Zones of the region that the list does not cover. */
  readonly unreachable: ReadonlySet<string>
  /** The list covers all other zones; false where anything may be missing. */
  readonly isCertain: boolean
}

async function readProject(
  { send, region }: ListContext,
  kind: Kind,
  selector: Selector,
  calls: Calls,
): Promise<ProjectList> {
  const byZone = new Map<string, readonly (NativeInstance | NativeDisk)[]>()
  const unreachable = new Set<string>()
  let isCertain = true
  const what = `listing ${kind} of all zones of ${region}`
  const fields = `items/*/${kind}(${FIELDS[kind]}),items/*/warning(code,message),nextPageToken,unreachables,warning(code,message)`
  const request = { what, message: { filter: filterOf(selector) }, fields }
  try {
    for await (const page of pages(send, calls, `${kind}.aggregatedList`, request)) {
      const { unreachables = [], warning, items = {} } = page as Page & Pick<typeof page, "items">
      const ours = unreachables.filter((scope) => scope.includes(region) || !scope.includes("zones/"))
      for (const scope of ours) if (isOf(scope, region)) unreachable.add(lastPart(scope))
      // A scope that is no zone may be any, and so may what a warning without names is about.
      if (ours.some((scope) => !isOf(scope, region)) || (unreachables.length === 0 && isPartial(warning)))
        isCertain = false
      for (const [scope, list] of Object.entries(items)) {
        if (!isOf(scope, region)) continue
        const zone = lastPart(scope)
        if (isPartial(list.warning)) unreachable.add(zone)
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
  return { byZone, unreachable, isCertain }
}

/** Undefined where all have answered. */
export function partial(
  unreachable: readonly UnreachableZone[],
  instances: readonly Instance[] = [],
): PartialListError | undefined {
  const [first] = unreachable
  if (first === undefined) return undefined
  const { zone, error } = first
  const hint = `${zone} does not answer; where nothing of yours can be there, leave it out: gcp({ zones: [...] })`
  const { code, requestId } = error
  const words = { code, cause: error, ...(requestId === undefined ? {} : { requestId }) }
  return new PartialListError(`${error.message}; ${hint}`, {
    ...words,
    silent: unreachable.map((one) => one.zone),
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
