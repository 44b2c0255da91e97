/**
 * Azure's built-in policies "Require a tag on resources" and "Require a tag on resource groups": what lacks the tag is refused,
 * also what a VM's request makes with it.
 */
import { nicsOf, type RestVm } from "../world/rest.js"
import type { State } from "../world/state.js"
import { Refusal } from "./refusals.js"
import type { Asked } from "./route.js"

type Tags = Readonly<Record<string, string>> | undefined

export function checkPolicy({ quirks }: State, { method, path, body }: Asked): void {
  // Both are of mode "Indexed": what has neither tags nor a place, as a rule, is not looked at.
  if (method !== "PUT" || /\/securityrules\/[^/]+$/i.test(path)) return
  const isGroup = /\/resourcegroups\/[^/]+$/i.test(path)
  const required = isGroup ? quirks.requiredGroupTag : quirks.requiredTag
  if (required === undefined || tagsIn(body).every((tags) => hasTag(tags, required))) return
  throw new Refusal(
    403,
    "RequestDisallowedByPolicy",
    `Resource was disallowed by policy. Policy identifiers: 'Require the tag ${required}'.`,
  )
}

/** Names have no case. */
function hasTag(tags: Tags, name: string): boolean {
  return Object.keys(tags ?? {}).some((key) => key.toLowerCase() === name.toLowerCase())
}

/** Of the resource itself, and of a VM's interfaces and addresses. */
function tagsIn(body: unknown): readonly Tags[] {
  const request = (body ?? {}) as RestVm
  const nics = nicsOf(request)
  const addresses = nics.flatMap(({ properties }) =>
    (properties?.ipConfigurations ?? []).flatMap((one) => one.properties?.publicIPAddressConfiguration ?? []),
  )
  return [request.tags, ...nics.map(({ tags }) => tags), ...addresses.map(({ tags }) => tags)]
}
