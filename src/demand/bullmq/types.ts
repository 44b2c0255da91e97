/** As much of BullMQ as is used here, as types: whoever imports this entry needs no package of BullMQ's for its types. */

/** A queue of BullMQ's: `new Queue(name, { connection })`. */
export interface BullQueue {
  readonly name: string
  getJobCounts(...types: ("waiting" | "active" | "prioritized")[]): Promise<Readonly<Record<string, number>>>
  /** Delayed jobs that were to begin before this moment, in milliseconds since 1970. */
  getDelayedCount(timestamp?: number): Promise<number>
  getMeta(): Promise<BullMeta>
  getRateLimitTtl(maxJobs?: number): Promise<number>
}

/** What is set for a whole queue. */
export interface BullMeta {
  readonly paused?: boolean
  /** How many jobs may run at once. */
  readonly concurrency?: number
  /** So many jobs may begin in `duration` milliseconds. */
  readonly max?: number
  readonly duration?: number
}

/** A job of BullMQ's, as a processor is given it. */
export interface BullJob {
  readonly id?: string | undefined
  readonly name: string
  moveToWait(token?: string): Promise<unknown>
}

/** A worker of BullMQ's: `new Worker(name, processor, { connection })`. */
export interface BullWorker {
  readonly name: string
  close(force?: boolean): Promise<void>
  once(event: "closed", listener: () => void): unknown
  cancelJob?(jobId: string, reason?: string): boolean
}
