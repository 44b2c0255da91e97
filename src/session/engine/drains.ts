/**
 * Drains: members that we have chosen to end, or that a notice takes away, let go of what they hold first. One that has is ended at once,
 * and any other when its time is over.
 */
import { workerName } from "../../fleet/reports/worker.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import { type Fleet, messageOf } from "../../fleet/state/context.js"
import type { FleetEngine } from "../../fleet/state/engine/fleet-engine.js"
import { isHead } from "../../fleet/state/engine/head.js"
import { drainingOf } from "../../fleet/terminate.js"
import { endedBy } from "./ended-by.js"
import type { Heads } from "./heads.js"

/** From one question for the same members to the next, in milliseconds. */
const AGAIN_MS = 1000

/** What is left to say and to do after an answer that came in the last moment, in milliseconds. */
const LAST_MS = 250

export class Drains {
  readonly #fleet: Fleet
  readonly #engine: FleetEngine
  readonly #heads: Heads
  readonly #begun = new WeakSet<WorkerRecord>()

  constructor(fleet: Fleet, engine: FleetEngine, heads: Heads) {
    this.#fleet = fleet
    this.#engine = engine
    this.#heads = heads
  }

  /** After each pass: begins with those that are to go since the last one. */
  update(): void {
    const fleet = this.#fleet
    if (!fleet.isOwner || fleet.signal.aborted || fleet.leaving) return
    const byTime = new Map<number, WorkerRecord[]>()
    for (const worker of [...drainingOf(fleet), ...fleet.roster.all.in("interrupted")]) {
      const until = untilOf(worker)
      if (until === undefined || this.#begun.has(worker) || !this.#isMember(worker)) continue
      this.#begun.add(worker)
      byTime.set(until, [...(byTime.get(until) ?? []), worker])
    }
    for (const [until, workers] of byTime) void this.#drain(workers, until)
    this.#endHead()
  }

  #isMember({ group }: WorkerRecord): boolean {
    return !isHead(this.#fleet, group) && this.#fleet.groups.get(group)?.group.joins === true
  }

  /** @param until in milliseconds since 1970. */
  async #drain(workers: readonly WorkerRecord[], until: number): Promise<void> {
    const { clock, signal } = this.#fleet
    const begunAt = clock.now()
    const left = new Map(workers.map((worker) => [workerName(worker.instance, worker.group), worker]))
    let problem = "its time was over"
    while (left.size > 0 && clock.now() < until && !signal.aborted) {
      // Without their head nobody has anything that could be kept.
      if (this.#heads.current() === undefined) break
      try {
        for (const name of await this.#askOnce([...left.keys()], until)) {
          const worker = left.get(name)
          if (worker !== undefined) this.#end(worker, { hasLeft: true, begunAt })
          left.delete(name)
        }
      } catch (error) {
        problem = messageOf(error)
      }
      for (const [name, worker] of left) if (untilOf(worker) === undefined) left.delete(name)
      const pauseMs = Math.min(AGAIN_MS, until - clock.now())
      if (left.size > 0 && pauseMs > 0) await clock.sleep(pauseMs, signal).catch(() => {})
    }
    if (signal.aborted) return
    if (this.#heads.current() === undefined) problem = "the cluster has no head any more"
    for (const worker of left.values()) this.#end(worker, { hasLeft: false, begunAt, problem })
  }

  /** One that hangs ends with the time that there is. */
  async #askOnce(names: readonly string[], until: number): Promise<readonly string[]> {
    const { clock } = this.#fleet
    const deadlineMs = Math.max(0, until - clock.now())
    const late = new AbortController()
    const cancel = clock.timer(deadlineMs, () => late.abort(new Error("its time was over")))
    try {
      const head = this.#heads.head(late)
      const options = { deadlineMs: Math.max(1, deadlineMs - LAST_MS), signal: head.signal }
      return await endedBy(this.#engine.engine.drain(head, names, options), head.signal)
    } finally {
      cancel()
      late.abort(new Error("nobody waits for this answer any more"))
    }
  }

  #end(
    worker: WorkerRecord,
    { hasLeft, begunAt, problem }: { readonly hasLeft: boolean; readonly begunAt: number; readonly problem?: string },
  ): void {
    const { clock } = this.#fleet
    const { instance, group } = worker
    const name = workerName(instance, group)
    const message = hasLeft || problem === undefined ? {} : { message: problem }
    const afterMs = clock.now() - begunAt
    this.#fleet.emit({ type: "drained", id: instance.id, name, group, hasLeft, afterMs, ...message })
    // A notice carries out itself what it has announced.
    if (worker.drainsUntil === undefined) return
    worker.drainsUntil = Math.min(worker.drainsUntil, clock.now())
    this.#fleet.wake()
  }

  /** When all is to end, the head goes after the last of its members. */
  #endHead(): void {
    const leaving = drainingOf(this.#fleet)
    const heads = leaving.filter(({ group }) => isHead(this.#fleet, group))
    if (heads.length === 0 || leaving.length > heads.length) return
    for (const head of heads) head.drainsUntil = Math.min(head.drainsUntil ?? 0, this.#fleet.clock.now())
    this.#fleet.wake()
  }
}

/** Until when it may go on, in milliseconds since 1970; undefined where that is over. */
function untilOf({ state, drainsUntil, interruptedAt }: WorkerRecord): number | undefined {
  return state === "interrupted" ? interruptedAt : drainsUntil
}
