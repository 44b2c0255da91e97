/** Following: asks the head of an engine how all of its workers are: often while somebody is waited for, and seldom at rest. */
import { firstOf } from "../../calls/aborts.js"
import type { EngineState } from "../../engines/engine.js"
import { TimeoutError } from "../../errors.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import { type Fleet, messageOf } from "../../fleet/state/context.js"
import type { FleetEngine } from "../../fleet/state/engine/fleet-engine.js"
import { workerGroups } from "../../fleet/state/engine/head.js"
import { takeMembers } from "../../fleet/targets/members.js"
import { HEAD } from "../../spec/engine/engine.js"
import { endedBy } from "./ended-by.js"
import type { Heads } from "./heads.js"

/** From one answer to the next question while somebody is waited for, in milliseconds. */
const AWAITED_MS = 1000

/** A head that has taken so long for its answer has not answered, in milliseconds. */
const ANSWER_MS = 10_000

export class Following {
  readonly #fleet: Fleet
  readonly #engine: FleetEngine
  readonly #heads: Heads
  /** Ends the pause before the next question. */
  #hurry = () => {}
  #isGoing = false
  #asking: { readonly head: WorkerRecord; readonly answer: Promise<EngineState> } | undefined

  constructor(fleet: Fleet, engine: FleetEngine, heads: Heads) {
    this.#fleet = fleet
    this.#engine = engine
    this.#heads = heads
  }

  /** After each pass: begins where there is a head, and asks at once where somebody new is waited for. */
  update(): void {
    if (this.#heads.current() === undefined) return
    if (this.#isAwaited()) this.#hurry()
    if (this.#isGoing) return
    this.#isGoing = true
    void this.#go().finally(() => {
      this.#isGoing = false
    })
  }

  /**
   * What the head says now; a question that is on its way is shared.
   *
   * @throws TransientError where it does not answer, TimeoutError where that takes long; MusterError where there is no head.
   */
  ask(): Promise<EngineState> {
    const head = this.#heads.current()
    if (this.#asking !== undefined && this.#asking.head === head) return this.#asking.answer
    const answer = this.#askOnce(head)
    const asking = head === undefined ? undefined : { head, answer }
    this.#asking = asking
    const end = () => {
      if (this.#asking === asking) this.#asking = undefined
    }
    answer.then(end, end)
    return answer
  }

  async #askOnce(head: WorkerRecord | undefined): Promise<EngineState> {
    const { clock } = this.#fleet
    const { contact, engine } = this.#engine
    const askedAt = clock.now()
    const late = new AbortController()
    const cancel = clock.timer(ANSWER_MS, () => late.abort(lateError()))
    if (contact.headId !== head?.instance.id) this.#forgetContact(head)
    try {
      const asked = this.#heads.head(late)
      const state = await endedBy(engine.state(asked), asked.signal)
      // Another head may have taken its place meanwhile.
      if (head !== undefined && this.#heads.current() === head) this.#noteAnswer(head, state, askedAt)
      return state
    } catch (error) {
      if (!this.#fleet.signal.aborted && contact.headId === head?.instance.id) {
        contact.silentFrom ??= askedAt
        contact.silence = messageOf(error)
      }
      throw error
    } finally {
      cancel()
      late.abort(new Error("nobody waits for this answer any more"))
      this.#engine.judgeHead()
    }
  }

  #noteAnswer(head: WorkerRecord, state: EngineState, askedAt: number): void {
    const { contact } = this.#engine
    contact.state = state
    contact.answeredAt = this.#fleet.clock.now()
    delete contact.silentFrom
    delete contact.silence
    takeMembers(this.#fleet, head, state, askedAt)
  }

  #forgetContact(head: WorkerRecord | undefined): void {
    const { contact } = this.#engine
    for (const key of Object.keys(contact) as (keyof typeof contact)[]) delete contact[key]
    if (head !== undefined) contact.headId = head.instance.id
  }

  /** Until there is no head any more. */
  async #go(): Promise<void> {
    const { signal } = this.#fleet
    while (!signal.aborted && !this.#fleet.leaving && this.#heads.current() !== undefined) {
      await this.ask().catch(() => {})
      await this.#pause(this.#isAwaited() ? AWAITED_MS : this.#engine.pace.restMs)
    }
  }

  /** Somebody runs who has not joined, or the head itself has not answered, or is silent. */
  #isAwaited(): boolean {
    const { roster } = this.#fleet
    const { contact } = this.#engine
    if (contact.silentFrom !== undefined || roster.unready(HEAD).size > 0) return true
    return workerGroups(this.#fleet).some(([name, { group }]) => group.joins && roster.unready(name).size > 0)
  }

  async #pause(ms: number): Promise<void> {
    const { clock, signal } = this.#fleet
    const hurry = new AbortController()
    if (ms > AWAITED_MS) this.#hurry = () => hurry.abort(new Error("somebody is waited for"))
    const over = firstOf(signal, hurry.signal)
    await clock.sleep(ms, over.signal).catch(() => {})
    over.letGo()
    this.#hurry = () => {}
  }
}

function lateError(): TimeoutError {
  return new TimeoutError(`asking the head of the engine: no answer within ${ANSWER_MS / 1000} s`)
}
