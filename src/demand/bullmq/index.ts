/** `muster-vms/bullmq`: queues of BullMQ's as demand, and workers that hand their jobs back. It imports nothing of BullMQ's. */
export { bullmq, type BullDemand, type BullDemandOptions, type BullLimiter, type BullWanted } from "./demand.js"
export { type Drained, type Draining, drainOnNotice, type DrainOptions, type JobTime } from "./drain.js"
export { drainNotice } from "./notice.js"
export type { BullJob, BullMeta, BullQueue, BullWorker } from "./types.js"
