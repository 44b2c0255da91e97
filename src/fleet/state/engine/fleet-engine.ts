/** Fleet engine: what a cluster has beside its groups where an engine makes one computer of them. */
import type { Engine, EngineState } from "../../../engines/engine.js"
import type { HeadLife } from "../../../spec/engine/head-life.js"
import type { EngineSecrets } from "./secrets.js"

export interface FleetEngine extends HeadLife {
  readonly engine: Engine
  readonly secrets: EngineSecrets
  /** The head's address that workers are told by what was prepared for them, by `preparedKey`. */
  readonly told: Map<string, string>
  /** How it goes with asking the head. */
  readonly contact: Contact
  /** How often it is asked, at least, while nobody is waited for, in milliseconds. */
  readonly pace: { restMs: number }
  /**
   * Asks the head now; a question that is on its way is shared. Undefined: what talks to it is not loaded yet.
   *
   * @throws TransientError where it does not answer, TimeoutError where that takes long; MusterError where there is no head.
   */
  ask: (() => Promise<EngineState>) | undefined
  /** Nothing is launched: what follows from the loss of the head is being decided, or all is about to end. */
  isHalted: boolean
  /** Called before each plan: what follows when the head is lost. */
  judgeHead: () => void
  /** A caller waits for one of the cluster's methods. */
  readonly isAwaited: () => boolean
  /** Ends all of the cluster: whoever waits for it is told the reason. */
  readonly closeFor: (reason: Error) => void
}

/** What the head has said last, and since when it says nothing. Moments are in milliseconds since 1970. */
export interface Contact {
  /** The id of the head's instance that the others are about. */
  headId?: string
  state?: EngineState
  answeredAt?: number
  /** When the first question was asked that it has not answered since; absent: it has answered the last one. */
  silentFrom?: number
  /** Why it has not answered the last one. */
  silence?: string
}
