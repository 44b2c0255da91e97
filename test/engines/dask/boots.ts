/** Boots: head and workers as processes of this machine, by the very scripts that machines run, each at an address of 127.0.0.0/8. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { systemClock } from "../../../src/calls/clock.js"
import { EngineSecrets } from "../../../src/fleet/state/engine/secrets.js"
import { OWNER } from "../../support/wishes.js"
import type { Engine, EngineBoot, EngineHead, EngineState } from "../../../src/engines/engine.js"

/** Debian's Python, which `python3-distributed` is for; another may be first on the path. */
export const PYTHON = "/usr/bin/python3"

const LOOK = "import importlib.util as u, sys; sys.exit(u.find_spec('distributed') is None)"
export const hasDask = spawnSync(PYTHON, ["-c", LOOK]).status === 0

/** Why a suite is not run, for its title. */
export const WITHOUT = "needs Dask: apt-get install python3-distributed"

export interface Boot {
  /** MUSTER_NAME */
  readonly name: string
  readonly process: ChildProcess
  readonly directory: string
  readonly address: string
  /** What it has written so far. */
  log(): string
  /** Its exit code, or the signal's name. */
  readonly ended: Promise<number | string>
  /** To the whole session, as a machine's end does. */
  kill(signal: NodeJS.Signals): void
}

/** Of this file alone, whatever runs beside it: of 127.N.0.0/16 the N, which a listener holds for as long as this process lives. */
const NETWORK = await claimNetwork(10 + (process.pid % 200))

async function claimNetwork(number: number): Promise<number> {
  const server = createServer()
  const isOurs = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false)).listen(8785, `127.${number}.255.254`, () => resolve(true))
  })
  server.unref()
  return isOurs ? number : claimNetwork(number === 250 ? 10 : number + 1)
}

/** Several clusters may run beside each other in a file: each has 2,000 addresses. */
let clusters = 0

export class Boots {
  readonly engine: Engine
  readonly #folder: string
  readonly #first = (clusters++ % 31) * 8
  readonly #boots: Boot[] = []
  readonly #secrets = new Map<string, string>()
  readonly #kept = new EngineSecrets(false, OWNER, systemClock, () => false)
  readonly #end = new AbortController()
  #head: Boot | undefined

  constructor(engine: Engine, folder: string) {
    this.engine = engine
    this.#folder = folder
  }

  addressOf(number: number): string {
    return `127.${NETWORK}.${this.#first + Math.floor(number / 250)}.${(number % 250) + 1}`
  }

  /** @param number of its address; another head may have another one. */
  async startHead(number = 0, environment: Readonly<Record<string, string>> = {}): Promise<Boot> {
    const boot = this.engine.head({ name: "head", fields: {} })
    this.#head = await this.#start("head", number, boot, environment)
    return this.#head
  }

  async startWorker(
    number: number,
    { group = "default", environment = {} }: { group?: string; environment?: Readonly<Record<string, string>> } = {},
  ): Promise<Boot> {
    const boot = this.engine.worker({ name: group, fields: {} })
    return this.#start(`${group}-${number}`, number, boot, { MUSTER_HEAD_ADDRESS: this.addressOf(0), ...environment })
  }

  async #start(name: string, number: number, boot: EngineBoot, more: Readonly<Record<string, string>>): Promise<Boot> {
    const directory = join(this.#folder, `${name}-${this.#boots.length}`)
    mkdirSync(directory, { recursive: true })
    const secrets: Record<string, string> = {}
    for (const [key, source] of Object.entries(boot.secrets ?? {})) secrets[key] = await this.#secret(key, source)
    const address = this.addressOf(number)
    writeFileSync(join(directory, "startup"), boot.startup)
    const file = join(directory, "log")
    const log = openSync(file, "w")
    const child = spawn("/bin/sh", [join(directory, "startup")], {
      cwd: directory,
      detached: true,
      stdio: ["ignore", log, log],
      env: {
        ...{ PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: directory, MUSTER_NAME: name, MUSTER_ADDRESS: address },
        ...{ ...boot.environment, ...secrets, ...more },
      },
    })
    closeSync(log)
    const ended = new Promise<number | string>((resolve) =>
      child.once("exit", (code, signal) => resolve(code ?? signal ?? "")),
    )
    const started: Boot = {
      ...{ name, process: child, directory, address, ended },
      log: () => readFileSync(file, "utf8"),
      kill: (signal) => killGroup(child.pid, signal),
    }
    this.#boots.push(started)
    return started
  }

  async #secret(name: string, source: unknown): Promise<string> {
    const known = this.#secrets.get(name)
    if (known !== undefined) return known
    const make = typeof source === "function" ? source : (source as { readonly make: () => unknown }).make
    const value = String(await (make as () => unknown)())
    this.#secrets.set(name, value)
    return value
  }

  /** As a machine ends: those that have left. */
  endThose(names: readonly string[]): void {
    const ended = new Set(names)
    for (const boot of this.#boots) if (ended.has(boot.name)) boot.kill("SIGKILL")
  }

  /** Of several heads the one at this address. */
  killHeadAt(number: number): void {
    const address = this.addressOf(number)
    for (const boot of this.#boots) if (boot.address === address) boot.kill("SIGKILL")
  }

  /** The head as the core hands it to the engine. */
  get head(): EngineHead {
    const address = this.#head?.address ?? this.addressOf(0)
    return {
      address,
      reach: async (port) => ({ host: address, port }),
      secret: async (name) => this.#secrets.get(name) ?? "",
      keep: (files, signal) => this.#kept.keep(files, signal),
      signal: this.#end.signal,
    }
  }

  state(): Promise<EngineState> {
    return this.engine.state(this.head)
  }

  /** Until so many are members; the state that says so. */
  members(count: number): Promise<EngineState> {
    return this.until(`${count} members`, async () => {
      const state = await this.state()
      return state.members.length === count ? state : undefined
    })
  }

  /** @throws Error with the logs after five minutes. */
  async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const end = performance.now() + 300_000
    for (;;) {
      const found = await look().catch(() => undefined)
      if (found !== undefined) return found
      if (performance.now() > end)
        throw new Error(`${what}:\n${this.#boots.map((boot) => boot.log().slice(-3000)).join("\n---\n")}`)
      await sleep(50)
    }
  }

  async close(): Promise<void> {
    this.#end.abort()
    for (const boot of this.#boots) boot.kill("SIGKILL")
    await Promise.all(this.#boots.map((boot) => boot.ended))
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Processes of a nanny are of its group; its spawned worker too. */
function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}

/** Runs a program of Python's as a client on this machine. @returns what it printed. */
export function python(program: string, environment: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(PYTHON, ["-c", program], { env: { PATH: "/usr/bin:/bin", ...environment } })
    let [out, err] = ["", ""]
    child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()))
    child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()))
    child.once("error", reject)
    child.once("close", (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(err.slice(-4000)))))
  })
}
