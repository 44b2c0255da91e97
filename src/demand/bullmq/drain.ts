/** Drain: what a worker of BullMQ's does when the machine that it runs on is about to end. */
import { type Clock, systemClock } from "../../calls/clock.js"
import { SpecError, type SpecProblem } from "../../errors.js"
import { HeldJobs } from "./held-jobs.js"
import { listen, type Notice } from "./notice.js"
import type { BullJob, BullWorker } from "./types.js"

/** How much time a job has, and has had. */
export interface JobTime {
  /** Until the jobs that still run go back. */
  readonly secondsLeft: number
  readonly secondsSoFar: number
}

export interface DrainOptions {
  /** Drains as well when this aborts; the process goes on then. */
  readonly signal?: AbortSignal
  /** How many seconds there are where nothing tells: with SIGTERM alone, and with `signal`. 1 by default. */
  readonly secondsLeft?: number
  /**
   * Whether a job that runs may go on. By default one goes back at once that needs longer than there is time, by the median of the jobs that
   * this worker has completed.
   */
  readonly fits?: (job: BullJob, time: JobTime) => boolean
  /** Is called, and waited for, before the process ends. */
  readonly onDrained?: (drained: Drained) => void | Promise<void>
  /** With what exit code the process ends then, 0 by default; `false`: it goes on. */
  readonly exit?: number | false
  /** For tests: the machine's own by default. */
  readonly clock?: Clock
}

/** What became of the jobs that ran when the notice came. */
export interface Drained {
  /** `interrupted`, `scaled-down` or `deadline`, as `onNotice` was told; `SIGTERM`; or `signal`. */
  readonly reason: string
  /** How many have completed or failed. */
  readonly ended: number
  /** The ids of those that are back in the queue, with their attempts and their count of stalls as they were. */
  readonly handedBack: readonly string[]
  /** The ids of those that could not be given back in time. They are stalled, which BullMQ finds and counts. */
  readonly lost: readonly string[]
}

export interface Draining {
  /** Resolves when a notice has come and all is done; never, where none comes. */
  readonly drained: Promise<Drained>
}

/** What is left of the time for giving jobs back, and for closing; half of the time where there is little. */
const RESERVE_S = 2

/** What a worker of BullMQ's calls for each job. Classes that extend it may replace it. */
interface Calling {
  callProcessJob?: (job: BullJob, token: string, signal?: AbortSignal) => unknown
}

/** Those of this process that have heard a notice: it ends with the last of them. */
const draining = new Set<Promise<unknown>>()

/**
 * Has a BullMQ worker hand its jobs back when the machine that it runs on is about to end: on the notice that the group's `onNotice` gives
 * ({@link drainNotice}), and on SIGTERM. The worker takes no more jobs. Those that fit into the time that is left go on. The others go
 * back to the front of the queue at once, and those that still run two seconds before the end as well. Going back spends none of a job's
 * `attempts`, nor counts as a stall. Then the worker is closed, and the process ends with code 0.
 *
 * A job's processor has a third argument, an AbortSignal, which aborts when the job has gone back. What it returns after that does not count.
 *
 * Call it right after the worker was made. It imports nothing of BullMQ's.
 *
 * @returns what became of the jobs, once a notice has come.
 * @throws SpecError when `worker` is no Worker of BullMQ 5.81.5 or later, or an option is wrong.
 *
 * @example
 * const worker = new Worker("thumbs", makeThumb, { connection, concurrency: 8 })
 * drainOnNotice(worker)
 */
export function drainOnNotice(worker: BullWorker, options: DrainOptions = {}): Draining {
  check(worker, options)
  const { clock = systemClock } = options
  const jobs = new HeldJobs(clock, (id) => void worker.cancelJob?.(id, "the worker ends: the job is back in its queue"))
  hold(worker as BullWorker & Calling, jobs)
  const drained = new Promise<Drained>((resolve) => {
    const stop = listen(
      clock,
      (notice) => {
        const done = drain(worker, jobs, notice, { ...options, clock })
        done.then(resolve, () => {})
        const told = done.then(async (result) => options.onDrained?.(result)).finally(stop)
        endAfter(told, notice, options)
      },
      options.signal,
    )
    worker.once("closed", () => {
      if (!jobs.isClosed) stop()
    })
  })
  return { drained }
}

function hold(worker: Calling, jobs: HeldJobs): void {
  const call = worker.callProcessJob?.bind(worker)
  worker.callProcessJob = (job, token, signal) => jobs.run(job, token, async () => call?.(job, token, signal))
}

interface Timed extends DrainOptions {
  readonly clock: Clock
}

async function drain(worker: BullWorker, jobs: HeldJobs, notice: Notice, options: Timed): Promise<Drained> {
  const { clock, fits = fitting(jobs) } = options
  const { secondsLeft = options.secondsLeft ?? 1, reason } = notice
  const endsAt = clock.now() + secondsLeft * 1000
  const goesAt = endsAt - Math.min(RESERVE_S, secondsLeft / 2) * 1000
  const left = (until: number) => Math.max(0, until - clock.now())
  jobs.close()
  // It fetches nothing from here on, and keeps the locks of what it runs until that has ended.
  const closed = worker.close()
  const goBack = jobs.giveBack((job, secondsSoFar) => !fits(job, { secondsLeft: left(goesAt) / 1000, secondsSoFar }))
  await untilEither(clock, closed, left(goesAt))
  await untilEither(clock, Promise.all([goBack, jobs.giveBack(() => true), closed]), left(endsAt))
  return { reason, ended: jobs.ended, handedBack: jobs.back, lost: jobs.ids }
}

/** One whose time nobody knows may go on, and one that takes longer than others did. */
function fitting({ medianSeconds = 0 }: HeldJobs): (job: BullJob, time: JobTime) => boolean {
  return (_, { secondsLeft, secondsSoFar }) => medianSeconds - secondsSoFar <= secondsLeft
}

/** What rejects has been told by the worker's own `error` event. */
async function untilEither(clock: Clock, one: Promise<unknown>, mostMs: number): Promise<void> {
  const over = new AbortController()
  const late = clock.sleep(mostMs, over.signal).catch(() => {})
  await Promise.race([one.catch(() => {}), late])
  over.abort()
}

/** The last that drains ends the process. */
function endAfter(told: Promise<void>, { reason }: Notice, { exit = 0 }: DrainOptions): void {
  if (reason === "signal" || exit === false) {
    told.catch((error: unknown) => process.emitWarning(`onDrained: ${String(error)}`))
    return
  }
  draining.add(told)
  void Promise.allSettled([told]).then(async ([{ status }]) => {
    await Promise.allSettled(draining)
    process.exit(status === "fulfilled" ? exit : 1)
  })
}

function check(worker: BullWorker, { secondsLeft = 1, exit = 0 }: DrainOptions): void {
  const problems: SpecProblem[] = []
  if (typeof (worker as Calling | undefined)?.callProcessJob !== "function") {
    const message = 'is none: give a Worker of BullMQ 5.81.5 or later, new Worker("name", processor, { connection })'
    problems.push({ option: "worker", value: String(worker), message })
  }
  if (!(secondsLeft >= 0 && Number.isFinite(secondsLeft))) {
    const message = `is ${secondsLeft}; use a number of seconds, 0 or more`
    problems.push({ option: "secondsLeft", value: secondsLeft, message })
  }
  if (exit !== false && !(Number.isInteger(exit) && exit >= 0 && exit <= 255)) {
    problems.push({ option: "exit", value: exit, message: `is ${exit}; use an exit code, 0 to 255, or false` })
  }
  if (problems.length > 0) throw new SpecError(problems)
}
