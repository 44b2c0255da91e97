/** Create: makes as many instances as capacity and quota allow, once per token. */
import { drawLag, drawLatency, type Made, nowOf, type Shortage, type WorldState } from "./state.js"
import type { JsonObject, Market, Offer } from "../../provider.js"
import { leave, strike } from "./ending.js"
import type { BootFault } from "../faults/faults.js"
import { type PlayedGuest, play } from "./guests.js"
import { type Life, pictureOf, stateAt, type WorldInstance } from "./life.js"
import { hexDigits } from "./luck.js"
import { WorldError } from "../requests/world-error.js"

export interface CreateRequest {
  readonly zone: string
  readonly instanceType: string
  readonly market: Market
  /** With fewer than so many to be had, nothing is made. */
  readonly min: number
  readonly max: number
  readonly tags: Readonly<Record<string, string>>
  /** The same token with the same request returns what the first one made. */
  readonly token?: string
  /** Tokens of different scopes have nothing to do with each other; the zone when left out. */
  readonly tokenScope?: string
  /** One for each of `max`: a name is unique within its scope while its instance exists. */
  readonly names?: readonly string[]
  /** The zone when left out. */
  readonly nameScope?: string
  /** Anything that a wire wants back: image, subnet, user data. */
  readonly attributes?: JsonObject
  readonly publicAddress?: boolean
  /** It ends by itself then, in milliseconds since 1970: a maximum run time, a timer in the guest. */
  readonly expiresAt?: number
  /** What becomes of one whose guest powers it off; "stop" when left out. */
  readonly onPowerOff?: "stop" | "end"
  /** What its guest does where the world itself plays it; nothing when left out. */
  readonly guest?: PlayedGuest
}

/**
 * `mismatch`: the token belongs to another request. `terminated`: all that it made has ended. `exists`: a name
 * is taken, by these; nothing was made.
 */
export type Creation =
  | {
      readonly kind: "created"
      readonly instances: readonly WorldInstance[]
      readonly shortage?: Shortage
      /** These were made before, under the same token. */
      readonly replayed: boolean
    }
  | { readonly kind: "mismatch" }
  | { readonly kind: "terminated"; readonly instances: readonly WorldInstance[]; readonly shortage?: Shortage }
  | { readonly kind: "exists"; readonly instances: readonly WorldInstance[] }

export function create(state: WorldState, request: CreateRequest): Creation {
  const offer = soldOffer(state, request)
  const { token, tokenScope = request.zone, ...parameters } = request
  if (token !== undefined) {
    const known = state.made.find(tokenScope, token, parameters, nowOf(state))
    if (known.kind === "mismatch") return known
    if (known.kind === "known") return replay(state, known.made)
  }
  const taken = (request.names ?? []).flatMap((name) => state.names.get(nameKeyOf(request, name)) ?? [])
  if (taken.length > 0) return { kind: "exists", instances: taken.map((life) => pictureNow(state, life)) }
  const made = make(state, offer, request)
  if (token !== undefined) state.made.keep(tokenScope, token, parameters, made, nowOf(state))
  return { kind: "created", ...shown(state, made), replayed: false }
}

function soldOffer(state: WorldState, request: CreateRequest): Offer {
  const offer = state.catalogue.find(request)
  const { zone, instanceType, market, min, max, names } = request
  if (offer === undefined) {
    throw new WorldError("rejected", { code: "NotSold", message: `${instanceType} (${market}) is not sold in ${zone}` })
  }
  if (!(Number.isInteger(min) && Number.isInteger(max) && min >= 1 && max >= min)) {
    throw new WorldError("rejected", {
      code: "InvalidCount",
      message: `min ${min} and max ${max} are not 1 <= min <= max`,
    })
  }
  if (names !== undefined && new Set(names).size !== max) {
    throw new WorldError("rejected", { code: "InvalidNames", message: `${max} instances need ${max} different names` })
  }
  return offer
}

function make(state: WorldState, offer: Offer, request: CreateRequest): Made {
  const { min, max } = request
  const quota = state.quotas.room(offer)
  const free = state.pools.free(offer)
  const possible = Math.min(max, quota.count, free)
  const count = possible < min ? 0 : possible
  const ids = Array.from({ length: count }, (_, index) => give(state, offer, request, index).id)
  if (count === max) return { ids }
  const short = { count: max - count }
  if (quota.row === undefined || quota.count > free) return { ids, shortage: { ...short, ...capacityShortage(offer) } }
  const { name, limit, used, scope } = quota.row
  const message = `quota ${name} allows ${Math.max(0, limit - used)} more vCPUs`
  return { ids, shortage: { ...short, reason: "quota", scope, code: "QuotaExceeded", message } }
}

function capacityShortage(offer: Offer): Omit<Shortage, "count"> {
  const { zone, instanceType, market } = offer
  const message = `no more ${instanceType} (${market}) in ${zone} now`
  return { reason: "capacity", scope: { zone, instanceType, market }, code: "InsufficientCapacity", message }
}

/** Makes one instance. */
function give(state: WorldState, offer: Offer, request: CreateRequest, index: number): Life {
  const now = nowOf(state)
  const bootMs = drawLatency(state, "bootMs")
  const fault = state.faults.nextBoot(offer)
  const life = newLife(state, offer, request, index, fault === undefined ? now + bootMs : Number.POSITIVE_INFINITY)
  state.inventory.add(life)
  state.pools.take(offer, 1)
  state.quotas.take(offer, 1)
  if (life.nameKey !== undefined) state.names.set(life.nameKey, life)
  if (fault !== undefined) failBoot(state, life, fault, now + bootMs)
  if (life.expiresAt !== Number.POSITIVE_INFINITY) leave(state, life, { at: life.expiresAt })
  if (request.guest !== undefined) play(state, life, request.guest)
  for (const storm of state.faults.stormsAt(now)) strike(state, life, storm)
  return life
}

function failBoot(state: WorldState, life: Life, fault: BootFault, at: number): void {
  if (fault.how === "stuck") return
  const { reason = "boot", code = "BootFailed", message = "the instance failed to start" } = fault
  leave(state, life, { at, stopMs: 0, endReason: { reason, code, message } })
}

function newLife(state: WorldState, offer: Offer, request: CreateRequest, index: number, runningAt: number): Life {
  const order = state.inventory.size + 1
  const name = request.names?.[index]
  const never = Number.POSITIVE_INFINITY
  return {
    id: newId(state),
    order,
    offer,
    tags: request.tags,
    attributes: request.attributes ?? {},
    privateIp: state.settings.addresses(order, "private"),
    createdAt: nowOf(state),
    runningAt,
    shownAfterMs: drawLag(state),
    onPowerOff: request.onPowerOff ?? "stop",
    expiresAt: Math.max(nowOf(state), request.expiresAt ?? never),
    console: "",
    stoppedAt: never,
    noticeAt: never,
    leavesAt: never,
    endsAt: never,
    endShownAfterMs: 0,
    endReason: undefined,
    endedByRequest: false,
    released: false,
    ...(name === undefined ? {} : { name, nameKey: nameKeyOf(request, name) }),
    ...(request.publicAddress === true ? { publicIp: state.settings.addresses(order, "public") } : {}),
  }
}

function newId(state: WorldState): string {
  for (;;) {
    const id = state.settings.ids((digits) => hexDigits(digits, state.luck.ids))
    if (state.inventory.get(id) === undefined) return id
  }
}

function nameKeyOf(request: CreateRequest, name: string): string {
  return `${request.nameScope ?? request.zone}/${name}`
}

function replay(state: WorldState, made: Made): Creation {
  const now = nowOf(state)
  const isOver = (id: string) => (state.inventory.get(id)?.endsAt ?? 0) <= now
  if (made.ids.length > 0 && made.ids.every(isOver)) return { kind: "terminated", ...shown(state, made) }
  return { kind: "created", ...shown(state, made), replayed: true }
}

function shown(
  state: WorldState,
  { ids, shortage }: Made,
): { instances: readonly WorldInstance[]; shortage?: Shortage } {
  const lives = ids.flatMap((id) => state.inventory.get(id) ?? [])
  const instances = lives.map((life) => pictureNow(state, life))
  return { instances, ...(shortage === undefined ? {} : { shortage }) }
}

function pictureNow(state: WorldState, life: Life): WorldInstance {
  return pictureOf(life, stateAt(life, nowOf(state)) ?? "pending")
}
