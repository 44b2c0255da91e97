/** Tags of a virtual machine, written by their own operation ("Tags - Update At Scope"), which needs no right to the machine. */
import { Refusal } from "../client/refusals.js"
import { type Answered, type Asked, inGroup, type Route, VMS, WRITE } from "../client/route.js"
import { idOf } from "../observe/vm-body.js"
import { type State, truthOf, vmKey } from "../world/state.js"

type Tags = Readonly<Record<string, string>>

interface Patch {
  readonly operation?: string
  readonly properties?: { readonly tags?: Tags }
}

/** "Each resource ... can have a maximum of 50 tag name-value pairs." */
const MAX_TAGS = 50

function update(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  const vm = state.vms.get(vmKey(group, name))
  if (vm === undefined || truthOf(state, vm) === undefined) {
    throw new Refusal(404, "ResourceNotFound", `The Resource 'virtualMachines/${name}' under '${group}' was not found.`)
  }
  const tags = patched(vm.request.tags ?? {}, asked.body as Patch)
  vm.request = { ...vm.request, tags }
  if (vm.instanceId !== undefined) state.world.retag(vm.instanceId, tags)
  const id = `${idOf(asked, vm)}/providers/Microsoft.Resources/tags/default`
  return { status: 200, body: { id, name: "default", type: "Microsoft.Resources/tags", properties: { tags } } }
}

function patched(tags: Tags, { operation, properties: { tags: given = {} } = {} }: Patch): Tags {
  const names = new Set(Object.keys(given).map((name) => name.toLowerCase()))
  const others = Object.fromEntries(Object.entries(tags).filter(([name]) => !names.has(name.toLowerCase())))
  const all = { Merge: { ...others, ...given }, Replace: given, Delete: others }[operation ?? ""]
  if (all === undefined) {
    const message = `The tags patch operation '${operation}' is not valid: use 'Merge', 'Replace' or 'Delete'.`
    throw new Refusal(400, "InvalidTagsPatchOperation", message)
  }
  const long = Object.entries(all).find(([name, value]) => name.length > 512 || value.length > 256)
  if (long !== undefined)
    throw new Refusal(400, "InvalidTagNameLength", `The tag '${long[0].slice(0, 80)}' is too long.`)
  if (Object.keys(all).length > MAX_TAGS) {
    throw new Refusal(400, "InvalidTags", `The number of tags on a resource must be at most ${MAX_TAGS}.`)
  }
  return all
}

export const tagRoutes: readonly Route[] = [
  {
    api: "Tags_UpdateAtScope",
    method: "PATCH",
    path: inGroup(`${VMS}/*/providers/microsoft.resources/tags/default`),
    cost: WRITE,
    answer: update,
  },
]
