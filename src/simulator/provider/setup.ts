/** Set-up: the resources that the simulated provider needs before it can launch, and its leftovers. */
import { NAME_TAKEN, OwnershipError } from "../../errors.js"
import { TAG, tagsMatch, takenTags, YOUNG_CLAIM_MS } from "../../fleet/tags.js"
import type { Calls, GroupRequest, Instance, JsonObject, Leftover, Owner, Prepared, Selector } from "../../provider.js"
import { costIn } from "./costs.js"
import { ask } from "./errors.js"
import type { PreparedBody } from "./launch.js"
import type { Resource } from "../world/resources.js"
import type { World } from "../world/world.js"

export const SET_UP = "SetUp"
export const CLAIM_GENERATION = "ClaimGeneration"
export const MARK = "TagInstance"
export const LEFTOVERS = "ListResources"
export const REMOVE = "DeleteResource"

/** Shared by all clusters of the region, like a network: it stays when they go. */
const NETWORK = "network"
/** One for each group of a cluster. */
const TEMPLATE = "template"
/** One for each generation of a cluster, the first by the cluster's name: its maker owns the generation. */
const CLAIM = "claim"

const IMAGE = "simulated-image-1"

export async function prepare(world: World, owner: Owner, group: GroupRequest, calls: Calls): Promise<Prepared> {
  const cost = costIn(world, calls.readOnly ? { reads: 1 } : { writes: 1 })
  const request = { api: SET_UP, cost, action: `preparing group ${group.name} of ${owner.cluster}` }
  const parameters = { cluster: owner.cluster, uid: owner.uid, group: group.name, readOnly: calls.readOnly }
  const owningClaim = await ask(calls, request, ({ signal }) =>
    world.serve(SET_UP, parameters, { cost, signal }, () => (calls.readOnly ? undefined : setUp(world, owner, group))),
  )
  checkOwned(owner, owningClaim, "preparing")
  return { notes: notesOf(calls), body: bodyOf(owner, group) as unknown as JsonObject }
}

/** Claims the generation for a process that launches nothing yet. @throws OwnershipError when another process owns it. */
export async function claim(world: World, owner: Owner, calls: Calls): Promise<void> {
  const cost = costIn(world, { writes: 1 })
  const request = { api: CLAIM_GENERATION, cost, action: `claiming ${owner.cluster}` }
  const parameters = { cluster: owner.cluster, uid: owner.uid, generation: owner.generation }
  const owningClaim = await ask(calls, request, ({ signal }) =>
    world.serve(CLAIM_GENERATION, parameters, { cost, signal }, () => takeClaim(world, owner)),
  )
  checkOwned(owner, owningClaim, "claiming")
}

/** Tags one of the instances with the owner's generation. */
export async function mark(world: World, owner: Owner, instances: readonly Instance[], calls: Calls): Promise<void> {
  const [first] = instances
  if (first === undefined) return
  const cost = costIn(world, { writes: 1 })
  const request = { api: MARK, cost, action: `tagging ${first.id}` }
  await ask(calls, request, ({ signal }) =>
    world.serve(MARK, { id: first.id }, { cost, signal }, () =>
      world.retag(first.id, { ...world.instance(first.id)?.tags, ...takenTags(owner) }),
    ),
  )
}

function checkOwned(
  { cluster, uid, generation, claim: mine }: Owner,
  owningClaim: Resource | undefined,
  action: string,
): void {
  if (owningClaim === undefined || owningClaim.attributes.claim === mine) return
  const other = owningClaim.tags[TAG.uid] ?? ""
  if (other !== uid) {
    throw new OwnershipError(
      `${action} ${cluster}: a new cluster of this name and owner (uid ${other}) has claimed it a moment ago`,
      { code: NAME_TAKEN },
    )
  }
  throw new OwnershipError(
    `${action} ${cluster}: generation ${generation} of ${uid} is claimed by another process; attach to it, or close it first`,
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
    attributes: { image, startup, environment: { ...environment, ...toldOf(group) } },
    ...(group.whenDone === undefined ? {} : { whenDone: group.whenDone }),
    ...(group.ready === undefined ? {} : { readyTimeoutS: group.ready.timeoutSeconds }),
  }
}

/** What its guest would find in its variables. */
function toldOf({ headAddress }: GroupRequest): Readonly<Record<string, string>> {
  return headAddress === undefined ? {} : { MUSTER_HEAD_ADDRESS: headAddress }
}

/** Makes the missing resources. Returns the claim that owns the generation. */
function setUp(world: World, owner: Owner, group: GroupRequest): Resource {
  const owningClaim = takeClaim(world, owner)
  if (owningClaim.attributes.claim !== owner.claim) return owningClaim
  const tags = tagsOf(owner)
  world.resources.add({ kind: NETWORK, id: `${world.settings.region}-network`, tags: {}, attributes: {} })
  const template = { kind: TEMPLATE, id: `${owner.uid}-${group.name}`, attributes: {} }
  world.resources.add({ ...template, tags: { ...tags, [TAG.group]: group.name } })
  return owningClaim
}

/**
 * Claims the generation unless it is claimed already. Returns the claim that owns it. The first generation is claimed by the
 * cluster's name, beside leftovers of an older cluster of that name.
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

/** The resources of the selected clusters; the shared network only when the selector names no cluster. */
export function leftovers(world: World, selector: Selector, calls: Calls): Promise<readonly Leftover[]> {
  const cost = costIn(world, { reads: 1 })
  return ask(calls, { api: LEFTOVERS, cost, action: "listing leftovers" }, ({ signal }) =>
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

/** Sends one request for each; a resource that is removed already is success. */
export async function remove(world: World, leftovers: readonly Leftover[], calls: Calls): Promise<void> {
  const cost = costIn(world, { writes: 1 })
  await Promise.all(
    leftovers.map(({ kind, id }) =>
      ask(calls, { api: REMOVE, cost, action: `removing ${kind} ${id}` }, ({ signal }) =>
        world.serve(REMOVE, { kind, id }, { cost, signal }, () => world.resources.delete(kind, id)),
      ),
    ),
  )
}
