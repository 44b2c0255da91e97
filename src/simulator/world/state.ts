/** What a world holds: the stages (create, end, serve) are functions over it. */
import type { Scope } from "../../provider.js"
import type { Agenda } from "./agenda.js"
import type { Buckets } from "../requests/buckets.js"
import type { Catalogue } from "../stock/catalogue.js"
import type { Faults } from "../faults/faults.js"
import type { Inventory } from "./inventory.js"
import type { Ledger } from "../requests/ledger.js"
import type { Life } from "./life.js"
import { sampleSpan, type Luck } from "./luck.js"
import type { Latency, WorldSettings } from "./options.js"
import type { Pools } from "../stock/pools.js"
import type { Quotas } from "../stock/quotas.js"
import type { Resources } from "./resources.js"

import type { Tokens } from "./tokens.js"

/** What a create request made: kept under its token. */
export interface Made {
  readonly ids: readonly string[]
  readonly shortage?: Shortage
}

export interface WorldState {
  readonly settings: WorldSettings
  latency: Latency
  readonly luck: Luck
  readonly agenda: Agenda
  readonly ledger: Ledger
  readonly faults: Faults
  readonly catalogue: Catalogue
  readonly pools: Pools
  readonly quotas: Quotas
  readonly buckets: Buckets
  readonly inventory: Inventory
  readonly resources: Resources
  readonly made: Tokens<Made>
  /** Names in use, by scope and name. */
  readonly names: Map<string, Life>
  /** Instances that were given notice and may still be there. */
  readonly noticed: Set<Life>
}

export function nowOf(state: WorldState): number {
  return state.settings.clock.now()
}

/** How late the next change will be seen in lists. */
export function drawLag(state: WorldState): number {
  return Math.max(state.faults.listLagMs, sampleSpan(state.settings.listLagMs, state.luck.delays))
}

export function drawLatency(state: WorldState, kind: keyof Latency): number {
  return sampleSpan(state.latency[kind], state.luck.delays)
}

/** Why `count` of `max` were not made. */
export interface Shortage {
  readonly reason: "capacity" | "quota"
  readonly count: number
  readonly scope: Scope
  readonly code: string
  readonly message: string
}
