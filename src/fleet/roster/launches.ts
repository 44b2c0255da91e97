/** Launches: the launch calls of a cluster of which more may come, kept by group. */
import type { Failure, Json, LaunchCall, Provider } from "../../provider.js"
import { zoneKey } from "./keys.js"

/**
 * `waiting`: not admitted, may be thrown away. `sent`: admitted, no answer yet. `unknown`: it may have been done.
 * `unsettled`: answered, more may come. `settled`: no more can come.
 */
export type LaunchState = "waiting" | "sent" | "unknown" | "unsettled" | "settled"

/** A launch call on its way through its states. `Launches` moves it. */
export interface Launch {
  readonly provider: Provider
  readonly call: LaunchCall
  readonly wish: string
  /** The generation that made it: a replay may be of an earlier one. */
  readonly generation: number
  readonly state: LaunchState
  /** Its intent is in the journal, so its outcome belongs there too. */
  journaled: boolean
  failures: readonly Failure[]
  ref?: Json
  /** When it was sent first, in milliseconds since 1970; 0 before. */
  firstSentAt: number
  /** When it was last sent, or was found to have no answer, in milliseconds since 1970; 0 before. */
  sentAt: number
  /** When it last went on the wire, in milliseconds since 1970; 0 before. */
  onWireAt: number
  /** When an unsettled launch was last polled, in milliseconds since 1970. */
  polledAt: number
  /** How often its create request was on the wire and was not refused for its pace alone. */
  creates: number
  /** How often it was sent again after an outcome that stayed unknown. */
  replays: number
  /** How many places left the group unanswered when it was made: more of them make its replays slower. */
  readonly unansweredPlaces: number
  /** Abandoned: it is not replayed, and its instances are launched elsewhere once none can come of it. */
  isAbandoned?: boolean
  /** How many complete lists that could not miss it any more have shown nothing of it. */
  emptyLists: number
  /** How many polls of its outcome have failed. */
  failedPolls: number
  /** What the last try to find out its outcome came to, in the cloud's words. */
  lastAnswer?: string
  abort: AbortController
  /** Gives back what the account's concurrency limits lend; called once it is settled. */
  release: () => void
}

/**
 * Launch calls of which more may come. Of a burst tens of thousands wait for their turn, of which a pass needs to know for how
 * many instances they are: that is counted here, where alone they are added and moved.
 */
export class Launches {
  readonly #byToken = new Map<string, Launch>()
  readonly #byGroup = new Map<string, Set<Launch>>()
  /** Those that were sent, or may have been. */
  readonly #asked = new Set<Launch>()
  readonly #askedIn = new Map<string, Set<Launch>>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #waitingAt = new Map<Provider, number>()

  get size(): number {
    return this.#byToken.size
  }

  add(launch: Launch): void {
    const { token, group } = launch.call
    this.#byToken.set(token, launch)
    const own = this.#byGroup.get(group)
    if (own === undefined) this.#byGroup.set(group, new Set([launch]))
    else own.add(launch)
    this.#note(launch, 1)
  }

  delete(launch: Launch): void {
    const { token, group } = launch.call
    if (!this.#byToken.delete(token)) return
    this.#byGroup.get(group)?.delete(launch)
    this.#note(launch, -1)
  }

  /** Moves a launch call to a state. */
  move(launch: Launch, state: LaunchState): void {
    const isKept = this.#byToken.get(launch.call.token) === launch
    if (isKept) this.#note(launch, -1)
    const moved: { state: LaunchState } = launch
    moved.state = state
    if (isKept) this.#note(launch, 1)
  }

  /** @param change 1: it is in its state from now on; -1: it is not any more. */
  #note(launch: Launch, change: 1 | -1): void {
    const { state, provider, call } = launch
    if (state !== "waiting") {
      const own = this.#askedIn.get(call.group) ?? new Set<Launch>()
      this.#askedIn.set(call.group, own)
      for (const set of [this.#asked, own]) {
        if (change > 0) set.add(launch)
        else set.delete(launch)
      }
      return
    }
    this.#waitingAt.set(provider, (this.#waitingAt.get(provider) ?? 0) + change)
    const own = this.#waiting.get(call.group) ?? { count: 0, zones: new Map<string, number>() }
    this.#waiting.set(call.group, own)
    own.count += change * call.count
    if (call.zone === undefined) return
    const key = zoneKey({ provider: provider.name, region: provider.region, zone: call.zone })
    own.zones.set(key, (own.zones.get(key) ?? 0) + change * call.count)
  }

  get(token: string): Launch | undefined {
    return this.#byToken.get(token)
  }

  has(token: string): boolean {
    return this.#byToken.has(token)
  }

  /** Those of which more may come, of a group or of all. */
  open(group?: string): Launch[] {
    const open: Launch[] = []
    for (const launch of group === undefined ? this.#byToken.values() : (this.#byGroup.get(group) ?? []))
      if (launch.state !== "settled") open.push(launch)
    return open
  }

  /** Those of which more may come that were sent, or may have been, of a group or of all. */
  asked(group?: string): Launch[] {
    const asked: Launch[] = []
    for (const launch of group === undefined ? this.#asked : (this.#askedIn.get(group) ?? []))
      if (launch.state !== "settled") asked.push(launch)
    return asked
  }

  /** For how many instances of a group launch calls wait that were not sent yet: in all, and by `zoneKey` where they name a zone. */
  waiting(group: string): Waiting {
    return this.#waiting.get(group) ?? NONE
  }

  /** How many to this provider were not sent yet. */
  waitingAt(provider: Provider): number {
    return this.#waitingAt.get(provider) ?? 0
  }

  /** Whether one to this provider is open: it was sent, or may be. */
  isOpenAt(provider: Provider): boolean {
    if (this.waitingAt(provider) > 0) return true
    return this.asked().some((launch) => launch.provider === provider)
  }

  /** Whether any has an answer to come. */
  isOnWire(): boolean {
    for (const { state } of this.#asked) if (state === "sent") return true
    return false
  }
}

export interface Waiting {
  count: number
  readonly zones: Map<string, number>
}

const NONE: Readonly<Waiting> = { count: 0, zones: new Map() }
