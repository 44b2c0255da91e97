/** Launches: the launch calls of a cluster of which more may come, kept by group. */
import type { Failure, Json, LaunchCall, Provider } from "../provider.js"

/**
 * `waiting`: not admitted, may be thrown away. `sent`: admitted, no answer yet. `unknown`: it may have been done.
 * `unsettled`: answered, more may come. `settled`: no more can come.
 */
export type LaunchState = "waiting" | "sent" | "unknown" | "unsettled" | "settled"

/** A launch call on its way through its states. */
export interface Launch {
  readonly provider: Provider
  readonly call: LaunchCall
  readonly wish: string
  /** The generation that made it: a replay may be of an earlier one. */
  readonly generation: number
  state: LaunchState
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
  /** When an unsettled one was last looked at, in milliseconds since 1970. */
  lookedAt: number
  /** How often its create request was on the wire and was not refused for its pace alone. */
  creates: number
  /** How often it was sent again after an outcome that stayed unknown. */
  replays: number
  /** How many places had answered the group nothing when it was made: it is sent again the more slowly. */
  readonly doubts: number
  /** It is not sent again, and swept as at zero: what it was for is launched elsewhere once nothing can come of it. */
  isForsaken?: boolean
  /** How many complete lists that could not miss it any more have shown nothing of it. */
  emptyLists: number
  /** How many looks at what became of it have failed. */
  failedLooks: number
  /** What the last try to find out its outcome came to, in the cloud's words. */
  lastAnswer?: string
  abort: AbortController
  /** Gives back what the account's concurrency limits lend; called once it is settled. */
  release: () => void
}

export class Launches {
  readonly #byToken = new Map<string, Launch>()
  readonly #byGroup = new Map<string, Set<Launch>>()

  get size(): number {
    return this.#byToken.size
  }

  add(launch: Launch): void {
    const { token, group } = launch.call
    this.#byToken.set(token, launch)
    const own = this.#byGroup.get(group)
    if (own === undefined) this.#byGroup.set(group, new Set([launch]))
    else own.add(launch)
  }

  delete(launch: Launch): void {
    const { token, group } = launch.call
    this.#byToken.delete(token)
    this.#byGroup.get(group)?.delete(launch)
  }

  get(token: string): Launch | undefined {
    return this.#byToken.get(token)
  }

  has(token: string): boolean {
    return this.#byToken.has(token)
  }

  /** Those of a group, also what was settled a moment ago. */
  of(group: string): Iterable<Launch> {
    return this.#byGroup.get(group) ?? []
  }

  /** Those of which more may come, of a group or of all. */
  open(group?: string): Launch[] {
    const open: Launch[] = []
    for (const launch of group === undefined ? this.#byToken.values() : this.of(group))
      if (launch.state !== "settled") open.push(launch)
    return open
  }

  /** Whether one to this provider is open: it was sent, or may be. */
  isOpenAt(provider: Provider): boolean {
    for (const launch of this.#byToken.values())
      if (launch.provider === provider && launch.state !== "settled") return true
    return false
  }

  /** Whether one to this provider was not sent yet. */
  isWaitingAt(provider: Provider): boolean {
    for (const launch of this.#byToken.values())
      if (launch.provider === provider && launch.state === "waiting") return true
    return false
  }

  /** Whether any has an answer to come. */
  isOnWire(): boolean {
    for (const { state } of this.#byToken.values()) if (state === "sent") return true
    return false
  }
}
