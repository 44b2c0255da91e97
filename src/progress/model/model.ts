/** The model of progress: events and looks at the cluster go in, what is shown comes out. Pure: it is told what time it is. */
import type { ClusterEvent, EventOf, HeadState } from "../../events.js"
import { HEAD } from "../../fleet/lifecycle.js"
import type { Explanation } from "../../fleet/explain/explanation.js"
import type { Worker } from "../../fleet/reports/worker.js"
import type { ClusterCost } from "../../money/cost.js"
import { placeName } from "../../text.js"
import { type Finished, NONE_FINISHED } from "../../fleet/state/group-state.js"
import { etaOf } from "./eta.js"
import { Troubles } from "./troubles.js"
import type { Phase, ProgressView, Tasks, Work } from "./types.js"
import { WorkerCounts } from "./workers.js"

/** Places in the header; older ones make room. */
const MOST_PLACES = 4

export class ProgressModel {
  readonly #cluster: string
  readonly #startedAt: number
  readonly #workers = new WorkerCounts()
  readonly #troubles = new Troubles()
  readonly #desired = new Map<string, number>()
  readonly #finished = new Map<string, Finished>()
  #places: readonly string[] = []
  #at: number
  #isAsked = false
  #isClosed = false
  #isSeen = false
  #total = 0
  /** What launch calls may still bring, as of the last pass, and what has come of it since. */
  #booked = 0
  #comeSince = 0
  /** Those that run and are not ready, as of the last pass or look, and of what has come since. */
  #unready = 0
  #passedAt: number | undefined
  #head: HeadState | undefined
  #pricePerHour = 0
  #spent = 0
  #unpriced = 0
  #isPartial = false
  #sentBy = 0
  #stopped: string | undefined
  #slowestBoot: string | undefined
  #note: string | undefined
  #work: Work | undefined
  #tasks: { readonly heardAt: number; readonly tasks: Tasks } | undefined

  /** @param now the beginning, in milliseconds since 1970, as are all moments. */
  constructor(cluster: string, now: number) {
    this.#cluster = cluster
    this.#startedAt = Math.round(now)
    this.#at = this.#startedAt
  }

  /** Takes over the workers that are there before the first event. */
  begin(workers: readonly Worker[], now: number): void {
    const order = [...workers].sort((a, b) => a.launchedAt - b.launchedAt)
    for (const worker of order) this.#workers.move(worker, worker.state, Math.min(worker.launchedAt, this.#pass(now)))
  }

  hear(event: ClusterEvent, now: number): void {
    const at = this.#pass(now)
    this.#troubles.hear(event, at)
    switch (event.type) {
      case "target":
        this.#retarget(event)
        break
      case "finished":
        this.#finish(event)
        break
      case "plan":
        this.#addPlace(event)
        break
      case "worker":
        if (this.#workers.move(event, event.to, at) && !this.#workers.isApart(event.group)) this.#comeSince += 1
        break
      case "ready":
        if (!this.#workers.isApart(event.group)) {
          this.#unready = Math.max(0, this.#unready + (event.isReady ? -1 : 1))
        }
        break
      case "pass":
        this.#take(event, at)
        break
      case "tasks":
        this.#hearTasks(event, at)
        break
      case "adapt":
        this.#note = `group ${event.group} ${event.ended === true ? "follows its demand no more" : `follows its demand to ${event.target}`}: ${event.why}`
        break
      case "note":
      case "head":
      case "idle":
        this.#note = event.message
        break
      case "closed":
        this.#isClosed = true
        this.#pricePerHour = 0
        this.#unpriced = 0
        break
      default:
    }
  }

  /** Takes over what only the cluster can tell. */
  see(explanation: Explanation, cost: ClusterCost, now: number): void {
    const at = this.#pass(now)
    const { groups, ended } = explanation
    // What ends while it is shown is told by events.
    if (ended !== undefined && !this.#isSeen) this.#note = ended.message
    this.#isSeen = true
    this.#isClosed ||= ended?.how === "closed"
    this.#troubles.see(explanation, at)
    for (const { group, isHead } of groups) if (isHead === true) this.#workers.setApart(group)
    const own = groups.filter(({ isHead }) => isHead !== true)
    this.#unready = own.reduce((sum, { running, ready }) => sum + running - ready, 0)
    this.#sentBy = Math.max(0, ...groups.map(({ sentBy = 0 }) => sentBy))
    this.#slowestBoot = groups.map(({ slowestBoot }) => slowestBoot).find((text) => text !== undefined)
    this.#stopped = groups.map(({ stopped }) => stopped).find((text) => text !== undefined)
    for (const { group, desired, finished } of own) {
      this.#desired.set(group, desired)
      this.#finished.set(group, finished)
    }
    if (own.length > 0) this.#total = own.reduce((sum, { desired }) => sum + desired, 0)
    this.#isAsked ||= this.#total > 0
    this.#spent = Math.max(this.#spent, cost.soFar)
    this.#pricePerHour = this.#isClosed ? 0 : cost.perHour
    this.#unpriced = this.#isClosed ? 0 : cost.unpricedNow
    this.#isPartial = cost.unpriced > 0
  }

  /** Takes over how much of the work is done. */
  tell(work: Work): void {
    this.#work = work
  }

  view(now: number): ProgressView {
    const at = this.#pass(now)
    const workers = this.#workers
    const counts = this.#counts()
    const oldest = workers.oldest(at)
    const { boots } = workers
    const troubles = this.#troubles.list(at)
    const eta = this.#eta(counts, troubles, at)
    return {
      cluster: this.#cluster,
      at,
      elapsedMs: at - this.#startedAt,
      phase: this.#phase(counts),
      places: this.#places,
      ...counts,
      finished: this.#finishedInAll(),
      interrupted: workers.count("interrupted"),
      ending: workers.count("terminating") + workers.count("failed"),
      gone: workers.gone,
      groups: [...this.#desired].map(([group, desired]) => ({ group, desired, running: workers.runningIn(group) })),
      pricePerHour: this.#pricePerHour,
      spent: this.#spent,
      unpriced: this.#unpriced,
      isPartial: this.#isPartial,
      troubles,
      ...(oldest === undefined ? {} : { oldest }),
      ...(this.#slowestBoot === undefined || counts.ready >= counts.desired ? {} : { slowestBoot: this.#slowestBoot }),
      ...(boots === undefined ? {} : { typicalBootMs: boots.typicalMs }),
      ...(eta === undefined ? {} : { eta }),
      ...(this.#passedAt === undefined ? {} : { ageMs: at - this.#passedAt }),
      ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }),
      ...(this.#note === undefined ? {} : { note: this.#note }),
      ...(this.#work === undefined ? {} : { work: this.#work }),
      ...(this.#tasks === undefined ? {} : { tasks: tasksAt(this.#tasks, at) }),
      ...(this.#head === undefined || this.#isClosed ? {} : { head: this.#head }),
    }
  }

  /** Time goes forward, whatever the machine's clock is set to. */
  #pass(now: number): number {
    this.#at = Math.max(this.#at, Math.round(now))
    return this.#at
  }

  #counts(): Pick<ProgressView, Counts> {
    const desired = this.#total
    const running = this.#workers.count("running")
    const ready = Math.max(0, running - this.#unready)
    const booting = this.#workers.count("pending")
    const requested = Math.max(0, this.#booked - this.#comeSince)
    const missing = Math.max(0, desired - running - booting - requested)
    const surplus = running + booting + requested + missing - desired
    return { desired, running, ready, booting, requested, missing, surplus }
  }

  #phase({ desired, running, ready }: Pick<ProgressView, "desired" | "running" | "ready">): Phase {
    if (this.#isClosed) return "closed"
    if (!this.#isAsked && this.#workers.living === 0) return "opening"
    if (desired === 0) return this.#workers.living > 0 ? "ending" : "empty"
    if (running === desired && ready === running) return "running"
    return this.#stopped === undefined ? "scaling" : "stopped"
  }

  #eta({ booting, requested, missing }: ToCount, troubles: ProgressView["troubles"], at: number) {
    if (this.#isClosed || this.#stopped !== undefined) return undefined
    const tries = missing === 0 ? [] : troubles.flatMap(({ nextTryAt }) => (nextTryAt === undefined ? [] : [nextTryAt]))
    return etaOf({
      booting,
      missing: requested + missing,
      sentInMs: Math.max(0, this.#sentBy - at),
      triedInMs: tries.length === 0 ? undefined : Math.min(...tries) - at,
      boots: this.#workers.boots,
      oldestMs: this.#workers.oldest(at)?.ms ?? 0,
      youngestMs: this.#workers.youngestMs(at),
    })
  }

  /** Where the event does not tell which groups were named, the next look does. */
  #retarget({ desired }: EventOf<"target">): void {
    for (const [group, count] of Object.entries(desired)) {
      if (this.#desired.get(group) !== count) this.#finished.delete(group)
      this.#desired.set(group, count)
    }
    this.#total = [...this.#desired.values()].reduce((sum, count) => sum + count, 0)
    this.#isAsked ||= this.#total > 0
    this.#stopped = undefined
  }

  #finish({ group, outcome, action, desired }: EventOf<"finished">): void {
    if (action !== "end" || desired === this.#desired.get(group)) return
    const { succeeded, failed } = this.#finished.get(group) ?? NONE_FINISHED
    const isSuccess = outcome === "success"
    this.#finished.set(group, { succeeded: succeeded + Number(isSuccess), failed: failed + Number(!isSuccess) })
    this.#desired.set(group, desired)
    this.#total = [...this.#desired.values()].reduce((sum, count) => sum + count, 0)
  }

  #finishedInAll(): Finished {
    let [succeeded, failed] = [0, 0]
    for (const one of this.#finished.values()) {
      succeeded += one.succeeded
      failed += one.failed
    }
    return { succeeded, failed }
  }

  #take({ desired, running, ready, booked, head, pricePerHour, unpriced }: EventOf<"pass">, at: number): void {
    this.#head = head
    if (head !== undefined) this.#workers.setApart(HEAD)
    this.#unready = running - ready
    this.#total = desired
    this.#isAsked ||= desired > 0
    this.#booked = booked
    this.#comeSince = 0
    this.#passedAt = at
    this.#pricePerHour = pricePerHour
    this.#unpriced = unpriced
  }

  #hearTasks(
    { total, read, running, done, failed, resumed, lost, perSecond, leftMs }: EventOf<"tasks">,
    heardAt: number,
  ) {
    const tasks = { ...(total === undefined ? {} : { total }), read, running, done, failed, resumed, lost }
    const pace = { ...(perSecond === undefined ? {} : { perSecond }), ...(leftMs === undefined ? {} : { leftMs }) }
    this.#tasks = { heardAt, tasks: { ...tasks, ...pace } }
  }

  #addPlace({ provider, region, instanceType, market }: EventOf<"plan">): void {
    const place = `${placeName(provider, region)} ${instanceType} ${market}`
    if (this.#places[0] === place) return
    this.#places = [place, ...this.#places.filter((one) => one !== place)].slice(0, MOST_PLACES)
  }
}

type Counts = "desired" | "running" | "ready" | "booting" | "requested" | "missing" | "surplus"
/** What was left when it was told is less by now. */
function tasksAt({ heardAt, tasks }: { readonly heardAt: number; readonly tasks: Tasks }, at: number): Tasks {
  return tasks.leftMs === undefined ? tasks : { ...tasks, leftMs: Math.max(0, tasks.leftMs - (at - heardAt)) }
}

type ToCount = Pick<ProgressView, "booting" | "requested" | "missing">
