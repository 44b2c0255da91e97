/** What opens a cluster. */
import type { Clock } from "../../calls/clock.js"
import type { Provider } from "../../provider.js"
import type { ClusterEventBody } from "../../events.js"
import type { OwnershipError } from "../../errors.js"

export interface OpenOptions {
  readonly clock: Clock
  /** Where journals are kept, with what is known of offers beside them; false: nothing is kept. */
  readonly journal: string | false
  readonly signal: AbortSignal
  /** `create`: refuse a name that lives, unless the spec says `connect`. `attach`: there must be one. */
  readonly mode: "create" | "attach"
  /** Collects places whose instances may not be listed. */
  readonly unlistable?: Set<Provider>
  /** Uids under which this process has ended what it made, because another cluster had the name. */
  readonly ended: readonly string[]
  /** Whether a cluster that lives is claimed at once; else by the first verb that changes something. */
  readonly takeOver: boolean
  /** Nothing is read but what lives, once: it is only watched. */
  readonly quick?: boolean
  readonly emit: (event: ClusterEventBody) => void
  readonly wake: (withinMs?: number) => void
  readonly disown: (error: OwnershipError) => void
  /** Whether a caller waits for one of the cluster's methods. */
  readonly hasPendingCalls: () => boolean
  /** Ends the whole cluster, and tells whoever waits for it the reason. */
  readonly closeFor: (reason: Error) => void
}
