/**
 * Held jobs: what a worker of BullMQ's runs, and how a job goes back to its queue while it runs.
 *
 * Going back is one script in Redis, which asks for the job's lock. So of a job that ends while it goes back one thing is true in the
 * end: it is back, and what its processor returned does not count; or it has ended, and stays so.
 */
import type { Clock } from "../../calls/clock.js"
import type { BullJob } from "./types.js"

/** BullMQ leaves a job alone whose processor throws an error of this name: it has been moved, and has not failed. */
class HandedBack extends Error {
  override readonly name = "WaitingError"
}

const BACK = Symbol("back")

/** Durations of so many jobs are remembered. */
const REMEMBERED = 100

class HeldJob {
  readonly job: BullJob
  readonly since: number
  readonly #token: string
  readonly #onBack: () => void
  readonly #leaving: Promise<typeof BACK>
  #leave: (back: typeof BACK) => void = () => {}
  #going: Promise<boolean> | undefined

  constructor(job: BullJob, token: string, since: number, onBack: () => void) {
    this.job = job
    this.since = since
    this.#token = token
    this.#onBack = onBack
    this.#leaving = new Promise((resolve) => {
      this.#leave = resolve
    })
  }

  get id(): string {
    return this.job.id ?? ""
  }

  /** @returns whether it is back. Where it is not (its lock is lost, or Redis says no), it goes on, and may be asked again. */
  goBack(): Promise<boolean> {
    this.#going ??= this.job.moveToWait(this.#token).then(
      () => {
        this.#onBack()
        this.#leave(BACK)
        return true
      },
      () => {
        this.#going = undefined
        return false
      },
    )
    return this.#going
  }

  /** What the processor returns or throws, or HandedBack as soon as the job is back: its processor is waited for no longer then. */
  async outcomeOf(work: Promise<unknown>): Promise<unknown> {
    const settled = work.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    const first = await Promise.race([settled, this.#leaving])
    if (first === BACK || (await this.#going) === true)
      throw new HandedBack("this worker ends: the job is back in its queue")
    if ("error" in first) throw first.error
    return first.value
  }
}

export class HeldJobs {
  readonly #held = new Set<HeldJob>()
  readonly #back: string[] = []
  readonly #clock: Clock
  readonly #onBack: (id: string) => void
  readonly #seconds: number[] = []
  #isClosed = false
  #ended = 0

  /** @param onBack hears of each job that goes back, while its processor still runs. */
  constructor(clock: Clock, onBack: (id: string) => void) {
    this.#clock = clock
    this.#onBack = onBack
  }

  /** Ids of those that went back. */
  get back(): readonly string[] {
    return this.#back
  }

  /** Ids of those that are held. */
  get ids(): readonly string[] {
    return [...this.#held].map(({ id }) => id)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** How many have completed or failed since `close`. */
  get ended(): number {
    return this.#ended
  }

  /** What a job takes that completes here, in seconds; undefined where none has. */
  get medianSeconds(): number | undefined {
    const sorted = [...this.#seconds].sort((one, other) => one - other)
    return sorted[Math.floor(sorted.length / 2)]
  }

  /** Runs a job's processor. @throws what it throws, or what has BullMQ leave the job alone. */
  async run(job: BullJob, token: string, work: () => Promise<unknown>): Promise<unknown> {
    const held: HeldJob = new HeldJob(job, token, this.#clock.now(), () => {
      this.#back.push(held.id)
      this.#onBack(held.id)
    })
    this.#held.add(held)
    try {
      // It was on its way here when the notice came.
      if (this.#isClosed && (await held.goBack())) return await held.outcomeOf(new Promise(() => {}))
      const outcome = await held.outcomeOf(work())
      this.#remember((this.#clock.now() - held.since) / 1000)
      return outcome
    } catch (error) {
      if (this.#isClosed && !(error instanceof HandedBack)) this.#ended += 1
      throw error
    } finally {
      this.#held.delete(held)
    }
  }

  /** A job that comes from here on does not begin: it goes back. */
  close(): void {
    this.#isClosed = true
  }

  /** Those go back that `goes` says; what it returns resolves when Redis has answered for each. */
  async giveBack(goes: (job: BullJob, secondsSoFar: number) => boolean): Promise<void> {
    const now = this.#clock.now()
    const going = [...this.#held].filter(({ job, since }) => said(() => goes(job, (now - since) / 1000)))
    await Promise.all(going.map((held) => held.goBack()))
  }

  #remember(seconds: number): void {
    if (this.#isClosed) this.#ended += 1
    this.#seconds.push(seconds)
    if (this.#seconds.length > REMEMBERED) this.#seconds.shift()
  }
}

/** A rule of the user's that throws keeps no job from going back. */
function said(rule: () => boolean): boolean {
  try {
    return rule()
  } catch (error) {
    process.emitWarning(`fits: ${String(error)}`)
    return true
  }
}
