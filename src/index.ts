export { type Boot, type Clock, systemClock, VirtualClock } from "./calls/clock.js"
export { acceleratedClock } from "./calls/derived-clocks.js"
export { Cluster } from "./cluster.js"
export * from "./errors.js"
export type { ClusterEvent, ClusterEventType, EventOf } from "./events.js"
export type { WorkerState } from "./fleet/lifecycle.js"
export type { ClusterList, ClusterSummary, PlaceFailure } from "./fleet/remains/listing.js"
export type { Barred, Explanation, GroupExplanation, Waiting } from "./fleet/explain/explain.js"
export type { PriceSpan } from "./fleet/preview/plan-price.js"
export type { BarredOffer, ClusterPlan, GroupPreview, PlannedCall } from "./fleet/preview/preview.js"
export type { Receipt, ReceiptRow } from "./fleet/receipt.js"
export { isOurs, launchTags, TAG, tagsMatch } from "./fleet/tags.js"
export type { Why } from "./fleet/remains/orphans.js"
export type { Remain } from "./fleet/remains/remains.js"
export type { Hindrance, SweepEvent, SweepRow } from "./fleet/remains/sweep.js"
export type { ScaleResult } from "./fleet/scaling/target.js"
export type { Worker } from "./fleet/worker.js"
export type { Budget } from "./money/budget.js"
export type { ClusterCost } from "./money/cost.js"
export type { Group } from "./session/group.js"
export { fits } from "./offer.js"
export type * from "./provider.js"
export type { ProviderData } from "./spec/provider-data.js"
export type { ProviderName } from "./spec/provider-schema.js"
export type {
  ClusterFields,
  ClusterSpec,
  Duration,
  MarketWish,
  Order,
  ProviderChoice,
  Share,
  WorkerFields,
  WorkerSpec,
} from "./spec/types.js"
export type {
  AttachSpec,
  CloseOptions,
  ClusterOptions,
  DetachOptions,
  ListSpec,
  ScaleOptions,
  ScaleTarget,
  SweepSpec,
} from "./session/verb-types.js"
export { withCluster } from "./session/with-cluster.js"
