/** Opening calls: the calls of opening a cluster, before there is a fleet; each is an event. */
import type { Clock } from "../../calls/clock.js"
import { OPENING } from "../../calls/retry.js"
import { createCalls } from "../../calls/send.js"
import type { ClusterEventBody } from "../../events.js"
import type { Calls, Provider } from "../../provider.js"
import { reportTo } from "../state/reported.js"

export interface OpeningContext {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly emit: (event: ClusterEventBody) => void
  /** Collects places whose instances may not be listed. */
  readonly unlistable?: Set<Provider>
}

/** No state is known yet: passing failures are waited out. */
export function openingCalls({ clock, signal, emit }: OpeningContext, provider: Provider, readOnly = false): Calls {
  const { limits } = provider
  return createCalls({ clock, limits, signal, readOnly, patience: OPENING, report: reportTo(emit, provider) })
}
