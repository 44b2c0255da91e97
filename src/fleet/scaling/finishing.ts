/** Finishing: waits until the work of every worker that the targets asked for has ended. */
import { onAbort } from "../../calls/aborts.js"
import { MusterError, RejectedError, SpecError, TimeoutError } from "../../errors.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import { deadlineError } from "../ending/deadline.js"
import type { Passes } from "../pass/passes.js"
import type { Fleet } from "../state/context.js"
import type { Finished, GroupState } from "../state/group-state.js"
import { mayEnd } from "../state/held.js"
import { finishedIn, resultOf, shortfallError } from "./target.js"

/** A call of `finished`. */
export interface FinishedWait {
  /** When it was made, in milliseconds since 1970. */
  readonly begunAt: number
  /** Left out: until the cluster's deadline. */
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
  /** A call of `scale` has not ended yet: its target may not be set. */
  readonly isScaling: () => boolean
}

interface Waiting {
  readonly check: () => void
  readonly reject: (error: Error) => void
}

/** Of a group whose workers do not end when they succeed: it is never finished. */
export function neverFinishes({ whenDone, ...group }: ResolvedGroup): boolean {
  return whenDone.success !== "end" || !mayEnd({ whenDone, ...group })
}

/** @throws SpecError that names `whenDone`, when one of these groups is never finished. */
export function checkFinishes(groups: readonly ResolvedGroup[]): void {
  const [group] = groups.filter(neverFinishes)
  if (group === undefined) return
  const { name, whenDone } = group
  const option = name === "default" ? "cluster.whenDone" : `cluster.groups.${name}.whenDone`
  const why =
    whenDone.success === "end"
      ? "there is no startup, setup or container whose end could be seen"
      : `its workers do not end when they succeed (success: "${whenDone.success}")`
  const message = `group ${name} is never finished: ${why}; give whenDone: "end", or whenDone: { success: "end" }, and what they run`
  throw new SpecError([{ option, value: whenDone, message }])
}

export class Finishing {
  readonly #fleet: Fleet
  readonly #passes: Passes
  readonly #waits = new Set<Waiting>()

  constructor(fleet: Fleet, passes: Passes) {
    this.#fleet = fleet
    this.#passes = passes
  }

  /** Resolves with how many have finished since the targets were set. @throws what `Cluster.finished` throws. */
  wait(call: FinishedWait): Promise<Finished> {
    const { timeoutMs, signal, begunAt } = call
    const { clock } = this.#fleet
    signal?.throwIfAborted()
    if (!this.#fleet.isOwner) return Promise.reject(watches(this.#fleet))
    return new Promise((resolve, reject) => {
      const endings: (() => void)[] = []
      const end = () => {
        this.#waits.delete(wait)
        for (const ending of endings) ending()
      }
      const wait: Waiting = {
        check: () => {
          const outcome = outcomeOf(this.#fleet, call)
          if (outcome instanceof Error) wait.reject(outcome)
          else if (outcome !== undefined) {
            end()
            resolve(outcome)
          }
        },
        reject: (error) => {
          end()
          reject(error)
        },
      }
      this.#waits.add(wait)
      endings.push(this.#passes.on((_plans, error) => error === undefined && wait.check()))
      endings.push(onAbort(signal, () => wait.reject(signal?.reason as Error)))
      if (timeoutMs !== undefined) {
        const late = () => wait.reject(tooLate(this.#fleet, call))
        endings.push(clock.timer(Math.max(0, begunAt + timeoutMs - clock.now()), late))
      }
      wait.check()
    })
  }

  /** Something outside of the passes has changed. */
  recheck(): void {
    for (const wait of [...this.#waits]) wait.check()
  }

  reject(error: Error): void {
    for (const wait of [...this.#waits]) wait.reject(error)
  }
}

/** Undefined while it is waited for. */
function outcomeOf(fleet: Fleet, { isScaling }: FinishedWait): Finished | Error | undefined {
  const states = [...fleet.groups.values()]
  const over = fleet.money.over ?? deadlineError(fleet)
  if (over !== undefined) return over
  const stopped = states.map(stoppedBy).find((error) => error !== undefined)
  if (stopped !== undefined) return stopped
  const asked = states.filter(({ desired, finished }) => desired + finished.succeeded + finished.failed > 0)
  try {
    checkFinishes(asked.map(({ group }) => group))
  } catch (error) {
    return error as Error
  }
  if (states.some(({ breaker }) => breaker !== undefined)) return tripped(fleet, states)
  const isDone = states.every(({ desired }) => desired === 0) && fleet.held.size === 0 && !isScaling()
  return isDone ? finishedIn(fleet, [...fleet.groups.keys()]) : undefined
}

function stoppedBy({ problem, loweredReason }: GroupState): Error | undefined {
  return problem ?? (loweredReason === undefined ? undefined : new MusterError(loweredReason))
}

/** Startups, or boots, fail again and again: nothing more is launched, so that the rest never finishes. */
function tripped(fleet: Fleet, states: readonly GroupState[]): Error {
  const targets = new Map(
    states.filter(({ desired }) => desired > 0).map(({ group, desired }) => [group.name, desired]),
  )
  const scale = { targets, minimum: 0, timeoutMs: undefined, ifShort: undefined, drainMs: undefined, signal: undefined }
  return shortfallError(fleet, resultOf(fleet, scale, false), undefined)
}

function tooLate(fleet: Fleet, { begunAt }: FinishedWait): TimeoutError {
  const names = [...fleet.groups.keys()]
  const { succeeded, failed } = finishedIn(fleet, names)
  const left = names.reduce((sum, name) => sum + (fleet.groups.get(name)?.desired ?? 0), 0)
  const running = names.reduce((sum, name) => sum + fleet.roster.running(name), 0)
  const waited = Math.round((fleet.clock.now() - begunAt) / 1000)
  return new TimeoutError(
    `waiting until all workers of "${fleet.owner.cluster}" have finished: after ${waited} s ${succeeded} have succeeded, ${failed} have failed, and ${left} have not finished, of which ${running} run; they go on. Call finished again, or give it a longer timeout`,
  )
}

function watches({ owner }: Fleet): RejectedError {
  return new RejectedError(
    `waiting until all workers of "${owner.cluster}" have finished: this process only watches it, and the process that holds it takes in what finishes; attach with takeOver: true to take it over`,
  )
}
