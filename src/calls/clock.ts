/**
 * With timers.ts the only file that touches `Date`, timers and `Math.random`. Everything else is given a Clock, so that a test can run
 * virtual hours in milliseconds and twice the same.
 */
import { readFileSync } from "node:fs"
import { uptime } from "node:os"
import { onAbort } from "./aborts.js"
import { Sleepers } from "./sleepers.js"
import { counted, realTimer } from "./timers.js"
import { trueTime, trueTimer, wallOf } from "./true-time.js"

export { steady } from "./true-time.js"

export interface Clock {
  /**
   * True time, in milliseconds since 1970 as the machine's clock had it when the process began: what has really passed since, also
   * while the machine was suspended. It never jumps. All that lasts is measured by it.
   */
  now(): number
  /**
   * What the machine's clock shows, in milliseconds since 1970: it may be set at any moment. By it is written what others read:
   * tags, journals, events. Left out: the same as `now`.
   */
  wall?(): number
  /** The time since the machine was started. Left out where this is not known. */
  boot?(): Boot | undefined
  /** A number in [0, 1). */
  random(): number
  /** Resolves after `ms`; rejects at once with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `fn` once after `ms`; the returned function cancels it. */
  timer(ms: number, fn: () => void): () => void
  /** Marks real work (a request, a file, a process, an import) that a virtual clock must wait for. */
  busy<T>(what: string, work: Promise<T>): Promise<T>
  /** A sleep of a simulated server while the caller who waits for it is counted as busy. */
  serve(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Hears of each turn of a loop that wakes itself, and what woke it. A clock whose time stands still meanwhile can tell one that
   * never ends from one that is busy, and throws; others need not have it.
   */
  turn?(loop: object, woken: string): void
  /** Its time is real: what is launched by it goes on when this process ends. Left out: no caller may rely on that. */
  readonly isReal?: boolean
  /** How many of its milliseconds pass in one of the machine's. Left out: one, or a clock whose time only a test moves. */
  readonly speed?: number
}

/** For how long the machine has been running: processes of one boot measure by it what has passed between them. */
export interface Boot {
  /** Which start of which machine. */
  readonly id: string
  /** Milliseconds, suspended or not. */
  readonly ms: number
}

/** How far the machine's clock is ahead of the clock's true time, in milliseconds: another number once it has been set. */
export function wallAheadMs(clock: Clock): number {
  const { now } = clock
  const wall = clock.wall === undefined ? wallOf(now)?.() : clock.wall()
  return wall === undefined ? 0 : wall - clock.now()
}

/** A day that its month has. The 29th of February is one in the years that the Gregorian calendar says. */
const DAY =
  "(?:\\d{4}-(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|\\d{4}-(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|\\d{4}-02-(?:0[1-9]|1\\d|2[0-8])|(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
const HOUR = "(?:[01]\\d|2[0-3])"
const TIME = `(?:${HOUR}:[0-5]\\d(?::[0-5]\\d(?:\\.\\d+)?)?|24:00(?::00(?:\\.0+)?)?)`

/** Date, time and zone: what lacks its zone would mean something else on every machine. */
export const MOMENT = new RegExp(`^${DAY}T${TIME}(?:Z|[+-]${HOUR}:[0-5]\\d)$`)

/** An ISO 8601 time with its zone in milliseconds since 1970; undefined for anything else, also for the 30th of February. */
export function momentOf(text: string): number | undefined {
  return MOMENT.test(text) ? Date.parse(text) : undefined
}

/** "2026-03-01 18:00 UTC", for people. @param at milliseconds since 1970. */
export function momentText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`
}

/** "2026-03-01T18:00:00.000Z", for programs. @param at milliseconds since 1970. */
export function isoText(at: number): string {
  return new Date(at).toISOString()
}

type SetTimer = Clock["timer"]

function sleepWith(timer: SetTimer, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error)
      return
    }
    let forget = () => {}
    const cancel = timer(ms, () => {
      forget()
      resolve()
    })
    forget = onAbort(signal, () => {
      cancel()
      reject(signal?.reason as Error)
    })
  })
}

const isLinux = process.platform === "linux"

const realNow = trueTime({
  wall: () => Date.now(),
  awake: () => performance.now(),
  ...(isLinux ? { sinceBoot: () => uptime() * 1000 } : {}),
})

const systemTimer = trueTimer(realNow, realTimer)

/** Other machines have none, and what is written there is read by their clocks of day alone. */
const bootId = isLinux ? readBootId() : undefined

function readBootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
  } catch {
    return undefined
  }
}

/** The machine's own clock and randomness. */
export const systemClock: Clock = {
  isReal: true,
  now: realNow,
  wall: () => Date.now(),
  boot: () => (bootId === undefined ? undefined : { id: bootId, ms: uptime() * 1000 }),
  random: () => Math.random(),
  sleep: (ms, signal) => sleepWith(systemTimer, ms, signal),
  timer: systemTimer,
  busy: (_what, work) => counted(work),
  serve: (ms, signal) => sleepWith(systemTimer, ms, signal),
}

/** Mulberry32: small, fast, and good enough for jitter and simulated luck. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Two turns: the second one begins after the event loop has polled once for what the first one started. */
export async function fullTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
}

/** More turns than this at one moment are a loop that nothing but itself wakes. */
const MOST_TURNS = 1000

/**
 * Time that moves only inside `run`, and only while no work is outstanding: then it jumps to the next sleeper.
 * Deterministic for a given seed.
 */
export class VirtualClock implements Clock {
  readonly #sleepers = new Sleepers()
  readonly #cancelled = new Set<number>()
  readonly #work = new Map<number, string>()
  readonly #random: () => number
  #now: number
  #order = 0
  #serving = 0
  #running = false
  #changed: () => void = () => {}
  /** What woke each loop how often, since time moved last. */
  readonly #turns = new Map<object, Map<string, number>>()
  #turnsAt = Number.NaN
  #endless: Error | undefined

  /** @param options.seed fixes `random`; 1 by default. @param options.start the first `now`, 2026-01-01 by default. */
  constructor(options: { readonly seed?: number; readonly start?: number } = {}) {
    this.#random = seededRandom(options.seed ?? 1)
    this.#now = options.start ?? Date.UTC(2026, 0, 1)
  }

  /** How many timers and sleeps are set and neither fired nor cancelled: 0 when everything has been put away. */
  get asleep(): number {
    return this.#sleepers.size - this.#cancelled.size
  }

  now(): number {
    return this.#now
  }

  random(): number {
    return this.#random()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepWith((delay, fn) => this.timer(delay, fn), ms, signal)
  }

  timer(ms: number, fn: () => void): () => void {
    if (Number.isNaN(ms)) throw new Error("a timer of NaN milliseconds: time would never be a number again")
    // As the machine's clock has it: never, not at the end of time.
    if (ms === Number.POSITIVE_INFINITY) return () => {}
    const order = this.#order++
    let pending = true
    const once = () => {
      pending = false
      fn()
    }
    this.#sleepers.push({ at: this.#now + Math.max(0, ms), order, fn: once })
    this.#changed()
    return () => {
      if (pending) this.#cancelled.add(order)
      pending = false
    }
  }

  async busy<T>(what: string, work: Promise<T>): Promise<T> {
    const order = this.#order++
    this.#work.set(order, what)
    try {
      return await work
    } finally {
      this.#work.delete(order)
      this.#changed()
    }
  }

  async serve(ms: number, signal?: AbortSignal): Promise<void> {
    this.#serving += 1
    this.#changed()
    try {
      await this.sleep(ms, signal)
    } finally {
      this.#serving -= 1
    }
  }

  /** @throws when this loop has turned 1,000 times without time passing, naming what woke it; `run` throws the same. */
  turn(loop: object, woken: string): void {
    if (this.#turnsAt !== this.#now) this.#turns.clear()
    this.#turnsAt = this.#now
    const counts = this.#turns.get(loop) ?? new Map<string, number>()
    this.#turns.set(loop, counts.set(woken, (counts.get(woken) ?? 0) + 1))
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    if (total <= MOST_TURNS) return
    const causes = [...counts].sort(([, a], [, b]) => b - a).map(([what, count]) => `${what} (${count})`)
    this.#endless = new Error(
      `a loop has turned ${MOST_TURNS} times without time passing; woken by ${causes.join(", ")}`,
    )
    this.#changed()
    throw this.#endless
  }

  /**
   * Lets time pass until `promise` is settled, and returns what it returns. Throws when nothing is asleep, nothing is
   * under way and the promise is still open: it would never be settled. `what` names it in that error.
   */
  async run<T>(promise: Promise<T>, what = "the promise given to run"): Promise<T> {
    if (this.#running) throw new Error("VirtualClock.run is already running: time has one driver")
    this.#running = true
    let open = true
    const close = () => {
      open = false
      this.#changed()
    }
    promise.then(close, close)
    try {
      while (open) await this.#step(what, () => open)
    } finally {
      this.#running = false
    }
    return promise
  }

  async #step(what: string, isOpen: () => boolean): Promise<void> {
    await fullTurn()
    if (this.#endless !== undefined) throw this.#endless
    if (!isOpen()) return
    if (this.#work.size > this.#serving) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
      return
    }
    if (!this.#fireNext()) {
      const names = [...this.#work.values()].join(", ") || "none"
      throw new Error(`the virtual clock is stuck: ${what} is still open, nothing is asleep, work under way: ${names}`)
    }
  }

  /** Moves to the next sleeper and wakes all that are due at that moment; false if there is no sleeper. */
  #fireNext(): boolean {
    this.#dropCancelled()
    const first = this.#sleepers.first
    if (first === undefined) return false
    this.#now = Math.max(this.#now, first.at)
    const last = this.#order
    for (;;) {
      this.#dropCancelled()
      const due = this.#sleepers.first
      if (due === undefined || due.at > this.#now || due.order >= last) return true
      this.#sleepers.pop()
      due.fn()
    }
  }

  #dropCancelled(): void {
    for (let first = this.#sleepers.first; first && this.#cancelled.delete(first.order); first = this.#sleepers.first) {
      this.#sleepers.pop()
    }
  }
}
