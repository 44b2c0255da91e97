/**
 * Deliveries: brings files and secrets to workers whose guests wait for them: to those that run when this process becomes the owner, and
 * to each that runs later.
 */
import pLimit from "p-limit"
import { onAbort } from "../../calls/aborts.js"
import { withDeadline } from "../../calls/deadline.js"
import { MusterError, OwnershipError, TimeoutError } from "../../errors.js"
import type { ClusterEventBody } from "../../events.js"
import { workerName } from "../../fleet/reports/worker.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import type { Fleet } from "../../fleet/state/context.js"
import type { Remote } from "../../remote/remote.js"
import type { SecretHolder } from "../../remote/sent/values.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import { missingSecrets } from "../../spec/secrets.js"
import { type Carried, deliverOnce, mayPass, tellGuest } from "./deliver.js"

/** Workers that are brought something at the same time: each may be a new connection. */
const MOST_AT_ONCE = 32

/** A worker that could not be reached is tried for so long: longer than its guest waits, in milliseconds. */
const LONGEST_MS = 15 * 60_000

/** From one look at a guest that does not wait yet to the next, and from one failure to the next: each time longer, in milliseconds. */
const [LOOK_MS, LONGEST_LOOK_MS, AGAIN_MS, LONGEST_AGAIN_MS] = [100, 2000, 1000, 30_000]

/** The code where this process does not know the values of secrets. */
const UNKNOWN = "SecretsNotGiven"

/** In an error. */
const MOST_NAMES = 5

export interface DeliveriesOptions {
  readonly remoteTo: (worker: WorkerRecord) => Promise<Remote>
}

export class Deliveries {
  readonly #fleet: Fleet
  readonly #options: DeliveriesOptions
  readonly #limit = pLimit(MOST_AT_ONCE)
  /** By the id of the instance. */
  readonly #ended = new Set<string>()
  readonly #begun = new Set<string>()
  readonly #told = new Set<string>()
  #waiting: (() => void)[] = []
  #hasLooked = false

  constructor(fleet: Fleet, options: DeliveriesOptions) {
    this.#fleet = fleet
    this.#options = options
    onAbort(fleet.signal, () => this.#wake())
  }

  /** Hears of all that happens in the cluster. */
  note(event: ClusterEventBody): void {
    if (!this.#fleet.isOwner) return
    if (event.type === "pass" && !this.#hasLooked) {
      this.#hasLooked = true
      for (const worker of this.#fleet.roster.living()) this.#begin(worker)
    }
    if (event.type === "worker" && event.to === "running") this.#beginById(event.id)
    if (event.type === "pass" || event.type === "worker") this.#wake()
  }

  /**
   * Waits until every worker that there is has what it waits for.
   *
   * @param reason why the cluster is let go of. @param timeoutMs in milliseconds.
   * @returns the error of a wait that took too long, or was aborted.
   */
  async untilSettled(reason: Error, timeoutMs: number, signal: AbortSignal | undefined): Promise<Error | undefined> {
    // Whoever has taken the cluster over brings it.
    if (reason instanceof OwnershipError || !this.#fleet.isOwner) return undefined
    const settled = new Promise<void>((resolve) => {
      const look = () => {
        if (this.#fleet.signal.aborted || this.#missing().length === 0) resolve()
        else this.#waiting.push(look)
      }
      look()
    })
    try {
      await withDeadline(this.#fleet.clock, settled, timeoutMs, () => this.#late(timeoutMs), signal)
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  #late(timeoutMs: number): TimeoutError {
    const missing = this.#missing()
    const names = missing.slice(0, MOST_NAMES).join(", ")
    const more = missing.length > MOST_NAMES ? ` and ${missing.length - MOST_NAMES} more` : ""
    return new TimeoutError(
      `detaching "${this.#fleet.owner.cluster}": after ${Math.round(timeoutMs / 1000)} s these did not have their files and secrets yet: ${names}${more}; it is let go of all the same, and their startups fail unless another process holds it`,
    )
  }

  /** What is on its way, in words. */
  #missing(): readonly string[] {
    const { roster } = this.#fleet
    const coming = roster.launches
      .asked()
      .filter(({ state, call }) => this.#isWanted(call.group) && (state === "sent" || state === "unsettled"))
    const waiting = roster
      .living()
      .filter((worker) => (worker.state === "pending" || worker.state === "running") && this.#isMissing(worker))
    return [...waiting.map(nameOf), ...coming.map(({ call }) => `${call.count} that are being launched`)]
  }

  #isMissing({ group, instance }: WorkerRecord): boolean {
    return this.#isWanted(group) && !this.#ended.has(instance.id)
  }

  #isWanted(name: string): boolean {
    const group = this.#fleet.groups.get(name)?.group
    return group !== undefined && (group.files.length > 0 || group.secrets.size > 0)
  }

  #beginById(id: string): void {
    const worker = this.#fleet.roster.living().find(({ instance }) => instance.id === id)
    if (worker !== undefined) this.#begin(worker)
  }

  #begin(worker: WorkerRecord): void {
    const { id } = worker.instance
    if (worker.state !== "running" || !this.#isMissing(worker) || this.#begun.has(id)) return
    this.#begun.add(id)
    void this.#deliver(worker).finally(() => {
      this.#begun.delete(id)
      this.#wake()
    })
  }

  /** Until it has all, or has ended, or nothing can help. */
  async #deliver(worker: WorkerRecord): Promise<void> {
    const { clock, signal } = this.#fleet
    const since = clock.now()
    let [looks, failures] = [0, 0]
    while (!signal.aborted && this.#fleet.isOwner && worker.state === "running") {
      const outcome = await this.#limit(() => this.#attempt(worker)).catch((error: unknown) => error as Error)
      if (outcome === "whole") {
        this.#ended.add(worker.instance.id)
        worker.hasAll = true
        return
      }
      const isLate = clock.now() - since > LONGEST_MS
      if (isLate || (outcome instanceof Error && !mayPass(outcome, failures))) {
        if (!signal.aborted) await this.#fail(worker, outcome, since)
        return
      }
      const pause =
        outcome instanceof Error
          ? Math.min(AGAIN_MS * 2 ** failures++, LONGEST_AGAIN_MS)
          : Math.min(LOOK_MS * 1.5 ** looks++, LONGEST_LOOK_MS)
      await clock.sleep(pause, signal).catch(() => {})
    }
  }

  async #attempt(worker: WorkerRecord): Promise<Carried> {
    const { supplies, groups, signal } = this.#fleet
    const group = groups.get(worker.group)?.group
    if (group === undefined) return "whole"
    const name = nameOf(worker)
    const supply = await supplies.filesOf(group)
    this.#tellChanged(
      group.name,
      supply.flatMap(({ changed }) => changed),
    )
    const remote = await this.#options.remoteTo(worker)
    const holder = { name, id: worker.instance.id, group: group.name }
    const values = group.secrets.size === 0 ? undefined : () => this.#valuesFor(group, holder)
    return deliverOnce(remote, { files: supply, values }, { worker: name, signal })
  }

  /** Whoever attached may not have them: then another process may bring them while the guest waits. */
  #valuesFor(group: ResolvedGroup, holder: SecretHolder): Promise<Readonly<Record<string, string>>> {
    const missing = missingSecrets(group, process.env)
    if (missing.length === 0) return this.#fleet.supplies.secretsOf(group).of(holder)
    const words = missing.map(({ option, message }) => `${option} ${message}`).join("; ")
    return Promise.reject(new MusterError(words, { code: UNKNOWN }))
  }

  /** Once: what comes later is what the first worker was given. */
  #tellChanged(group: string, names: readonly string[]): void {
    if (names.length === 0 || this.#told.has(group)) return
    this.#told.add(group)
    const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ""
    const message = `files have changed since the first worker was given them: ${names.slice(0, MOST_NAMES).join(", ")}${more}; workers that come later are given those of the first. Bring the new ones to each with send (muster cp), or make another cluster`
    this.#fleet.emit({ type: "note", group, message })
  }

  /** The guest ends its wait, where it can be told; what follows is what follows a startup that failed. */
  async #fail(worker: WorkerRecord, outcome: Carried | Error, since: number): Promise<void> {
    const { emit, clock, signal } = this.#fleet
    this.#ended.add(worker.instance.id)
    const name = nameOf(worker)
    const minutes = Math.round((clock.now() - since) / 60_000)
    const why = outcome instanceof Error ? outcome.message : `after ${minutes} min its guest does not wait for anything`
    const error = outcome instanceof Error ? outcome.name : "NotPlaced"
    emit({ type: "problem", group: worker.group, error, message: `bringing files and secrets to ${name}: ${why}` })
    if (outcome instanceof MusterError && outcome.code === UNKNOWN) return
    const remote = await this.#options.remoteTo(worker).catch(() => undefined)
    if (remote !== undefined) await tellGuest(remote, why, { worker: name, signal }).catch(() => {})
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const look of waiting) look()
  }
}

function nameOf({ instance, group }: WorkerRecord): string {
  return workerName(instance, group)
}
