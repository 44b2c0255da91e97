export { acceleratedClock, type Clock, systemClock, VirtualClock } from "./calls/clock.js"
export { Cluster, type ClusterOptions, type Group, withCluster } from "./cluster.js"
export * from "./errors.js"
export type { ClusterEvent, ClusterEventType, EventOf } from "./events.js"
export type { WorkerState } from "./fleet/lifecycle.js"
export type { ClusterSummary } from "./fleet/listing.js"
export type { ClusterPlan, GroupPreview, PlannedCall } from "./fleet/preview.js"
export type { Receipt, ReceiptRow } from "./fleet/receipt.js"
export type { ScaleResult } from "./fleet/target.js"
export type { Worker } from "./fleet/worker.js"
export type * from "./provider.js"
export type {
  AttachSpec,
  CloseOptions,
  ClusterSpec,
  Duration,
  ListSpec,
  MarketWish,
  ProviderName,
  ScaleOptions,
  ScaleTarget,
  WorkerSpec,
} from "./spec.js"
