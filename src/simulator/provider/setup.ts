/** What the simulated provider needs before it can launch, and what remains of it. */
import { NAME_TAKEN, OwnershipError } from "../../errors.js"
import { TAG, tagsMatch, YOUNG_CLAIM_MS } from "../../fleet/tags.js"
import type { Calls, GroupRequest, JsonObject, Leftover, Owner, Prepared, Selector } from "../../provider.js"
import { costIn } from "./costs.js"
import { ask } from "./errors.js"
import type { PreparedBody } from "./launch.js"
import type { Resource } from "../world/resources.js"
import type { World } from "../world/world.js"

export const SET_UP = "SetUp"
export const CLAIM_GENERATION = "ClaimGeneration"
export const LEFTOVERS = "ListResources"
export const REMOVE = "DeleteResource"

/** Shared by all clusters of the region, like a network: it stays when they go. */
const NETWORK = "network"
/** One for each group of a cluster. */
const TEMPLATE = "template"
/** One for each generation of a cluster, the first by the cluster's name: whoever makes it holds it. */
const CLAIM = "claim"

const IMAGE = "simulated-image-1"

export async function prepare(world: World, owner: Owner, group: GroupRequest, calls: Calls): Promise<Prepared> {
  const cost = costIn(world, calls.readOnly ? { reads: 1 } : { writes: 1 })
  const request = { api: SET_UP, cost, doing: `preparing group ${group.name} of ${owner.cluster}` }
  const parameters = { cluster: owner.cluster, uid: owner.uid, group: group.name, readOnly: calls.readOnly }
  const heldBy = await ask(calls, request, ({ signal }) =>
    world.serve(SET_UP, parameters, { cost, signal }, () => (calls.readOnly ? undefined : setUp(world, owner, group))),
  )
  checkHeld(owner, heldBy, "preparing")
  return { notes: notesOf(calls), body: bodyOf(owner, group) as unknown as JsonObject }
}

/** Claims the generation for a process that launches nothing yet. @throws OwnershipError when another one holds it. */
export async function claim(world: World, owner: Owner, calls: Calls): Promise<void> {
  const cost = costIn(world, { writes: 1 })
  const request = { api: CLAIM_GENERATION, cost, doing: `claiming ${owner.cluster}` }
  const parameters = { cluster: owner.cluster, uid: owner.uid, generation: owner.generation }
  const heldBy = await ask(calls, request, ({ signal }) =>
    world.serve(CLAIM_GENERATION, parameters, { cost, signal }, () => takeClaim(world, owner)),
  )
  checkHeld(owner, heldBy, "claiming")
}

function checkHeld(
  { cluster, uid, generation, claim: mine }: Owner,
  heldBy: Resource | undefined,
  doing: string,
): void {
  if (heldBy === undefined || heldBy.attributes.claim === mine) return
  const other = heldBy.tags[TAG.uid] ?? ""
  if (other !== uid) {
    throw new OwnershipError(
      `${doing} ${cluster}: a new cluster of this name and owner (uid ${other}) has claimed it a moment ago`,
      { code: NAME_TAKEN },
    )
  }
  throw new OwnershipError(
    `${doing} ${cluster}: generation ${generation} of ${uid} is claimed by another process; attach to it, or close it first`,
  )
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

/** Makes what is missing. Returns the claim that holds the generation. */
function setUp(world: World, owner: Owner, group: GroupRequest): Resource {
  const heldBy = takeClaim(world, owner)
  if (heldBy.attributes.claim !== owner.claim) return heldBy
  const tags = tagsOf(owner)
  world.resources.add({ kind: NETWORK, id: `${world.settings.region}-network`, tags: {}, attributes: {} })
  const template = { kind: TEMPLATE, id: `${owner.uid}-${group.name}`, attributes: {} }
  world.resources.add({ ...template, tags: { ...tags, [TAG.group]: group.name } })
  return heldBy
}

/**
 * Takes the generation unless somebody has it. Returns the claim that holds it. The first is claimed by the cluster's name, beside
 * what is left of an older cluster of that name.
 */
function takeClaim(world: World, owner: Owner): Resource {
  const now = world.clock.now()
  const isYoung = ({ attributes }: Resource) => now - Number(attributes.at) < YOUNG_CLAIM_MS
  for (let number = 1; ; number += 1) {
    const id = owner.generation === 1 ? `${owner.owner}/${owner.cluster}/${number}` : `${owner.uid}-${owner.generation}`
    const mine = { kind: CLAIM, id, tags: tagsOf(owner), attributes: { claim: owner.claim, at: now } }
    if (world.resources.add(mine)) return mine
    const held = world.resources.get(CLAIM, id)
    if (held !== undefined && (owner.generation > 1 || held.tags[TAG.uid] === owner.uid || isYoung(held))) return held
  }
}

function tagsOf({ cluster, uid, owner, generation, deadline, holder }: Owner): Readonly<Record<string, string>> {
  return {
    [TAG.cluster]: cluster,
    [TAG.uid]: uid,
    [TAG.owner]: owner,
    [TAG.generation]: String(generation),
    [TAG.deadline]: deadline,
    ...(holder === undefined ? {} : { [TAG.holder]: holder }),
  }
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
