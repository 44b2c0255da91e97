/** The small cloud: its world, its provider, its faults. */
export { type Clock, VirtualClock } from "../calls/clock.js"
export type { Pool, TypeSpec } from "./stock/catalogue.js"
export { DEFAULT_TYPES } from "./stock/catalogue.js"
export { httpDate } from "./requests/http-date.js"
export { fits, inScope } from "../offer.js"
export type { CreateRequest, Creation } from "./world/create.js"
export type { Shortage } from "./world/state.js"
export type {
  BootFault,
  CheckFault,
  Failing,
  FailKind,
  Fault,
  Interrupting,
  StartupEnd,
  Storm,
} from "./faults/faults.js"
export type { Faults } from "./faults/faults.js"
export type { WorldFilter } from "./world/inventory.js"
export type { Ledger, LedgerEntry } from "./requests/ledger.js"
export type { GuestBoot, WorldInstance } from "./world/life.js"
export type { EndReason } from "./faults/faults.js"
export type { PlayedGuest } from "./world/guests.js"
export type { Span } from "./world/luck.js"
export type { Operation, Operations } from "./world/operations.js"
export type { GuestTimes, Latency, WorldLimits, WorldOptions, WorldSettings } from "./world/options.js"
export type { CapacityRow } from "./stock/pools.js"
export { worldProvider, type WorldProviderOptions } from "./provider/provider.js"
export type { QuotaRow, QuotaUse } from "./stock/quotas.js"
export type { Resource, ResourceFilter, Resources } from "./world/resources.js"
export { arrange, type Scenario, type ScenarioName, type ScenarioStep, scenarios } from "./scenarios.js"
export type { Serving } from "./world/serve.js"
export { type SimulatedCloud, type SimulateOptions, simulate } from "./simulate.js"
export type { CallCount } from "./requests/tally.js"
export type { Recollection, Tokens } from "./world/tokens.js"
export { World } from "./world/world.js"
export { WorldError, type WorldErrorKind, type WorldErrorWords } from "./requests/world-error.js"
