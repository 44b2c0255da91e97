export { type Boot, type Clock, systemClock, VirtualClock } from "./calls/clock.js"
export { acceleratedClock } from "./calls/derived-clocks.js"
export { Cluster } from "./cluster.js"
export type {
  AdaptOptions,
  Adapting,
  AdaptState,
  Demand,
  DemandCommand,
  Wanted,
} from "./demand/types.js"
export type {
  Engine,
  EngineBoot,
  EngineClient,
  EngineGroup,
  EngineHead,
  EnginePorts,
  EngineSecret,
  EngineState,
  Member,
} from "./engines/engine.js"
export {
  type Comparison,
  compareLiveReports,
  doctor,
  type DoctorLine,
  type DoctorOptions,
  type DoctorReport,
  type DoctorSpec,
  type FoundAssumption,
  type LimitSeen,
  liveDoctor,
  type LiveOptions,
  type LivePlan,
  type LiveReport,
  type Timing,
  type VerdictChange,
  type WalkOutcome,
  type WalkTold,
  writeLiveReport,
  type WrittenReport,
} from "./doctor.js"
export * from "./errors.js"
export type { ClusterEvent, ClusterEventType, EventOf } from "./events.js"
export type { WorkerState } from "./fleet/lifecycle.js"
export type { ClusterList, ClusterSummary, PlaceFailure } from "./fleet/leftovers/listing.js"
export type { Finished } from "./fleet/state/group-state.js"
export type { Barred, Explanation, FailedStartups, GroupExplanation, Waiting } from "./fleet/explain/explanation.js"
export type { PriceSpan } from "./fleet/preview/plan-price.js"
export type { BarredOffer, ClusterPlan, GroupPreview, PlannedCall } from "./fleet/preview/cluster-plan.js"
export type { FailedCheck } from "./fleet/roster/worker-record.js"
export type { Receipt, ReceiptRow } from "./fleet/reports/receipt-types.js"
export { isOurs, launchTags, TAG, tagsMatch } from "./fleet/tags.js"
export type { Why } from "./verbs/removals.js"
export type { Remain } from "./verbs/removals.js"
export type { Hindrance } from "./verbs/removals.js"
export type { SweepEvent, SweepRow } from "./verbs/removals.js"
export type { ScaleResult } from "./fleet/scaling/target.js"
export type { BootSpread, BootSummary, BootTiming, BootTimings, BootTold, PhaseSummary } from "./ready/boot-timings.js"
export type { PhaseTime, StepEnd } from "./ready/boot.js"
export type { Worker } from "./fleet/reports/worker.js"
export type { Budget } from "./money/budget.js"
export type { ClusterCost } from "./money/cost.js"
export type { Group } from "./session/group.js"
export type { ExecOptions, WorkerResult } from "./remote/exec.js"
export type { Sent } from "./remote/files/send.js"
export type { CommandOptions, CommandResult } from "./remote/output.js"
export type {
  ByteSink,
  ByteSource,
  Command,
  Ended,
  Forward,
  RemoteProcess,
  Signal,
  SpawnOptions,
} from "./remote/remote.js"
export type { FollowOptions, LogOptions } from "./session/logs/console.js"
export type { ClusterOpening, OpenAccess } from "./session/access/openings.js"
export type { ClientOptions, ClusterClient, RunOptions } from "./session/engine/client/types.js"
export type { WorkerHandle } from "./session/reach.js"
export type { AllOf, MapResult, MapRun } from "./work/map.js"
export { type Job, type JobFields, runJob } from "./run-job.js"
export { type RemoteModule, remote } from "./work/remote-module.js"
export { TaskError } from "./work/farm/task-error.js"
export type {
  CommandAt,
  CommandOutput,
  CommandTask,
  Inputs,
  Task,
  TaskContext,
  TaskFailed,
  TaskLog,
  TaskSuccess,
  WorkOptions,
  WorkState,
} from "./work/types.js"
export { fits } from "./offer.js"
export type * from "./provider.js"
export type { EngineChoice, EngineData, EngineName } from "./spec/engine/engine-data.js"
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
  FinishedOptions,
  ListSpec,
  ScaleOptions,
  ScaleTarget,
  SweepSpec,
} from "./verbs/types.js"
export { withCluster } from "./with-cluster.js"
