/**
 * Mortal: the clock of one process. It can be set, as a machine's can, and when the process is killed nothing that waits for it
 * goes on: no timer fires, no request and no file is heard of again. What was on the wire then is done all the same.
 */
import { onAbort } from "../../../src/calls/aborts.js"
import { type Clock, seededRandom, steady } from "../../../src/calls/clock.js"

export class MortalClock implements Clock {
  readonly now: () => number
  readonly random: () => number
  readonly #base: Clock
  readonly #timers = new Set<() => void>()
  readonly #onDeath: () => void
  #aheadMs = 0
  #works = Number.POSITIVE_INFINITY
  #isDead = false

  constructor(base: Clock, seed: number, onDeath: () => void) {
    this.#base = base
    this.#onDeath = onDeath
    this.now = steady(() => base.now() + this.#aheadMs)
    this.random = seededRandom(seed)
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Sets the machine's clock by so much, forward or back. */
  set(ms: number): void {
    this.#aheadMs += ms
  }

  kill(): void {
    if (this.#isDead) return
    this.#isDead = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#onDeath()
  }

  /** Kills it when it has begun so many more requests or files. */
  killAfter(works: number): void {
    this.#works = works
  }

  timer(ms: number, fn: () => void): () => void {
    if (this.#isDead) return () => {}
    const cancel = this.#base.timer(ms, () => {
      this.#timers.delete(cancel)
      fn()
    })
    this.#timers.add(cancel)
    return () => {
      this.#timers.delete(cancel)
      cancel()
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error)
        return
      }
      let forget = () => {}
      const cancel = this.timer(ms, () => {
        forget()
        resolve()
      })
      forget = onAbort(signal, () => {
        cancel()
        reject(signal?.reason as Error)
      })
    })
  }

  busy<T>(what: string, work: Promise<T>): Promise<T> {
    this.#works -= 1
    if (this.#works <= 0) this.kill()
    return this.heard(this.#base.busy(what, work))
  }

  serve(ms: number, signal?: AbortSignal): Promise<void> {
    return this.heard(this.#base.serve(ms, signal))
  }

  turn(loop: object, woken: string): void {
    this.#base.turn?.(loop, woken)
  }

  /** What a process that is dead by then never hears. */
  heard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (!this.#isDead) resolve(value)
        },
        (error: unknown) => {
          if (!this.#isDead) reject(error as Error)
        },
      )
    })
  }
}
