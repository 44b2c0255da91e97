/**
 * Head keeper: sees to it that the loss of an engine's head has exactly one outcome: all is ended, or another head takes its place. It
 * also ends all once nobody has had anything to do for long.
 */
import { firstOf, onAbort } from "../../calls/aborts.js"
import { withDeadline } from "../../calls/deadline.js"
import { HeadLostError, RejectedError, TimeoutError } from "../../errors.js"
import { counts, mayLive } from "../../fleet/lifecycle.js"
import { workerName } from "../../fleet/reports/worker.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import { type Fleet, pollWithin } from "../../fleet/state/context.js"
import type { FleetEngine } from "../../fleet/state/engine/fleet-engine.js"
import { headOf } from "../../fleet/state/engine/head.js"
import { awaitRejoining } from "../../fleet/targets/members.js"
import { type HeadLoss, type HeadSigns, headLoss, silentAt } from "../../fleet/targets/head-loss.js"
import { startTerminations } from "../../fleet/terminate.js"
import type { Verdict } from "../../guest/marks.js"
import { HEAD } from "../../spec/engine/engine.js"
import { spanText } from "../../text.js"
import { tailOf } from "./head-words.js"
import { askGuests, isOverSsh } from "./way.js"

/** One that answered for less than this was lost soon; after so many of these in a row another one would be as well. */
const SHORT_LIFE_MS = 600_000
const MOST_LOST = 3

/** For so long, in milliseconds, the last words of one that is lost are looked for, while nothing is launched. */
const WORDS_MS = 5_000

/** Its guest is asked so often, in milliseconds, whether its work has ended. */
const GUEST_MS = 5_000

/** In addition to the longest boot, in milliseconds: what is sold out may be had again. */
const RESTART_MS = 300_000

/** A head, as far as it has come. Moments are in milliseconds since 1970. */
interface Known {
  readonly worker: WorkerRecord
  firstAnswerAt?: number
  end?: Verdict
  guestAskedAt: number
  /** When it was known last that the way to it is open. */
  reachedAt: number
}

/** A loss after which no other head has answered yet. */
interface Lost {
  readonly at: number
  readonly name: string
  readonly message: string
  readonly tail: string
}

export class HeadKeeper {
  readonly #fleet: Fleet
  readonly #engine: FleetEngine
  readonly #forget: () => void
  #known: Known | undefined
  #lost: Lost | undefined
  /** Heads that were lost soon, one after another. */
  #row = 0
  #activeAt: number
  #cancel = () => {}

  /** @param forget called when another head is to come. */
  constructor(fleet: Fleet, engine: FleetEngine, forget: () => void) {
    this.#fleet = fleet
    this.#forget = forget
    this.#engine = engine
    this.#activeAt = fleet.clock.now()
    onAbort(fleet.signal, () => this.#cancel())
  }

  /** Before each plan, and after each question to the head: nothing that follows from a loss is begun before it is judged. */
  judge(): void {
    if (!this.#isHeld() || this.#engine.isHalted) return
    const { clock } = this.#fleet
    this.#known ??= this.#found()
    const known = this.#known
    if (known === undefined) {
      this.#judgeNone()
      return
    }
    this.#noteAnswers(known)
    const signs = this.#signsOf(known)
    const loss = headLoss(signs, clock.now())
    if (loss !== undefined) void this.#lose(known.worker, loss)
    // One that never ran is made up for by the plan, as any other worker that does not come.
    else if (!counts(known.worker.state)) this.#drop()
    else this.#wakeAt(silentAt(signs))
    if (signs.silentFrom !== undefined) this.#askGuest(known)
  }

  #drop(): void {
    this.#known = undefined
    this.#forget()
  }

  #isHeld(): boolean {
    const { isOwner, closing, leaving, signal } = this.#fleet
    return isOwner && !closing && !leaving && !signal.aborted
  }

  #found(): Known | undefined {
    const worker = headOf(this.#fleet)
    if (worker === undefined) return undefined
    const reachedAt = isOverSsh(worker) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    return { worker, guestAskedAt: 0, reachedAt }
  }

  #signsOf({ worker, end, reachedAt }: Known): HeadSigns {
    const { contact } = this.#engine
    const { ranFrom, state, provider } = worker
    const isOfIt = contact.headId === worker.instance.id
    const { answeredAt, silentFrom, silence } = isOfIt ? contact : {}
    const poll = this.#fleet.polls.get(provider)
    return {
      state,
      reachedAt,
      bootMs: this.#bootMs(),
      ...(ranFrom === undefined ? {} : { ranFrom }),
      ...(answeredAt === undefined ? {} : { answeredAt }),
      ...(silentFrom === undefined ? {} : { silentFrom }),
      ...(silence === undefined ? {} : { silence }),
      ...(poll === undefined ? {} : { seenAt: poll.listedAt }),
      ...(end === undefined ? {} : { end }),
    }
  }

  /** For how long a head may boot, in milliseconds. */
  #bootMs(): number {
    return this.#fleet.groups.get(HEAD)?.group.ready?.timeoutMs ?? 0
  }

  #noteAnswers(known: Known): void {
    const { clock, emit } = this.#fleet
    const { contact } = this.#engine
    if (contact.headId !== known.worker.instance.id || contact.answeredAt === undefined) return
    known.firstAnswerAt ??= contact.answeredAt
    const lost = this.#lost
    if (lost !== undefined) {
      this.#lost = undefined
      const afterMs = clock.now() - lost.at
      const name = nameOf(known.worker)
      const message = `head ${name} has taken the place of ${lost.name}, after ${spanText(Math.max(1000, afterMs))}`
      emit({ type: "head", id: known.worker.instance.id, name, what: "restarted", message, afterMs })
    }
    this.#judgeIdle()
  }

  /** What it ran may have ended while its machine goes on: that is known sooner than its silence is long. */
  #askGuest(known: Known): void {
    const { clock } = this.#fleet
    const askedAt = clock.now()
    if (askedAt - known.guestAskedAt < GUEST_MS) return
    known.guestAskedAt = askedAt
    void askGuests(this.#fleet, known.worker).then(({ end, isWayOpen }) => {
      if (isWayOpen) known.reachedAt = Math.max(known.reachedAt, askedAt)
      if (end === undefined) return
      known.end = end
      this.judge()
    })
  }

  /** Its last words are looked for first; meanwhile nothing is launched. */
  async #lose(worker: WorkerRecord, { message: why, tail: told }: HeadLoss): Promise<void> {
    const { clock, emit } = this.#fleet
    this.#engine.isHalted = true
    this.#cancel()
    const at = clock.now()
    const tail = told ?? (await this.#wordsOf(worker))
    // Who closes it, or lets go of it, meanwhile has decided.
    if (!this.#isHeld()) return
    const livedMs = at - (this.#known?.firstAnswerAt ?? at)
    this.#row = livedMs < SHORT_LIFE_MS ? this.#row + 1 : 1
    const isRestarted = this.#engine.whenHeadLost === "restart" && this.#row < MOST_LOST
    const name = nameOf(worker)
    const message = `head ${name} is lost: ${why}`
    const action = isRestarted ? "restart" : "close"
    const words = tail === "" ? {} : { tail }
    emit({ type: "head", id: worker.instance.id, name, what: "lost", message, action, ...words })
    this.#drop()
    const lost = { at, name, message, tail }
    if (isRestarted) this.#restart(worker, lost)
    else this.#giveUp(lost, this.#engine.whenHeadLost === "restart" ? `; ${MOST_LOST} in a row were lost soon` : "")
  }

  async #wordsOf(worker: WorkerRecord): Promise<string> {
    const { clock, signal } = this.#fleet
    const late = new AbortController()
    const over = firstOf(signal, late.signal)
    const reading = tailOf(this.#fleet, worker, over.signal)
    const words = withDeadline(clock, reading, WORDS_MS, () => new TimeoutError("its log cannot be read"), signal)
    return words
      .catch(() => "")
      .finally(() => {
        late.abort()
        over.letGo()
      })
  }

  /** The plan launches another one; workers are told of it once its address is known. */
  #restart(worker: WorkerRecord, lost: Lost): void {
    const { wake } = this.#fleet
    this.#lost = lost
    this.#engine.isHalted = false
    if (mayLive(worker.state)) startTerminations(this.#fleet, [worker])
    awaitRejoining(this.#fleet)
    this.#wakeAt(this.#restartedBy(lost))
    wake()
  }

  #restartedBy({ at }: Lost): number {
    return at + this.#bootMs() + RESTART_MS
  }

  /** No head is there, and none is on its way. */
  #judgeNone(): void {
    const lost = this.#lost
    if (lost === undefined) return
    const { breaker, problem } = this.#fleet.groups.get(HEAD) ?? {}
    const late = this.#fleet.clock.now() >= this.#restartedBy(lost) ? "none came in time" : undefined
    const why = problem?.message ?? breaker?.message ?? late
    if (why === undefined) this.#wakeAt(this.#restartedBy(lost))
    else this.#giveUp(lost, `; no other one takes its place: ${why}`)
  }

  #giveUp({ name, message, tail }: Lost, why: string): void {
    this.#lost = undefined
    this.#engine.isHalted = true
    const { cluster } = this.#fleet.owner
    const words = tail === "" ? "" : `; the last that it has written:\n${tail}`
    const text = `cluster "${cluster}" has ended: ${message}${why}${words}`
    this.#engine.closeFor(new HeadLostError(text, { head: name, tail }))
  }

  /** Timed on the head; whoever waits for the cluster, or has changed its target, has something to do. */
  #judgeIdle(): void {
    const { clock, groups, roster, emit, owner } = this.#fleet
    const { contact, idleTimeoutMs } = this.#engine
    if (idleTimeoutMs === undefined || contact.state === undefined || contact.answeredAt === undefined) return
    const isBusy = roster.living().some((worker) => worker.isBusy === true)
    if (isBusy || this.#engine.isAwaited()) this.#activeAt = clock.now()
    const asked = [...groups.values()].map(({ askedAt }) => askedAt)
    const idleMs = contact.answeredAt - Math.max(contact.answeredAt - contact.state.idleMs, this.#activeAt, ...asked)
    if (idleMs < idleTimeoutMs) return
    this.#engine.isHalted = true
    const message = `nobody has had anything to do for ${spanText(idleMs)} (idleTimeout): the cluster "${owner.cluster}" has ended; make a new one to go on`
    emit({ type: "idle", idleMs, message })
    this.#engine.closeFor(new RejectedError(message))
  }

  /** What is due already waits for the next list: that wakes a pass, which judges. */
  #wakeAt(at: number): void {
    this.#cancel()
    this.#cancel = () => {}
    const { clock } = this.#fleet
    if (at === Number.POSITIVE_INFINITY || at <= clock.now()) return
    this.#cancel = clock.timer(at - clock.now(), () => this.#wake())
  }

  #wake(): void {
    this.judge()
    const { providers, wake } = this.#fleet
    if (!this.#isHeld() || this.#engine.isHalted) return
    // It may be this process that sees nothing: a list says so.
    for (const provider of providers) pollWithin(this.#fleet, provider, 0)
    wake()
  }
}

function nameOf({ instance, group }: WorkerRecord): string {
  return workerName(instance, group)
}
