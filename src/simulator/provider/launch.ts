/** Create requests of the simulated provider: from a wish to launch calls, and from a launch call to instances. */
import { createHash } from "node:crypto"
import { launchTags } from "../../fleet/tags.js"
import type {
  Calls,
  Failure,
  Instance,
  Json,
  JsonObject,
  LaunchCall,
  Launched,
  Market,
  Offer,
  Owner,
  Prepared,
  WhenDone,
  Wish,
} from "../../provider.js"
import type { CreateRequest, Creation } from "../world/create.js"
import type { Shortage } from "../world/state.js"
import type { WorldInstance } from "../world/life.js"
import type { PlayedGuest } from "../world/guests.js"
import type { Span } from "../world/luck.js"
import { createAcross, type FleetRequest } from "./fleet.js"
import { costIn, writeBucket } from "./costs.js"
import { ask, failureOf } from "./errors.js"
import { instanceOf } from "./instances.js"
import type { World } from "../world/world.js"
import { WorldError, type WorldErrorKind } from "../requests/world-error.js"

export const CREATE = "CreateInstances"
export const CREATE_NAMED = "PutInstance"
export const CREATE_FLEET = "CreateFleet"
export const SETTLE = "GetOperation"
const OPERATION = "create"

export interface LaunchStyle {
  /** One instance a request, under a name of ours that is its only token, as Azure does it. */
  readonly names: boolean
  /** One request for many pools, which the cloud fills in their order, as EC2's fleets are. */
  readonly fleets: boolean
  /** The outcome is told so much later, by `settle`; at once when left out. */
  readonly settleMs?: Span
  readonly guests: GuestStyle
}

/**
 * How a guest ends its instance. `end`: it powers off, which ends it, as on EC2. `stop`: it powers off, and is stopped then, as on
 * GCP. `delete`: it writes the tag `muster-ended`, lingers for three minutes and deletes itself, as with an identity on GCP and Azure.
 */
export type GuestStyle = "end" | "stop" | "delete"

/** What `prepare` keeps for launches. */
export type PreparedBody = {
  readonly owner: { readonly [K in keyof Owner]: Owner[K] }
  readonly tags: Readonly<Record<string, string>>
  readonly publicAddress: boolean
  readonly attributes: JsonObject
  /** Left out where nothing on it ends. */
  readonly whenDone?: WhenDone
  /** It has a check, for which its guest looks so long. */
  readonly readyTimeoutS?: number
}

/** Several offers: the cloud fills from the first that has room. */
type Share = { readonly offers: readonly Offer[]; readonly count: number }

export function splitWish(world: World, style: LaunchStyle, wish: Wish, prepared: Prepared): readonly LaunchCall[] {
  const batch = style.names ? 1 : batchOf(world)
  const parts = (style.fleets ? [fleetOf(wish)] : sharesOf(wish)).flatMap(({ offers, count }) =>
    Array.from({ length: Math.ceil(count / batch) }, (_, index) => ({
      offers,
      count: Math.min(batch, count - index * batch),
    })),
  )
  return parts.map((part, index) => callOf(world, style, { wish, prepared, index, ...part }))
}

/** A request larger than the bucket it draws on would be refused for ever. */
function batchOf(world: World): number {
  const bucket = world.settings.buckets.instances
  const most =
    bucket?.kind === "token" ? Math.floor(bucket.capacity) : bucket?.kind === "window" ? bucket.count : Infinity
  return Math.max(1, Math.min(world.settings.limits.createBatch, most))
}

/** Every pool of the best zone, or of all. */
function fleetOf({ offers, count, spread }: Wish): Share {
  return { count, offers: spread === "zones" ? offers : offers.filter(({ zone }) => zone === offers[0]?.zone) }
}

/** All from the best offer; or even parts from the best offer of each zone, and the remainder, one each, from the first of these. */
function sharesOf({ offers, count, spread }: Wish): readonly Share[] {
  const perZone = new Map<string, Offer>()
  for (const offer of offers) if (!perZone.has(offer.zone)) perZone.set(offer.zone, offer)
  const chosen = spread === "one-zone" ? offers.slice(0, 1) : [...perZone.values()]
  const base = Math.floor(count / Math.max(1, chosen.length))
  const over = count - base * chosen.length
  return chosen
    .map((offer, index) => ({ offers: [offer], count: base + (index < over ? 1 : 0) }))
    .filter((share) => share.count > 0)
}

interface Part extends Share {
  readonly wish: Wish
  readonly prepared: Prepared
  readonly index: number
}

function callOf(world: World, style: LaunchStyle, { wish, prepared, index, offers, count }: Part): LaunchCall {
  const { owner, tags, publicAddress, attributes, ...played } = prepared.body as unknown as PreparedBody
  const token = hex(`token/${wish.uid}/${wish.id}/${index}`).slice(0, 32)
  const names = style.names ? [`${wish.group}-${hex(`name/${wish.uid}/${wish.id}/${index}`).slice(0, 12)}`] : undefined
  const pools = offers.map(({ zone, instanceType, market }) => ({ zone, instanceType, market }))
  const [first] = pools
  const zones = new Set(pools.map(({ zone }) => zone))
  return {
    api: style.names ? CREATE_NAMED : style.fleets ? CREATE_FLEET : CREATE,
    ...(zones.size === 1 && first !== undefined ? { zone: first.zone } : {}),
    group: wish.group,
    offers,
    count,
    token,
    ...(names === undefined ? {} : { names }),
    body: {
      ...(style.fleets ? { pools } : { ...first, min: 1 }),
      max: count,
      tags: { ...tags, ...launchTags(owner, wish.group, token) },
      attributes,
      publicAddress,
      ...expiryOf(owner.deadline),
      onPowerOff: style.guests === "stop" ? "stop" : "end",
      ...guestOf(style, owner.uid, played),
      ...(names === undefined ? { token } : { names }),
    },
    cost: costIn(world, { [writeBucket(world, "creates")]: 1, instances: count }),
  }
}

const KEPT: WhenDone = { success: "keep", failure: "keep" }

/** Nothing where nothing of the guest is to be seen. */
function guestOf(
  { guests }: LaunchStyle,
  uid: string,
  { whenDone, readyTimeoutS }: Pick<PreparedBody, "whenDone" | "readyTimeoutS">,
): { readonly guest?: PlayedGuest } {
  if (whenDone === undefined && readyTimeoutS === undefined) return {}
  const guest: PlayedGuest = { uid, whenDone: whenDone ?? KEPT, endsBy: guests === "delete" ? "delete" : "power-off" }
  return { guest: readyTimeoutS === undefined ? guest : { ...guest, readyTimeoutS } }
}

function expiryOf(deadline: string): { readonly expiresAt?: number } {
  const seconds = Number(deadline)
  return Number.isFinite(seconds) && seconds > 0 ? { expiresAt: seconds * 1000 } : {}
}

function hex(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

export function launch(world: World, style: LaunchStyle, call: LaunchCall, calls: Calls): Promise<Launched> {
  const action = actionOf(call)
  const { zone, instanceType, market } = call.body as { zone?: string; instanceType?: string; market?: Market }
  const scope = { ...(zone && { zone }), ...(instanceType && { instanceType }), ...(market && { market }) }
  const request = { api: call.api, cost: call.cost, action, scope }
  return ask(calls, request, async ({ signal }) => {
    const serving = { cost: call.cost, signal, latencyMs: world.latency.createMs, refusal: refusalIn }
    return world.serve(call.api, call.body, serving, () => answerOf(world, style, call))
  })
}

/** An answer with no instance at all is a refusal in all but its form. */
function refusalIn({ instances, failures: [first] }: Launched): { kind: WorldErrorKind; code: string } | undefined {
  if (first === undefined || instances.length > 0) return undefined
  return { kind: first.reason === "quota" ? "quota" : "capacity", code: first.code }
}

function actionOf(call: LaunchCall): string {
  const offer = call.offers[0]
  const what = call.offers.length > 1 ? `instances of ${call.offers.length} pools` : offer?.instanceType
  return `launching ${call.count} x ${what} (${offer?.market}) in ${call.zone ?? offer?.region}`
}

function answerOf(world: World, style: LaunchStyle, call: LaunchCall): Launched {
  const { instances, shortages } = style.fleets ? fleetBy(world, call) : oneBy(world, call)
  if (style.settleMs === undefined) {
    return { instances: instances.map(instanceOf), failures: failuresOf(shortages), settled: true }
  }
  const outcome = { ids: instances.map(({ id }) => id), shortages: shortages as unknown as Json }
  const doneInMs = world.draw(style.settleMs)
  const { id } = world.operations.start({
    id: `operation-${call.token}-${instances[0]?.id ?? "none"}`,
    kind: OPERATION,
    doneInMs,
    outcome,
  })
  return { instances: instances.map(instanceOf), failures: [], settled: false, ref: id }
}

interface Birth {
  readonly instances: readonly WorldInstance[]
  readonly shortages: readonly Shortage[]
}

function oneBy(world: World, call: LaunchCall): Birth {
  const { instances, shortage } = madeBy(world.create(call.body as unknown as CreateRequest), call)
  return { instances, shortages: shortage === undefined ? [] : [shortage] }
}

function fleetBy(world: World, call: LaunchCall): Birth {
  const fleet = createAcross(world, call.body as unknown as FleetRequest)
  if (fleet === undefined) throw tokenMismatch()
  return { instances: fleet.ids.flatMap((id) => world.instance(id) ?? []), shortages: fleet.shortages }
}

function tokenMismatch(): WorldError {
  return new WorldError("rejected", { code: "TokenMismatch", message: "the token belongs to another request" })
}

function madeBy(
  creation: Creation,
  call: LaunchCall,
): { readonly instances: readonly WorldInstance[]; readonly shortage?: Shortage } {
  switch (creation.kind) {
    case "created":
    case "terminated":
      return creation
    case "exists":
      if (creation.instances.every(({ tags }) => sameTags(tags, call.body.tags))) return creation
      throw new WorldError("rejected", { code: "NameTaken", message: `the name ${call.names?.[0]} is somebody else's` })
    case "mismatch":
      throw tokenMismatch()
  }
}

function sameTags(tags: Readonly<Record<string, string>>, wanted: Json | undefined): boolean {
  const asked = wanted as Readonly<Record<string, string>>
  return Object.keys(asked).every((key) => tags[key] === asked[key])
}

function failuresOf(shortages: readonly Shortage[]): readonly Failure[] {
  return shortages.map((shortage) => failureOf(shortage.reason, shortage, shortage))
}

/** One look at the operation that an unsettled launch has become. */
export function settle(world: World, call: LaunchCall, ref: Json, calls: Calls): Promise<Launched> {
  const action = `settling ${actionOf(call)}`
  const cost = costIn(world, { reads: 1 })
  return ask(calls, { api: SETTLE, cost, action }, async ({ signal }) =>
    world.serve(SETTLE, { id: ref }, { cost, signal }, () => {
      const operation = world.operations.get(String(ref))
      if (operation === undefined)
        throw new WorldError("rejected", { code: "NotFound", message: `no operation ${String(ref)}` })
      const ids = operation.outcome.ids as readonly string[]
      const instances: Instance[] = ids.flatMap((id) => world.instance(id) ?? []).map(instanceOf)
      if (!operation.done) return { instances, failures: [], settled: false, ref }
      return {
        instances,
        failures: failuresOf(operation.outcome.shortages as unknown as readonly Shortage[]),
        settled: true,
      }
    }),
  )
}
