/**
 * The life of one instance as moments. Its state at any time is computed from them, so that nothing has to happen when
 * an instance boots: 10,000 of them cost no timers.
 */
import type { EndReason } from "../faults/faults.js"
import type { InstanceState, JsonObject, Market, Offer } from "../../provider.js"

/** Moments are in milliseconds since 1970, and Infinity when they will not come. */
export interface Life {
  readonly id: string
  readonly order: number
  readonly name?: string
  readonly nameKey?: string
  readonly offer: Offer
  tags: Readonly<Record<string, string>>
  readonly attributes: JsonObject
  readonly privateIp: string
  readonly publicIp?: string
  readonly createdAt: number
  readonly runningAt: number
  /** What becomes of it when its guest powers it off. */
  readonly onPowerOff: "stop" | "end"
  /** When it ends by itself, unless it is stopped before. */
  readonly expiresAt: number
  /** What its guest has written to its console. */
  console: string
  /** How much later than they happen birth and boot are seen in lists. */
  readonly shownAfterMs: number
  /** How its guest boots, where the world plays one. */
  guestBoot?: GuestBoot
  stoppedAt: number
  noticeAt: number
  /** From here on it is terminating: there is no way back and no bill. */
  leavesAt: number
  endsAt: number
  endShownAfterMs: number
  endReason: EndReason | undefined
  /** A request ended it, and it did not end by itself. */
  endedByRequest: boolean
  /** Its place in pool and quota is free again. */
  released: boolean
}

/** What a guest's boot comes to, in truth: milliseconds since 1970, and Infinity for what never comes. */
export interface GuestBoot {
  readonly startedAt: number
  /** Steps before `startup`, each with its end. */
  readonly steps: readonly (readonly [step: string, endedAt: number])[]
  /** When its checks pass, where it has some. */
  readonly readyAt?: number
}

/** What the outside sees of an instance. */
export interface WorldInstance {
  readonly id: string
  /** Only when it was made with a name. */
  readonly name?: string
  /** Grows with every instance made: a cursor for pages. */
  readonly order: number
  readonly state: InstanceState
  readonly offer: Offer
  readonly zone: string
  readonly instanceType: string
  readonly market: Market
  readonly tags: Readonly<Record<string, string>>
  /** What the create request left here: image, subnet, user data. */
  readonly attributes: JsonObject
  readonly privateIp: string
  readonly publicIp?: string
  readonly createdAt: number
  /** Only once it runs. */
  readonly runningAt?: number
  /** Only while it is stopped. */
  readonly stoppedAt?: number
  /** Since when it is terminating: the end of its bill. Only once it is. */
  readonly leftAt?: number
  /** Only once it is terminated. */
  readonly endedAt?: number
  readonly endReason?: EndReason
  /** Only once it is terminating, and where a request ended it. */
  readonly endedByRequest?: true
}

/** The state in truth; undefined before its birth. */
export function stateAt(life: Life, now: number): InstanceState | undefined {
  return stateWith(life, now, 0, 0)
}

/** The state that lists show, which follow the truth late; undefined while they do not show it yet. */
export function shownAt(life: Life, now: number): InstanceState | undefined {
  return stateWith(life, now, life.shownAfterMs, life.endShownAfterMs)
}

function stateWith(life: Life, now: number, birthLagMs: number, endLagMs: number): InstanceState | undefined {
  if (now < life.createdAt + birthLagMs) return undefined
  if (now >= life.endsAt + endLagMs) return "terminated"
  if (now >= life.leavesAt + endLagMs) return "terminating"
  if (now >= life.stoppedAt + birthLagMs) return "stopped"
  return now >= life.runningAt + birthLagMs ? "running" : "pending"
}

/** A picture of the life in that state. */
export function pictureOf(life: Life, state: InstanceState): WorldInstance {
  const { id, order, name, offer, tags, attributes, privateIp, publicIp, createdAt } = life
  const isLeaving = state === "terminating" || state === "terminated"
  const hasRun = state !== "pending" && life.runningAt <= life.leavesAt && life.runningAt !== Number.POSITIVE_INFINITY
  return {
    id,
    order,
    state,
    offer,
    zone: offer.zone,
    instanceType: offer.instanceType,
    market: offer.market,
    tags,
    attributes,
    privateIp,
    createdAt,
    ...(name === undefined ? {} : { name }),
    ...(publicIp === undefined ? {} : { publicIp }),
    ...(hasRun ? { runningAt: life.runningAt } : {}),
    ...(state === "stopped" ? { stoppedAt: life.stoppedAt } : {}),
    ...(isLeaving ? { leftAt: life.leavesAt } : {}),
    ...(state === "terminated" ? { endedAt: life.endsAt } : {}),
    ...(isLeaving && life.endReason !== undefined ? { endReason: life.endReason } : {}),
    ...(isLeaving && life.endedByRequest ? { endedByRequest: true } : {}),
  }
}

/** What a cloud bills beside running. */
export interface Billing {
  /** Until it is terminated. */
  readonly billsUntilGone: boolean
  /** While it is stopped. */
  readonly billsStopped: boolean
}

/** For how long it is paid for, in milliseconds: while it runs, and while the cloud bills what is not running; not while pending. */
export function paidMs(life: Life, now: number, { billsUntilGone, billsStopped }: Billing): number {
  const end = billsUntilGone && life.runningAt < life.leavesAt ? life.endsAt : life.leavesAt
  return Math.max(0, Math.min(now, end, billsStopped ? end : life.stoppedAt) - life.runningAt)
}
