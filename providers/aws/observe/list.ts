/** Lists instances by their tags, in pages, or by their ids. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { MusterError } from "../../../src/errors.js"
import { TAG, tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Selector } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { ec2States, toInstance } from "./instance.js"
import { FILTER_VALUES, PAGE } from "../limits.js"
import { chunks, pages } from "../client/pages.js"

/**
 * All instances that match, from every page; a page that cannot be read fails the whole list. Filters are used, also for ids:
 * an unknown id in `InstanceIds` fails the whole request, and right after a launch ids are unknown.
 *
 * Ids of one zone are asked for by `InstanceIds` all the same: when another zone has an outage, nothing else works.
 *
 * @param seen is shown each of them as EC2 gives it.
 */
export async function list(
  send: Send,
  { region, seen }: { readonly region: string; readonly seen?: (native: Ec2.Instance, instance: Instance) => void },
  selector: Selector,
  calls: Calls,
): Promise<readonly Instance[]> {
  const found = new Map<string, Instance>()
  const take = (native: Ec2.Instance) => {
    const instance = toInstance(native, { api: "DescribeInstances", region, now: calls.now() })
    found.set(instance.id, instance)
    seen?.(native, instance)
  }
  if (selector.ids !== undefined && selector.zones?.length === 1) {
    for (const ids of chunks(idsOf(selector), PAGE)) for (const one of await named(send, ids, calls)) take(one)
    return [...found.values()].filter((instance) => isAsked(instance, selector))
  }
  for (const filters of queriesOf(selector)) {
    const request = { input: { Filters: filters, MaxResults: PAGE }, what: "listing instances" }
    for (const page of await pages(send, calls, "DescribeInstances", request)) instancesIn(page).forEach(take)
  }
  // Asked once more of what came: where something else speaks EC2's language, a filter that is passed over is no error. Tags fade
  // from terminated instances, which are found by their ids all the same.
  return [...found.values()].filter(
    (instance) => selector.ids !== undefined || (instance.tags[TAG.uid] !== undefined && isAsked(instance, selector)),
  )
}

function instancesIn({ Reservations = [] }: Ec2.DescribeInstancesCommandOutput): readonly Ec2.Instance[] {
  return Reservations.flatMap((reservation) => reservation.Instances ?? [])
}

/** Without those that EC2 does not know: its refusal names them all, and the others are asked for again. */
async function named(send: Send, ids: readonly string[], calls: Calls): Promise<readonly Ec2.Instance[]> {
  if (ids.length === 0) return []
  // Whether ids count as a filter is not documented (aws.ids-bucket): the smaller bucket is surely not exceeded.
  const cost = { "DescribeInstances.unfiltered": 1 }
  try {
    const input = { InstanceIds: [...ids] }
    return instancesIn(await send(calls, "DescribeInstances", cost, input, { what: "asking for instances by id" }))
  } catch (error) {
    if (!(error instanceof MusterError) || error.code !== "InvalidInstanceID.NotFound") throw error
    const unknown = new Set(error.message.match(/\bi-[0-9a-f]{8,17}\b/g) ?? [])
    const rest = ids.filter((id) => !unknown.has(id))
    if (rest.length === ids.length) throw error
    return named(send, rest, calls)
  }
}

function isAsked(instance: Instance, selector: Selector): boolean {
  const { states, zones } = selector
  return (
    tagsMatch(instance.tags, selector) &&
    (states?.includes(instance.state) ?? true) &&
    (zones?.includes(instance.zone) ?? true)
  )
}

function idsOf({ ids = [] }: Selector): readonly string[] {
  return [...new Set(ids)].filter((id) => INSTANCE_ID.test(id))
}

/** The filters of one request, or of several when there are more ids than one request may name. */
export function queriesOf(selector: Selector): Ec2.Filter[][] {
  // A filter without values would be refused, and nothing can match one.
  if ([selector.states, selector.zones, selector.ids].some((wanted) => wanted?.length === 0)) return []
  const base = [...tagFilters(selector), ...placeFilters(selector)]
  if (selector.ids === undefined) return [base]
  const room = FILTER_VALUES - base.reduce((sum, filter) => sum + (filter.Values?.length ?? 0), 0)
  const ids = idsOf(selector)
  const queries: Ec2.Filter[][] = []
  for (let at = 0; at < ids.length; at += room) {
    queries.push([...base, { Name: "instance-id", Values: ids.slice(at, at + room) }])
  }
  return queries
}

/** What is no instance id can match nothing, and EC2 would refuse the request for it. */
const INSTANCE_ID = /^i-[0-9a-f]{8}([0-9a-f]{9})?$/

export function tagFilters(selector: Selector): Ec2.Filter[] {
  const { cluster, uid, owner, launch, ids } = selector
  const wanted = Object.entries({ cluster, uid, owner, launch }) as [keyof typeof TAG, string | undefined][]
  const filters = wanted.flatMap(([key, value]) =>
    value === undefined ? [] : [{ Name: `tag:${TAG[key]}`, Values: [escapeWildcards(value)] }],
  )
  // Whatever is asked, other people's instances are not; but tags fade from terminated ones, which ids must still find.
  return filters.length > 0 || ids !== undefined ? filters : [{ Name: "tag-key", Values: [TAG.uid] }]
}

function placeFilters({ states, zones }: Selector): Ec2.Filter[] {
  return [
    ...(states === undefined ? [] : [{ Name: "instance-state-name", Values: ec2States(states) }]),
    ...(zones === undefined ? [] : [{ Name: "availability-zone", Values: zones.map(escapeWildcards) }]),
  ]
}

/** `*` and `?` in a filter's value match anything; with a backslash they are themselves (EC2 User Guide, "Filtering"). */
function escapeWildcards(value: string): string {
  return value.replace(/[\\*?]/g, "\\$&")
}
