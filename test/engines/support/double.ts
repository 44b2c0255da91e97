/**
 * An engine of the small cloud: its members are the instances that run there, and what its head says follows them. It is never asked
 * over a wire, so that a thousand lives of a head take seconds.
 */
import type { Clock } from "../../../src/calls/clock.js"
import { TransientError } from "../../../src/errors.js"
import type { Engine, EngineHead, EngineState, Member } from "../../../src/engines/engine.js"
import { TAG } from "../../../src/fleet/tags.js"
import { markPrefix } from "../../../src/guest/marks.js"
import { workerName } from "../../../src/fleet/reports/worker.js"
import type { World, WorldInstance } from "../../../src/simulator/index.js"

/** How long things take, in milliseconds. */
export interface DoubleTimes {
  /** From when the head's machine runs until its scheduler answers. */
  readonly headMs: number
  /** From when a worker's machine runs, or the head that it looks for answers, until it is a member. */
  readonly joinMs: number
  /** One answer of the head. */
  readonly answerMs: number
  /** What a busy member takes to let go of what it has. */
  readonly drainMs: number
}

const TIMES: DoubleTimes = { headMs: 8_000, joinMs: 4_000, answerMs: 20, drainMs: 5_000 }

/** What the head does with a question. `silent`: no answer comes. `broken`: it answers 500. */
type Trouble = "silent" | "broken"

interface Asked {
  readonly at: number
  readonly verb: "state" | "drain"
  readonly names: readonly string[]
}

export class EngineDouble {
  /** Every question to a head, in its order. */
  readonly asked: Asked[] = []
  /** Names of members that have something to do, and what each holds, in bytes. */
  readonly busy = new Map<string, number>()
  /** How many workers the work wants. */
  demand: number | undefined
  /** Since when nobody has had anything to do, in milliseconds since 1970; undefined: since the head answers. */
  idleFrom: number | undefined
  /** These never become members. */
  isOdd: (instance: WorldInstance) => boolean = () => false
  readonly #world: World
  readonly #clock: Clock
  readonly #times: DoubleTimes
  readonly #troubles: { readonly kind: Trouble; readonly until: number }[] = []
  /** By the name of who was asked to leave, when it has left. */
  readonly #leaving = new Map<string, number>()
  /** Ids of heads whose scheduler has ended. */
  readonly #ended = new Set<string>()
  /** Where workers look for their head, where they were told anew. */
  readonly #told = new Map<string, string>()

  constructor({ world, clock }: { readonly world: World; readonly clock: Clock }, times: Partial<DoubleTimes> = {}) {
    this.#world = world
    this.#clock = clock
    this.#times = { ...TIMES, ...times }
  }

  get engine(): Engine {
    return {
      ...{ name: "double", ports: { scheduler: 1 }, recipe: {} },
      head: () => ({ startup: "exec scheduler" }),
      worker: () => ({ startup: "exec worker" }),
      state: (head) => this.#state(head),
      drain: (head, names, { signal }) => this.#drain(head, names, signal),
      client: () => Promise.resolve({ address: "double://", environment: {} }),
    }
  }

  /** For so long, in milliseconds, whoever asks meets it. */
  trouble(kind: Trouble, ms: number): void {
    this.#troubles.push({ kind, until: this.#clock.now() + ms })
  }

  /** Whoever asks from now on meets no trouble. */
  calm(): void {
    this.#troubles.length = 0
  }

  /** The scheduler of the head that runs now ends, as its guest tells; its machine goes on. */
  endScheduler(words = "killed"): void {
    for (const { id, tags } of this.heads()) {
      this.#ended.add(id)
      const lines = ["1 startup begun", `| ${words}`, "2 done startup 1"]
      this.#world.write(id, lines.map((line) => `${markPrefix(tags[TAG.uid] ?? "")}${line}\n`).join(""))
    }
  }

  /** A worker looks for its head there from now on. */
  tell(id: string, address: string): void {
    this.#told.set(id, address)
  }

  /** The machines of heads that run, as the world knows. */
  heads(): readonly WorldInstance[] {
    return this.#world.truth({ states: ["running"], tags: { [TAG.group]: "head" } })
  }

  async #state(head: EngineHead): Promise<EngineState> {
    this.#note("state", [])
    const at = await this.#answering(head, head.signal)
    const members = this.#members(head, at)
    const now = this.#clock.now()
    const isBusy = members.some(({ isIdle }) => !isIdle)
    const demand = this.demand === undefined ? {} : { demand: this.demand }
    return { members, ...demand, idleMs: isBusy ? 0 : Math.max(0, now - Math.max(at, this.idleFrom ?? at)) }
  }

  async #drain(head: EngineHead, names: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    this.#note("drain", names)
    const at = await this.#answering(head, signal)
    const now = this.#clock.now()
    const there = new Set(this.#members(head, at).map(({ name }) => name))
    for (const name of names) {
      const ms = this.busy.has(name) ? this.#times.drainMs : 0
      if (there.has(name) && !this.#leaving.has(name)) this.#leaving.set(name, now + ms)
    }
    const left = names.filter((name) => !there.has(name) || (this.#leaving.get(name) ?? 0) <= now)
    for (const name of left) this.busy.delete(name)
    return left
  }

  #note(verb: Asked["verb"], names: readonly string[]): void {
    this.asked.push({ at: this.#clock.now(), verb, names })
  }

  /** Since when the head answers, in milliseconds since 1970. @throws TransientError where nothing answers there. */
  async #answering({ address }: EngineHead, signal: AbortSignal): Promise<number> {
    const now = this.#clock.now()
    const trouble = this.#troubles.find(({ until }) => now < until)
    if (trouble?.kind === "silent") await this.#clock.sleep(trouble.until - now, signal)
    await this.#clock.sleep(this.#times.answerMs, signal)
    const head = this.heads().find(({ privateIp }) => privateIp === address)
    const at = head?.runningAt === undefined ? undefined : head.runningAt + this.#times.headMs
    if (head === undefined || at === undefined || at > this.#clock.now() || this.#ended.has(head.id))
      throw new TransientError(`asking ${address}: connection refused`)
    if (trouble?.kind === "broken") throw new TransientError(`asking ${address}: it answers 500`)
    return at
  }

  /** @param answersFrom since when the head answers, in milliseconds since 1970. */
  #members({ address }: EngineHead, answersFrom: number): readonly Member[] {
    const now = this.#clock.now()
    const running = this.#world.truth({ states: ["running"] })
    return running.flatMap((instance) => {
      const { tags, runningAt = now } = instance
      const name = workerName({ id: instance.id, name: instance.name ?? "", tags }, "")
      const hasJoined = Math.max(runningAt, answersFrom) + this.#times.joinMs <= now
      const isOurs = tags[TAG.group] !== "head" && this.#headOf(instance) === address
      const hasLeft = (this.#leaving.get(name) ?? Number.POSITIVE_INFINITY) <= now
      if (!isOurs || !hasJoined || hasLeft || this.isOdd(instance)) return []
      return [{ name, isIdle: !this.busy.has(name), heldBytes: this.busy.get(name) ?? 0 }]
    })
  }

  /** Where a worker looks for its head. */
  #headOf({ id, attributes }: WorldInstance): string | undefined {
    const { environment } = attributes as { readonly environment?: Readonly<Record<string, string>> }
    return this.#told.get(id) ?? environment?.MUSTER_HEAD_ADDRESS
  }
}
