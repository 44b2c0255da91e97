/** Channels: programs on workers that several calls share. Each is kept for a while after its last call, for the next one. */
import type { Clock } from "../../calls/clock.js"
import type { Gone } from "./runner.js"

/** A program on one worker. */
export interface Channel {
  /** Resolves with the reason once it is gone. */
  readonly gone: Promise<Gone>
  /** Ends it, and what runs there. */
  close(): Promise<void>
}

export interface Used<C> {
  readonly channel: C
  /** It is needed no more. Resolves at once while it is kept. It may be called again. */
  leave(): Promise<void>
}

/** For so long a program without tasks is kept. */
const KEPT_MS = 60_000

interface Entry {
  readonly channel: Promise<Channel>
  users: number
  cancel: () => void
}

export class Channels {
  readonly #clock: Clock
  readonly #known = new Map<string, Entry>()
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * The program of a worker, which is started where there is none.
   *
   * @param key of the worker and the kind of program. @throws what `start` throws.
   */
  async use<C extends Channel>(key: string, start: () => Promise<C>): Promise<Used<C>> {
    const entry = this.#known.get(key) ?? this.#begin(key, start)
    entry.users += 1
    entry.cancel()
    const channel = (await entry.channel) as C
    let hasLeft = false
    const leave = async () => {
      if (hasLeft) return
      hasLeft = true
      await this.#left(key, entry)
    }
    return { channel, leave }
  }

  /** Ends all, and keeps none from now on. */
  async close(): Promise<void> {
    this.#isClosed = true
    const entries = [...this.#known.values()]
    this.#known.clear()
    for (const { cancel } of entries) cancel()
    await Promise.all(entries.map(({ channel }) => channel.then((one) => one.close()).catch(() => {})))
  }

  #begin(key: string, start: () => Promise<Channel>): Entry {
    const entry: Entry = { channel: start(), users: 0, cancel: () => {} }
    this.#known.set(key, entry)
    const forget = () => {
      entry.cancel()
      if (this.#known.get(key) === entry) this.#known.delete(key)
    }
    entry.channel.then(({ gone }) => gone.then(forget), forget)
    return entry
  }

  async #left(key: string, entry: Entry): Promise<void> {
    entry.users -= 1
    if (entry.users > 0) return
    const end = async () => {
      if (this.#known.get(key) === entry) this.#known.delete(key)
      await (await entry.channel).close()
    }
    if (this.#isClosed) await end()
    else if (this.#known.get(key) === entry) entry.cancel = this.#clock.timer(KEPT_MS, () => void end().catch(() => {}))
  }
}
