import { TAG, tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Selector } from "../../../src/provider.js"
import { toInstance } from "./instance.js"
import { labelled, type ListContext, partial } from "./labelled.js"

/**
 * All instances that match, from every page. Labels are compared here once more.
 *
 * @throws PartialListError when a zone did not answer: nothing may be concluded of it.
 */
export async function list(context: ListContext, selector: Selector, calls: Calls): Promise<readonly Instance[]> {
  // Nothing can match one of none.
  if ([selector.states, selector.zones, selector.ids].some((wanted) => wanted?.length === 0)) return []
  const { natives, unreachable } = await labelled(context, "instances", selector, calls)
  const ids = selector.ids === undefined ? undefined : new Set(selector.ids)
  const instances = natives
    .map((native) => toInstance(native, context.region))
    .filter(
      ({ id, state, tags }) =>
        tags[TAG.uid] !== undefined &&
        tagsMatch(tags, selector) &&
        (selector.states?.includes(state) ?? true) &&
        (ids?.has(id) ?? true),
    )
  const error = partial(unreachable, instances)
  if (error !== undefined) throw error
  return instances
}
