/** Loop: one pass after another, coalesced, woken by the clock, by answers and by callers. */
import type { Fleet } from "./state/context.js"
import { replayOrderOf } from "./launching/replay-order.js"
import type { Plans } from "./planning/types.js"
import { attemptPass, launchWakeAt } from "./reconcile.js"
import { endIfSpent, watchBudget } from "./scaling/budget.js"
import { retryTerminationAt } from "./terminate.js"
import { unreadyUntil } from "./targets/unready.js"

/** After a pass that failed; its requests were retried before that. */
const FAILED_PASS_MS = 5000

export interface Loop {
  /** @param withinMs so long the pass may wait for more to share it; 0 by default: it begins at once. */
  wake(withinMs?: number): void
  /** No further pass begins. */
  halt(): void
  /** Ends the loop; resolves when the pass under way has ended. */
  stop(): Promise<void>
}

/** The next thing to do that no answer will announce, and when, in milliseconds since 1970. */
interface Wake {
  readonly at: number
  readonly what: string
}

const ASKED = "an answer, or a new target"

/** Runs passes when woken, until it is stopped. `onPass` is called after each, with its plans or its error. */
export function startLoop(fleet: Fleet, onPass: OnPass): Loop {
  return new PassLoop(fleet, onPass)
}

type OnPass = (plans: Plans, error: Error | undefined) => void

class PassLoop implements Loop {
  readonly #fleet: Fleet
  readonly #onPass: OnPass
  readonly #watch: ReturnType<typeof watchBudget>
  #stopped = false
  #wanted = false
  #cancelTimer = () => {}
  #cancelSoon: (() => void) | undefined
  #running: Promise<void> | undefined
  /** What the next pass is begun for. */
  #reason = ASKED

  constructor(fleet: Fleet, onPass: OnPass) {
    this.#fleet = fleet
    this.#onPass = onPass
    this.#watch = watchBudget(fleet)
  }

  wake(withinMs = 0, by = ASKED): void {
    if (withinMs > 0) {
      if (!this.#wanted && !this.#stopped) this.#cancelSoon ??= this.#fleet.clock.timer(withinMs, () => this.wake())
      return
    }
    if (!this.#wanted) this.#reason = by
    this.#wanted = true
    // All that wakes in one turn makes one pass.
    if (!this.#stopped) this.#running ??= Promise.resolve().then(() => this.#run())
  }

  halt(): void {
    this.#stopped = true
    this.#cancelTimer()
    this.#cancelSoon?.()
    this.#watch.stop()
  }

  async stop(): Promise<void> {
    this.halt()
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      while (this.#wanted && !this.#stopped) await this.#runOnce()
    } catch (error) {
      // A clock that counts passes has said that this never ends.
      this.halt()
      this.#onPass(new Map(), error as Error)
    }
    this.#running = undefined
  }

  async #runOnce(): Promise<void> {
    const fleet = this.#fleet
    this.#wanted = false
    this.#cancelTimer()
    this.#cancelSoon?.()
    this.#cancelSoon = undefined
    fleet.clock.turn?.(fleet, this.#reason)
    endIfSpent(fleet)
    const { plans, error } = await attemptPass(fleet)
    if (this.#stopped) return
    endIfSpent(fleet)
    this.#watch.arm()
    this.#onPass(plans, error)
    const now = fleet.clock.now()
    const next = error === undefined ? nextWake(fleet, plans) : { at: now + FAILED_PASS_MS, what: "a pass that failed" }
    if (next.at === Number.POSITIVE_INFINITY) return
    this.#cancelTimer = fleet.clock.timer(Math.max(0, next.at - now), () => this.wake(0, next.what))
  }
}

/** A watcher only polls: the launch calls in the journal are for the owner to resolve. */
function nextWake(fleet: Fleet, plans: Plans): Wake {
  let next: Wake = { at: Number.POSITIVE_INFINITY, what: "nothing" }
  const consider = (at: number, what: string) => {
    if (at < next.at) next = { at, what }
  }
  for (const [{ name, region }, { nextAt, inProgress }] of fleet.polls) {
    // One that is under way wakes when it ends.
    if (inProgress === undefined) consider(nextAt, `a look at ${name} ${region}`)
  }
  if (!fleet.isOwner) return next
  const replayOrder = replayOrderOf(fleet)
  for (const launch of fleet.roster.launches.asked())
    consider(launchWakeAt(fleet, launch, replayOrder), "an open launch call")
  for (const [group, { wakeAt = Number.POSITIVE_INFINITY }] of plans) consider(wakeAt, `the plan of group ${group}`)
  if (fleet.roster.all.living.size > 0) consider(deadlineAt(fleet), "the deadline")
  consider(unreadyUntil(fleet), "a worker that is not ready in time")
  consider(retryTerminationAt(fleet), "a termination that has come to nothing")
  return next
}

/** The cluster's deadline; once it has passed, what is still there is asked to go again and again by other wakes. */
function deadlineAt(fleet: Fleet): number {
  const at = fleet.endsAt
  return fleet.clock.now() < at ? at : Number.POSITIVE_INFINITY
}
