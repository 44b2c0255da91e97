/** Places: the workers of a cluster as work sees them: types only. */
import type { Clock } from "../../calls/clock.js"
import type { InsideRemote } from "../../remote/inside/inside.js"
import type { Remote } from "../../remote/remote.js"
import type { Channels } from "./channels.js"

/** One worker. */
export interface Place {
  readonly id: string
  readonly name: string
  readonly group: string
  /** It takes work: it runs, and has passed its checks where it has some. */
  readonly isReady: boolean
  /** It goes at that moment (milliseconds since 1970): it has a notice, or is to be ended. */
  readonly endsAt?: number
  /** We have chosen that end: what runs there may go on until then. */
  readonly isDraining?: true
  /** How what runs there is started: in the worker's container, where it has one and the work does not leave it. */
  remote(): Promise<Remote>
  /** The same where that is in a container; left out: it is on the machine. */
  inside?(): Promise<InsideRemote>
}

export interface Places {
  readonly clock: Clock
  /** Programs on them that calls share. */
  readonly channels: Channels
  /** The workers that live now. */
  list(): readonly Place[]
  /** Why no worker will come, of that group or of any: the cluster is closed, wants none, or gets none. Undefined while one may. */
  problem(group: string | undefined): Error | undefined
  /** Calls `changed` when a worker has come, changed or gone; returns what ends that. */
  watch(changed: () => void): () => void
  /** Does something on a worker unless it was done there before under the same key, in this process; what failed is done again. */
  once(id: string, key: string, work: () => Promise<void>): Promise<void>
  /** Says that a worker is at work, or is not any more: idle ones are ended first. */
  busy(id: string, isBusy: boolean): void
}
