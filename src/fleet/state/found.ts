/** Found: what lives under a cluster's name already. */
import type { BillRow } from "../journal/journal.js"
import type { OpenIntent } from "../journal/types.js"
import type { Instance, Provider } from "../../provider.js"

/** One cluster of the name, as its tags and journals tell. */
export interface Found {
  readonly uid: string
  /** The highest generation that any of its tags or journals names. */
  readonly generation: number
  /** Seconds since 1970, as in the tags. */
  readonly deadline: string
  readonly instances: readonly FoundInstance[]
  /** Launch calls that may have made, or may still make, instances. */
  readonly open: readonly OpenIntent[]
  /** Instances that answers to launch calls named a moment ago, and that no list shows yet. */
  readonly unlisted: readonly Unlisted[]
  /** It has no instance, and no journal of this machine tells whether a launch call is on its way. */
  readonly isUncertain?: true
  /** What the journals say of bills; absent when there are none of this cluster. */
  readonly bills?: readonly BillRow[]
  /** Tokens of launch calls that were given up: what they still bring is not wanted. */
  readonly givenUp?: readonly string[]
}

export interface FoundInstance {
  readonly provider: Provider
  readonly instance: Instance
  /** When the list that shows it was begun, in milliseconds since 1970. */
  readonly begun: number
}

export interface Unlisted {
  readonly provider: Provider
  readonly instance: Instance
  /** When the launch call that made it was sent, in milliseconds since 1970. */
  readonly at: number
}
