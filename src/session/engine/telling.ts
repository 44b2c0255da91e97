/**
 * Telling: workers that were launched for an earlier head are told of the one that took its place, in the file that MUSTER_HEAD_FILE
 * names. Who cannot be told is replaced.
 */
import pLimit from "p-limit"
import { workerName } from "../../fleet/reports/worker.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import { type Fleet, messageOf } from "../../fleet/state/context.js"
import { headAddressOf, headOf, workerGroups } from "../../fleet/state/engine/head.js"
import { TAG } from "../../fleet/tags.js"
import { withdrawWaiting } from "../../fleet/targets/fence.js"
import { startTerminations } from "../../fleet/terminate.js"
import { TELL_HEAD } from "../../guest/head-file.js"
import { runCommand } from "../../remote/output.js"
import { Reach } from "../reach.js"

/** Each may be a new connection. */
const MOST_AT_ONCE = 32

/** For so long it is tried: longer than a worker that boots takes until it lets somebody in, in milliseconds. */
const LONGEST_MS = 180_000
const AGAIN_MS = 3_000
/** One try, in milliseconds. */
const TRY_MS = 20_000

export class Telling {
  readonly #fleet: Fleet
  readonly #reach: Reach
  readonly #limit = pLimit(MOST_AT_ONCE)
  /** What each was told last, by the id of its instance. */
  readonly #told = new Map<string, Told>()
  /** Tokens of launch calls that were on the wire when their head was lost. */
  readonly #stale = new Set<string>()

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#reach = new Reach(fleet)
  }

  /** The head is another one from now on: what is being launched was told of the one before, and what was not sent yet would be. */
  forgetHead(): void {
    for (const [name, { group }] of workerGroups(this.#fleet))
      if (group.joins)
        withdrawWaiting(this.#fleet, name, undefined, "its head was lost before this launch call was sent")
    for (const { call } of this.#fleet.roster.launches.asked()) this.#stale.add(call.token)
  }

  /** After each pass. */
  update(): void {
    const { closing, leaving, isOwner, signal, roster } = this.#fleet
    const head = headOf(this.#fleet)
    const address = headAddressOf(this.#fleet)
    if (head === undefined || address === undefined || closing || leaving || !isOwner || signal.aborted) return
    for (const [name, { group }] of workerGroups(this.#fleet)) {
      if (!group.joins) continue
      for (const worker of roster.inGroup(name).in("running")) {
        const before = this.#told.get(worker.instance.id)
        if (!this.#isStale(worker, head) || before?.address === address) continue
        const over = this.#limit(async () => {
          // What is written late must not be the earlier address.
          await before?.over
          await this.#tell(worker, address)
        })
        this.#told.set(worker.instance.id, { address, over })
      }
    }
  }

  /** Workers are launched after their head. */
  #isStale({ instance }: WorkerRecord, head: WorkerRecord): boolean {
    return instance.launchedAt < head.instance.launchedAt || this.#stale.has(instance.tags[TAG.launch] ?? "")
  }

  async #tell(worker: WorkerRecord, address: string): Promise<void> {
    const { clock, signal } = this.#fleet
    const until = clock.now() + LONGEST_MS
    const isWanted = () => worker.state === "running" && headAddressOf(this.#fleet) === address && !signal.aborted
    for (let problem = this.#closedWay(worker); isWanted(); ) {
      const isLate = clock.now() >= until
      if (problem?.isFinal === true || (problem !== undefined && isLate)) {
        this.#replace(worker, problem.message)
        return
      }
      problem = await this.#write(worker, address)
      if (problem === undefined) return
      await clock.sleep(AGAIN_MS, signal).catch(() => {})
    }
  }

  /** Undefined where there may be a way to it. */
  #closedWay({ provider, instance }: WorkerRecord): Problem | undefined {
    if (provider.route === undefined) return { message: `${provider.name} has no way to its workers`, isFinal: true }
    const isOpen = this.#fleet.access !== undefined || provider.route(instance)?.kind !== "ssh"
    return isOpen ? undefined : { message: "nobody was given access to it", isFinal: true }
  }

  async #write(worker: WorkerRecord, address: string): Promise<Problem | undefined> {
    const { signal } = this.#fleet
    const where = { worker: nameOf(worker) }
    try {
      const remote = await this.#reach.remoteOf(worker)
      await runCommand(remote, TELL_HEAD, where, { stdin: `${address}\n`, timeoutMs: TRY_MS, signal })
      return undefined
    } catch (error) {
      return { message: messageOf(error), isFinal: false }
    }
  }

  /** Without its head it is of no use: another worker takes its place, whatever others do. */
  #replace(worker: WorkerRecord, why: string): void {
    const name = nameOf(worker)
    const message = `${name} could not be told of the new head, and is replaced: ${why}`
    this.#fleet.emit({ type: "note", group: worker.group, message })
    startTerminations(this.#fleet, [worker])
    this.#fleet.wake()
  }
}

interface Told {
  readonly address: string
  /** Nothing more of it is written. */
  readonly over: Promise<void>
}

interface Problem {
  readonly message: string
  /** It will not pass. */
  readonly isFinal: boolean
}

function nameOf({ instance, group }: WorkerRecord): string {
  return workerName(instance, group)
}
