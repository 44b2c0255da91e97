/** Workers that are played on a virtual clock: they come and go, and their runners take tasks as real ones do. */
import type { Clock } from "../../../src/calls/clock.js"
import { Channels } from "../../../src/work/farm/channels.js"
import type { Place, Places } from "../../../src/work/farm/places.js"
import type { Gone, Outcome, Runner, Started, Try } from "../../../src/work/farm/runner.js"

export interface PlayedOptions {
  readonly slots?: number
  /** How long a task takes, in milliseconds. */
  readonly taskMs: (one: Try) => number
  /** What a task comes to; its input by default. */
  readonly outcome?: (one: Try, worker: string) => Outcome
}

interface Worker {
  readonly id: string
  endsAt?: number
  lose: () => void
}

export class PlayedPlaces implements Places {
  readonly clock: Clock
  readonly channels: Channels
  readonly #options: PlayedOptions
  readonly #workers = new Map<string, Worker>()
  readonly #listeners = new Set<() => void>()
  #next = 1
  /** Each try that began, in order. */
  readonly tries: { readonly index: number; readonly attempt: number; readonly worker: string }[] = []
  /** Tries that were told to end. */
  readonly stopped: number[] = []
  /** Workers whose runner was let go of, and those whose runner was ended, for other calls too. */
  readonly left: string[] = []
  readonly closed: string[] = []
  readonly busyNow = new Set<string>()
  ended: Error | undefined
  /** Tries are not kept. */
  isForgetful = false

  constructor(clock: Clock, options: PlayedOptions) {
    this.clock = clock
    this.channels = new Channels(clock)
    this.#options = options
  }

  add(count: number): void {
    for (let at = 0; at < count; at += 1) {
      const id = `w${this.#next++}`
      this.#workers.set(id, { id, lose: () => {} })
    }
    this.#changed()
  }

  get ids(): readonly string[] {
    return [...this.#workers.keys()]
  }

  /** It is gone at once, with all that it had. */
  kill(id: string): void {
    this.#workers.get(id)?.lose()
    this.#workers.delete(id)
    this.#changed()
  }

  /** It is told that it goes, and goes. */
  notice(id: string, ms: number): void {
    const worker = this.#workers.get(id)
    if (worker === undefined || worker.endsAt !== undefined) return
    worker.endsAt = this.clock.now() + ms
    this.clock.timer(ms, () => this.kill(id))
    this.#changed()
  }

  list(): readonly Place[] {
    return [...this.#workers.values()].map(({ id, endsAt }) => ({
      ...{ id, name: id, group: "default", isReady: true },
      remote: () => Promise.reject(new Error("a played worker has no remote")),
      ...(endsAt === undefined ? {} : { endsAt }),
    }))
  }

  problem(): Error | undefined {
    return this.ended
  }

  watch(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  once(_id: string, _key: string, work: () => Promise<void>): Promise<void> {
    return work()
  }

  busy(id: string, isBusy: boolean): void {
    if (isBusy) this.busyNow.add(id)
    else this.busyNow.delete(id)
  }

  /** Starts a runner there, after a moment on the way. */
  readonly start = async ({ id }: Place): Promise<Runner> => {
    await this.clock.sleep(50)
    const worker = this.#workers.get(id)
    if (worker === undefined) throw new Error(`${id} is gone`)
    let tell: (why: string) => void = () => {}
    const gone = new Promise<Gone>((resolve) => {
      tell = (why) => resolve({ why })
    })
    const open = new Set<(outcome: Outcome) => void>()
    void gone.then(({ why }) => {
      for (const settle of open) settle({ kind: "lost", why })
    })
    worker.lose = () => tell("its connection was closed")
    return {
      slots: this.#options.slots ?? 1,
      gone,
      start: (one) => this.#start(one, id, open),
      notice: () => {},
      leave: () => {
        this.left.push(id)
        return Promise.resolve()
      },
      close: () => {
        this.closed.push(id)
        tell("it was closed")
        return Promise.resolve()
      },
    }
  }

  #start(one: Try, worker: string, open: Set<(outcome: Outcome) => void>): Started {
    if (!this.isForgetful) this.tries.push({ index: one.index, attempt: one.attempt, worker })
    const { taskMs, outcome = ({ input }) => ({ kind: "value", value: input }) } = this.#options
    let settle: (outcome: Outcome) => void = () => {}
    const ended = new Promise<Outcome>((resolve) => {
      settle = resolve
    })
    const cancel = this.clock.timer(taskMs(one), () => settle(outcome(one, worker)))
    open.add(settle)
    void ended.then(() => {
      cancel()
      open.delete(settle)
    })
    return {
      outcome: ended,
      stop: (hard) => {
        if (!hard) this.stopped.push(one.index)
        settle({ kind: "failure", failure: { name: "Error", message: "it was told to end" } })
      },
      release: () => {},
    }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}
