/** Adapter: has one group follow one demand. Whatever the demand answers, the loop goes on until it is ended. */
import type { Clock } from "../calls/clock.js"
import { withDeadline } from "../calls/deadline.js"
import { TimeoutError } from "../errors.js"
import { spanText } from "../text.js"
import { type Bounds, decide, type Memory, NO_MEMORY, type Standing } from "./policy.js"
import { readingOf } from "./reading.js"
import type { AdaptState, Demand, Wanted } from "./types.js"

/** After an error of our own the next turn comes later and later, up to this. */
const LONGEST_PAUSE_MS = 5 * 60_000

/** What becomes of it. */
export type AdaptTold =
  | { readonly kind: "target"; readonly target: number; readonly wanted?: number; readonly why: string }
  | { readonly kind: "ended"; readonly target: number; readonly why: string }
  /** The demand is not known, or an error of our own. */
  | { readonly kind: "problem"; readonly error: string; readonly message: string }
  | { readonly kind: "note"; readonly message: string }

/** The group, as it is adapted. */
export interface AdaptPort {
  readonly target: number
  standing(): Standing
  /** @param wanted what the work wants at least: more than none may wake what has stopped. */
  move(target: number, wanted: number): void
  tell(told: AdaptTold): void
}

export interface AdapterOptions {
  readonly clock: Clock
  readonly group: string
  readonly bounds: Bounds
  readonly demand: Demand
  readonly everyMs: number
  /** How long one reading may take, in milliseconds. */
  readonly timeoutMs: number
}

/** Thrown by a demand that cannot be known yet: the target stays, and nothing is wrong. */
export class NotYet extends Error {}

export class Adapter {
  readonly #options: AdapterOptions
  readonly #port: AdaptPort
  readonly #over = new AbortController()
  #memory: Memory = NO_MEMORY
  #wanted: Wanted | undefined
  #why = "the demand was not read yet"
  #problem: { readonly message: string; readonly since: number } | undefined
  /** Turns in a row that an error of our own has ended. */
  #errors = 0
  #cancel = () => {}

  constructor(options: AdapterOptions, port: AdaptPort) {
    this.#options = options
    this.#port = port
  }

  get isOver(): boolean {
    return this.#over.signal.aborted
  }

  get minimum(): number {
    return this.#options.bounds.minimum
  }

  get state(): AdaptState {
    const { minimum, maximum } = this.#options.bounds
    return {
      minimum,
      maximum,
      target: this.#port.target,
      ...(this.#wanted === undefined ? {} : { wanted: this.#wanted.workers }),
      why: this.#why,
      ...(this.#problem === undefined ? {} : { problem: this.#problem.message, problemSince: this.#problem.since }),
    }
  }

  /** Begins: within its bounds at once, whatever the demand is, and with the first reading. */
  start(): void {
    const { minimum, maximum, shrink } = this.#options.bounds
    const { target, room, roomIs } = this.#port.standing()
    // More on the way out than there may be leave less room than none.
    if (target < minimum)
      this.#move(Math.max(target, Math.min(minimum, room)), room < minimum ? roomIs : `at least ${minimum}`)
    else if (shrink && target > maximum) this.#move(maximum, `at most ${maximum}`)
    void this.#turn()
  }

  /** Nothing of it is left when this returns: no timer, and nobody waits for the demand. @param why is told. */
  end(why: string): void {
    if (this.isOver) return
    const { target } = this.#port
    this.#cancel()
    this.#over.abort(new Error(why))
    this.#why = why
    this.#port.tell({ kind: "ended", target, why })
  }

  async #turn(): Promise<void> {
    const { clock, everyMs } = this.#options
    const begunAt = clock.now()
    try {
      await this.#follow()
      this.#errors = 0
    } catch (error) {
      this.#failed(error)
    }
    if (this.isOver) return
    const tookMs = clock.now() - begunAt
    const pauseMs = Math.min(LONGEST_PAUSE_MS, everyMs * 2 ** this.#errors)
    // A reading that took longer is no reason to ask without a pause.
    const leftMs = tookMs < pauseMs ? pauseMs - tookMs : pauseMs
    this.#cancel = clock.timer(leftMs, () => void this.#turn())
  }

  /** One reading, and what follows from it. */
  async #follow(): Promise<void> {
    const wanted = await this.#ask()
    if (wanted === undefined || this.isOver) return
    this.#wanted = wanted
    const { clock, bounds } = this.#options
    const standing = this.#port.standing()
    const { target, why, memory } = decide(this.#memory, wanted, standing, bounds, clock.now())
    this.#memory = memory
    this.#why = why
    this.#move(target, why)
  }

  #move(target: number, why: string): void {
    const before = this.#port.target
    const workers = this.#wanted?.workers
    this.#port.move(target, workers ?? target)
    if (target === before) return
    this.#port.tell({ kind: "target", target, why, ...(workers === undefined ? {} : { wanted: workers }) })
  }

  /** Undefined where it is not known: said once until it is known again. */
  async #ask(): Promise<Wanted | undefined> {
    const { clock, demand, timeoutMs } = this.#options
    const abort = new AbortController()
    const late = () => new TimeoutError(`it has not answered within ${spanText(timeoutMs)}`)
    try {
      const asked = Promise.resolve().then(() => demand({ signal: abort.signal }))
      const wanted = readingOf(await withDeadline(clock, asked, timeoutMs, late, this.#over.signal))
      this.#answered()
      return wanted
    } catch (error) {
      if (!this.isOver) this.#unknown(error)
      return undefined
    } finally {
      abort.abort(new Error("nobody waits for this answer any more"))
    }
  }

  #unknown(thrown: unknown): void {
    const { clock, group } = this.#options
    const message = wordsOf(thrown)
    if (thrown instanceof NotYet) {
      this.#why = message
      return
    }
    const isNew = this.#problem === undefined
    this.#problem = { message, since: this.#problem?.since ?? clock.now() }
    // What was wanted in a row before is not known to be in a row.
    this.#memory = { ...this.#memory, wishes: [] }
    if (!isNew) return
    const { target } = this.#port
    const stays = `the target stays ${target} until it is known again`
    this.#port.tell({
      kind: "problem",
      error: "DemandError",
      message: `the demand of group ${group} is not known: ${message}; ${stays}`,
    })
  }

  #answered(): void {
    if (this.#problem === undefined) return
    const { clock, group } = this.#options
    const message = `the demand of group ${group} is known again, after ${spanText(clock.now() - this.#problem.since)}`
    this.#problem = undefined
    this.#port.tell({ kind: "note", message })
  }

  /** An error of our own: it is said, and the next turn comes later. */
  #failed(thrown: unknown): void {
    if (this.isOver) return
    this.#errors += 1
    if (this.#errors > 1) return
    const { group } = this.#options
    const message = wordsOf(thrown)
    this.#port.tell({
      kind: "problem",
      error: thrown instanceof Error ? thrown.name : "Error",
      message: `adapting group ${group}: ${message}; it goes on`,
    })
  }
}

/** What a demand throws may be anything, also what cannot be told as a text. */
function wordsOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown)
  } catch {
    return "it threw what has no words"
  }
}
