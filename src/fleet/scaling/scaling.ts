/** Scaling: sets targets and waits for them. */
import { setTargets } from "../targets/set-targets.js"
import { onAbort } from "../../calls/aborts.js"
import { accountOf } from "../../calls/account.js"
import { withDeadline } from "../../calls/deadline.js"
import { TimeoutError } from "../../errors.js"
import { unansweredText } from "../../text.js"
import type { ResolvedScale } from "../../verbs/verbs.js"
import { askPrices, checkTargets, mustAskPrices } from "./budget.js"
import type { Fleet } from "../state/context.js"
import { deadlineError } from "../ending/deadline.js"
import { etaMs } from "../planning/eta.js"
import { withdrawWaiting } from "../targets/fence.js"
import { isBehind } from "../ownership/contenders.js"
import type { Plans } from "../planning/types.js"
import type { Passes } from "../pass/passes.js"
import { finalProblem, finishedIn, judge, resultOf, type ScaleResult, shortfallError, type Verdict } from "./target.js"
import { openEnds } from "../terminate.js"

const SHORTEST_TIMEOUT_MS = 10 * 60_000
/** The estimate counts the buckets only; boots and refusals come on top. */
const ETA_SLACK = 1.5

/** A call of `scale`, and when it was made, in milliseconds since 1970: its timeout is of all that it waits for. */
export interface BegunScale extends ResolvedScale {
  readonly begunAt: number
}

interface Wait {
  readonly scale: BegunScale
  /** Stops waiting without an answer yet: a later target no longer supersedes it. */
  readonly end: () => void
  readonly resolve: (result: ScaleResult) => void
  readonly reject: (error: Error) => void
}

/** A call that waits for prices before its targets may be set. */
interface Asking {
  readonly scale: BegunScale
  /** Groups that a later call has named since. */
  readonly supersededGroups: Set<string>
  error: Error | undefined
}

export class Scaling {
  readonly #fleet: Fleet
  readonly #passes: Passes
  readonly #waits = new Set<Wait>()
  readonly #asking = new Set<Asking>()
  #lastAsked: Promise<unknown> = Promise.resolve()

  constructor(fleet: Fleet, passes: Passes) {
    this.#fleet = fleet
    this.#passes = passes
  }

  /**
   * Sets the targets at once, and resolves when they are reached, out of reach, or replaced by later ones. Under a budget, what
   * is sold is asked for before, where it is not known; a later target does not wait for that.
   *
   * @throws SpecError and BudgetError before anything is changed or made.
   */
  async scale(scale: BegunScale, close: () => Promise<unknown>): Promise<ScaleResult> {
    scale.signal?.throwIfAborted()
    const late = mustAskPrices(this.#fleet, scale.targets) ? await this.#askPrices(scale) : undefined
    if (late !== undefined) return late
    checkTargets(this.#fleet, scale.targets)
    this.supersede((name) => scale.targets.has(name))
    setTargets(this.#fleet, scale.targets, scale.drainMs)
    return new Promise((resolve, reject) => this.#wait(scale, close, resolve, reject))
  }

  /** The result of a call that a later call, or the end, has superseded meanwhile; groups that only it named get its targets. */
  async #askPrices(scale: BegunScale): Promise<ScaleResult | undefined> {
    const asking: Asking = { scale, supersededGroups: new Set(), error: undefined }
    this.#asking.add(asking)
    const before = this.#lastAsked
    // Calls settle in the order in which they were made, whichever is answered first.
    const asked = Promise.allSettled([askPrices(this.#fleet, scale.targets), before]).then(([own]) => own)
    this.#lastAsked = asked
    try {
      const { status, ...outcome } = await withinTimeout(
        this.#fleet,
        scale,
        asked,
        "it is not known what it would cost",
      )
      if (status === "rejected") throw (outcome as PromiseRejectedResult).reason
    } finally {
      this.#asking.delete(asking)
    }
    if (asking.error !== undefined) throw asking.error
    scale.signal?.throwIfAborted()
    if (asking.supersededGroups.size === 0) return undefined
    const rest = new Map([...scale.targets].filter(([name]) => !asking.supersededGroups.has(name)))
    if (rest.size > 0) {
      checkTargets(this.#fleet, rest)
      setTargets(this.#fleet, rest, scale.drainMs)
      this.#fleet.wake()
    }
    return resultOf(this.#fleet, scale, true)
  }

  /** Resolves the waits for these groups: a later target has taken their place. */
  supersede(isChosen: (group: string) => boolean): void {
    for (const { scale, supersededGroups } of this.#asking) {
      for (const name of scale.targets.keys()) if (isChosen(name)) supersededGroups.add(name)
    }
    for (const wait of [...this.#waits]) {
      if ([...wait.scale.targets.keys()].some(isChosen)) wait.resolve(resultOf(this.#fleet, wait.scale, true))
    }
  }

  reject(error: Error): void {
    for (const asking of this.#asking) asking.error = error
    for (const wait of [...this.#waits]) wait.reject(error)
  }

  #wait(
    scale: BegunScale,
    close: () => Promise<unknown>,
    resolve: (result: ScaleResult) => void,
    reject: (error: Error) => void,
  ): void {
    const fleet = this.#fleet
    const end = () => {
      this.#waits.delete(wait)
      unsubscribe()
      timer.cancel()
      forget()
    }
    const wait: Wait = {
      scale,
      end,
      resolve: (result) => {
        end()
        resolve(result)
      },
      reject: (error) => {
        end()
        reject(error)
      },
    }
    const setIn = fleet.passes
    const unsubscribe = this.#passes.on((plans, error) => {
      // A pass that was under way when the target was set may have planned for the one before.
      if (fleet.passes > setIn) afterPass(fleet, wait, close, plans, error)
    })
    const timer = timeoutOf(fleet, scale, () => conclude(fleet, wait, "timeout", close))
    const { signal } = scale
    const forget = onAbort(signal, () => {
      lowerToExisting(fleet, scale)
      wait.reject(signal?.reason as Error)
    })
    this.#waits.add(wait)
    fleet.wake()
  }
}

/** Ends a wait whose target is reached, out of reach, or not to be had any more. */
function afterPass(
  fleet: Fleet,
  wait: Wait,
  close: () => Promise<unknown>,
  plans: Plans,
  error: Error | undefined,
): void {
  const { scale } = wait
  const isWanted = sumOf(scale.targets) > 0
  const over = isWanted ? (fleet.money.over ?? deadlineError(fleet)) : undefined
  const problem = over ?? finalProblem(fleet, scale, error)
  // What runs may have to go again.
  const isUndecided = isWanted && isBehind(fleet)
  const verdict = error === undefined && !isUndecided ? judge(fleet, scale, plans) : "wait"
  if (problem !== undefined && (over !== undefined || verdict !== "reached")) wait.reject(problem)
  else if (verdict !== "wait") conclude(fleet, wait, verdict, close)
}

/** Calls `late` when the time of the call is over; one without a timeout of its own waits for the buckets as well. */
function timeoutOf(fleet: Fleet, scale: BegunScale, late: () => void): { cancel(): void } {
  let cancelTimer = () => {}
  const arm = (ms: number) => {
    cancelTimer = fleet.clock.timer(ms, () => {
      const longer = scale.timeoutMs === undefined ? extensionMs(fleet) : 0
      if (longer > 0) arm(longer)
      else late()
    })
  }
  arm(leftMs(fleet, scale))
  return { cancel: () => cancelTimer() }
}

/** How much of a call's time is left. */
function leftMs(fleet: Fleet, { begunAt, timeoutMs, drainMs = 0, targets }: BegunScale): number {
  const allMs = timeoutMs ?? SHORTEST_TIMEOUT_MS + drainMs + readyMs(fleet, targets)
  return Math.max(0, begunAt + allMs - fleet.clock.now())
}

/** The longest time that a worker of these groups may take to become ready. */
function readyMs({ groups }: Fleet, targets: ReadonlyMap<string, number>): number {
  const all = [...targets].map(([name, count]) => (count === 0 ? 0 : (groups.get(name)?.group.ready?.timeoutMs ?? 0)))
  return Math.max(0, ...all)
}

/**
 * Waits for what must be known before targets are set, within the time of the call that sets them.
 *
 * @throws TimeoutError when that is over, or the reason of the call's signal: then no target is set.
 */
export function withinTimeout<T>(fleet: Fleet, scale: BegunScale, work: Promise<T>, problem: string): Promise<T> {
  const late = () => {
    const waited = Math.round((fleet.clock.now() - scale.begunAt) / 1000)
    const lastAnswer = [...fleet.groups.values()].find(({ preparing }) => preparing !== undefined)?.preparing
    return new TimeoutError(
      `scaling "${fleet.owner.cluster}": after ${waited} s ${problem}; ${unansweredText(lastAnswer)}`,
    )
  }
  return withDeadline(fleet.clock, work, leftMs(fleet, scale), late, scale.signal)
}

function sumOf(targets: ReadonlyMap<string, number>): number {
  return [...targets.values()].reduce((sum, count) => sum + count, 0)
}

/** How much longer the buckets need for what waits in them; 0 when nothing does. */
function extensionMs(fleet: Fleet): number {
  const waits = fleet.providers.map((provider) => {
    const waiting = fleet.roster
      .openLaunches()
      .filter((launch) => launch.provider === provider && launch.state === "waiting")
    const levels = accountOf(fleet.clock, provider.limits).buckets.levels()
    return etaMs(
      provider.limits.buckets,
      levels,
      waiting.map((launch) => launch.call.cost),
    )
  })
  return Math.max(...waits) * ETA_SLACK
}

function conclude(
  fleet: Fleet,
  wait: Wait,
  verdict: Exclude<Verdict, "wait"> | "timeout",
  close: () => Promise<unknown>,
): void {
  const { scale } = wait
  const result = resultOf(fleet, scale, false)
  if (verdict === "reached") {
    wait.resolve(result)
    return
  }
  const waitedMs = fleet.clock.now() - scale.begunAt
  if (verdict === "timeout" && isBehind(fleet)) {
    wait.reject(undecided(fleet, waitedMs))
    return
  }
  if (result.desired === 0) {
    wait.reject(zeroTimeout(fleet, scale, waitedMs))
    return
  }
  const short = shortfallError(fleet, result, verdict === "timeout" ? waitedMs : undefined)
  fleet.emit({ type: "problem", error: short.name, message: short.message })
  const isEnough = wantedReady(fleet, scale) >= scale.minimum
  const settle = () => {
    if (isEnough) wait.resolve(result)
    else wait.reject(short)
  }
  if (scale.ifShort === "keep") lowerToExisting(fleet, scale, "ready")
  if (scale.ifShort !== "close") {
    settle()
    return
  }
  wait.end()
  void close().then(settle, (error: Error) => wait.reject(error))
}

/** How many are ready, or have finished, of those that are wanted: one group's surplus makes up for nothing that another one lacks. */
function wantedReady(fleet: Fleet, { targets }: ResolvedScale): number {
  const doneIn = (name: string) => {
    const { succeeded, failed } = finishedIn(fleet, [name])
    return fleet.roster.ready(name) + succeeded + failed
  }
  return sumOf(new Map([...targets].map(([name, count]) => [name, Math.min(count, doneIn(name))])))
}

/** The target becomes what is ready, or what exists and is on its way; nothing new is launched for it. */
function lowerToExisting(fleet: Fleet, { targets }: ResolvedScale, what: "ready" | "existing" = "existing"): void {
  for (const name of targets.keys()) {
    const state = fleet.groups.get(name)
    if (state === undefined) continue
    withdrawWaiting(fleet, name)
    const existing = fleet.roster.counted(name).length + fleet.roster.asked(name)
    state.desired = Math.min(state.desired, what === "ready" ? fleet.roster.ready(name) : existing)
  }
  fleet.wake()
}

function undecided({ owner }: Fleet, waitedMs: number): TimeoutError {
  return new TimeoutError(
    `scaling "${owner.cluster}": after ${Math.round(waitedMs / 1000)} s it is not decided yet which of two clusters with this name stays: another one was started in the same moment, and seems to have come first`,
  )
}

function zeroTimeout(fleet: Fleet, { targets }: ResolvedScale, waitedMs: number): TimeoutError {
  const ends = openEnds(fleet, (group) => targets.get(group) === 0)
  return new TimeoutError(
    `scaling "${fleet.owner.cluster}" to 0: after ${Math.round(waitedMs / 1000)} s there is still ${ends.join(" and ")}; it goes on trying`,
  )
}
