/** Workers that are real processes: of this machine, or behind a real sshd. They are killed as a machine is, and have notices. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { systemClock } from "../../../src/calls/clock.js"
import { localRemote } from "../../../src/remote/local.js"
import type { Remote } from "../../../src/remote/remote.js"
import { Channels } from "../../../src/work/farm/channels.js"
import type { Place, Places } from "../../../src/work/farm/places.js"

interface Worker {
  readonly id: string
  readonly remote: Remote
  endsAt?: number
  isDraining?: true
  cancel: () => void
}

/** Which of this machine's processes are of a worker: as its commands have its number in their environment. */
const VARIABLE = "MUSTER_TEST_WORKER"

export class RealPlaces implements Places {
  readonly clock = systemClock
  readonly channels = new Channels(systemClock)
  readonly #directory: string
  readonly #workers = new Map<string, Worker>()
  readonly #listeners = new Set<() => void>()
  readonly #done = new Map<string, Promise<void>>()
  readonly #mark = `${process.pid}-${Math.random().toString(36).slice(2)}`
  readonly busyNow = new Set<string>()

  readonly #environment: Readonly<Record<string, string>>

  /** @param directory each worker has one of its own in it. @param environment of all that runs there. */
  constructor(directory: string, environment: Readonly<Record<string, string>> = {}) {
    this.#directory = directory
    this.#environment = environment
  }

  /** @param reach how it is reached: left out, it is a group of processes here. */
  add(id: string, reach: Remote = localRemote({ words: [], address: "127.0.0.1" }, systemClock)): void {
    const cwd = join(this.#directory, id)
    mkdirSync(cwd, { recursive: true })
    const environment = { ...this.#environment, [VARIABLE]: this.#markOf(id) }
    const remote: Remote = {
      ...reach,
      spawn: (command, options = {}) =>
        reach.spawn(command, { cwd, ...options, environment: { ...environment, ...options.environment } }),
    }
    this.#workers.set(id, { id, remote, cancel: () => {} })
    this.#changed()
  }

  get ids(): readonly string[] {
    return [...this.#workers.keys()]
  }

  /** All its processes are gone at once, and the connections that they had. */
  kill(id: string): void {
    const worker = this.#workers.get(id)
    if (worker === undefined) return
    worker.cancel()
    this.#workers.delete(id)
    for (let found = processesWith(this.#markOf(id)); found.length > 0; found = processesWith(this.#markOf(id))) {
      for (const pid of found) killIfThere(pid)
    }
    void worker.remote.close()
    this.#changed()
  }

  /** It is told that it goes, and goes. */
  notice(id: string, ms: number): void {
    const worker = this.#workers.get(id)
    if (worker === undefined) return
    worker.endsAt = this.clock.now() + ms
    worker.cancel = this.clock.timer(ms, () => this.kill(id))
    this.#changed()
  }

  /** It has so long to finish, and goes. */
  drain(id: string, ms: number): void {
    const worker = this.#workers.get(id)
    if (worker !== undefined) worker.isDraining = true
    this.notice(id, ms)
  }

  processesOf(id: string): readonly number[] {
    return processesWith(this.#markOf(id))
  }

  list(): readonly Place[] {
    return [...this.#workers.values()].map(({ id, endsAt, isDraining, remote }) => ({
      ...{ id, name: id, group: "default", isReady: true, remote: () => Promise.resolve(remote) },
      ...(endsAt === undefined ? {} : { endsAt }),
      ...(isDraining === undefined ? {} : { isDraining }),
    }))
  }

  problem(): Error | undefined {
    return this.#workers.size === 0 ? new Error("no worker is left") : undefined
  }

  watch(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  once(id: string, key: string, work: () => Promise<void>): Promise<void> {
    const name = `${id} ${key}`
    const doing = this.#done.get(name) ?? work()
    this.#done.set(name, doing)
    doing.catch(() => this.#done.delete(name))
    return doing
  }

  busy(id: string, isBusy: boolean): void {
    if (isBusy) this.busyNow.add(id)
    else this.busyNow.delete(id)
  }

  async close(): Promise<void> {
    await this.channels.close()
    for (const id of this.ids) this.kill(id)
  }

  #markOf(id: string): string {
    return `${this.#mark}-${id}.`
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

function processesWith(mark: string): readonly number[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) return []
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`${VARIABLE}=${mark}`) ? [Number(pid)] : []
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It has ended.
  }
}
