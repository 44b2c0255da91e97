/** Asking: the calls of whoever opens a cluster, before there is anything to keep; each is an event. */
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
  /** Collects places that may not be looked at. */
  readonly unlistable?: Set<Provider>
}

/** Nothing is known yet, so that what passes is waited out. */
export function openingCalls({ clock, signal, emit }: OpeningContext, provider: Provider, readOnly = false): Calls {
  const { limits } = provider
  return createCalls({ clock, limits, signal, readOnly, patience: OPENING, report: reportTo(emit, provider) })
}
