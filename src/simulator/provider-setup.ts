/** What the simulated provider needs before it can launch, and what remains of it. */
import { OwnershipError } from "../errors.js"
import { TAG, tagsMatch } from "../fleet/tags.js"
import type { Calls, GroupRequest, JsonObject, Leftover, Owner, Prepared, Selector } from "../provider.js"
import { costIn } from "./provider-costs.js"
import { ask } from "./provider-errors.js"
import type { PreparedBody } from "./provider-launch.js"
import type { Resource } from "./resources.js"
import type { World } from "./world.js"

export const SET_UP = "SetUp"
export const LEFTOVERS = "ListResources"
export const REMOVE = "DeleteResource"

/** Shared by all clusters of the region, like a network: it stays when they go. */
const NETWORK = "network"
/** One for each group of a cluster. */
const TEMPLATE = "template"
/** One for each generation of a cluster: whoever makes it holds it. */
const CLAIM = "claim"

const IMAGE = "simulated-image-1"

export async function prepare(world: World, owner: Owner, group: GroupRequest, calls: Calls): Promise<Prepared> {
  const cost = costIn(world, calls.readOnly ? { reads: 1 } : { writes: 1 })
  const request = { api: SET_UP, cost, doing: `preparing group ${group.name} of ${owner.cluster}` }
  const parameters = { cluster: owner.cluster, uid: owner.uid, group: group.name, readOnly: calls.readOnly }
  const heldBy = await ask(calls, request, ({ signal }) =>
    world.serve(SET_UP, parameters, { cost, signal }, () => (calls.readOnly ? undefined : setUp(world, owner, group))),
  )
  if (heldBy !== undefined && heldBy !== owner.claim) {
    throw new OwnershipError(
      `preparing ${owner.cluster}: generation ${owner.generation} of ${owner.uid} is claimed by another process; ` +
        "attach to it, or close it first",
    )
  }
  return { notes: notesOf(calls), body: bodyOf(owner, group) as unknown as JsonObject }
}

function notesOf(calls: Calls): readonly string[] {
  return calls.readOnly ? ["simulated: nothing was set up, the network and a template come with the first launch"] : []
}

function bodyOf(owner: Owner, group: GroupRequest): PreparedBody {
  const { image = IMAGE, startup = "", environment, tags } = group
  return {
    owner: { ...owner },
    tags,
    publicAddress: group.publicAddress === true,
    attributes: { image, startup, environment },
  }
}

/** Makes what is missing. Returns whose claim holds the generation. */
function setUp(world: World, owner: Owner, group: GroupRequest): string {
  const tags = {
    [TAG.cluster]: owner.cluster,
    [TAG.uid]: owner.uid,
    [TAG.owner]: owner.owner,
    [TAG.generation]: String(owner.generation),
    [TAG.deadline]: owner.deadline,
  }
  const claim = { kind: CLAIM, id: `${owner.uid}-${owner.generation}`, tags, attributes: { claim: owner.claim } }
  world.resources.add(claim)
  const held = world.resources.get(CLAIM, claim.id)?.attributes.claim
  if (held !== owner.claim) return String(held)
  world.resources.add({ kind: NETWORK, id: `${world.settings.region}-network`, tags: {}, attributes: {} })
  const template = { kind: TEMPLATE, id: `${owner.uid}-${group.name}`, attributes: {} }
  world.resources.add({ ...template, tags: { ...tags, [TAG.group]: group.name } })
  return owner.claim
}

/** What was set up for the clusters asked for; the shared network only when nobody is asked for in particular. */
export function leftovers(world: World, selector: Selector, calls: Calls): Promise<readonly Leftover[]> {
  const cost = costIn(world, { reads: 1 })
  return ask(calls, { api: LEFTOVERS, cost, doing: "listing leftovers" }, ({ signal }) =>
    world.serve(LEFTOVERS, { selector: { ...selector } }, { cost, signal }, () =>
      world.resources
        .list()
        .filter(({ id, tags }) => tagsMatch(tags, selector) && (selector.ids?.includes(id) ?? true))
        .map((resource) => leftoverOf(world, resource)),
    ),
  )
}

function leftoverOf(world: World, { kind, id, tags }: Resource): Leftover {
  return { kind, id, region: world.settings.region, tags, shared: kind === NETWORK }
}

/** One request each; what is gone already is success. */
export async function remove(world: World, leftovers: readonly Leftover[], calls: Calls): Promise<void> {
  const cost = costIn(world, { writes: 1 })
  await Promise.all(
    leftovers.map(({ kind, id }) =>
      ask(calls, { api: REMOVE, cost, doing: `removing ${kind} ${id}` }, ({ signal }) =>
        world.serve(REMOVE, { kind, id }, { cost, signal }, () => world.resources.delete(kind, id)),
      ),
    ),
  )
}
