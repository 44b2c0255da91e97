/** The kill test's cloud "local": a root with somebody else's cluster of the same name in it, and what the machine shows. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { local } from "../../providers/local/index.js"
import { bareCalls } from "../../src/calls/send.js"
import { systemClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import type { Instance } from "../../src/provider.js"
import type { Evidence } from "./kill.js"
import { claimsOf, isAlive, listening, namesIn, processes, textOf } from "./machine.js"
import { NAME, OWNER, type Scene } from "./scene.js"

/** The same name, another owner: nothing but a tag tells them apart. */
const NEIGHBOUR = "neighbour"
const NEIGHBOURS = 2
/** Long enough to be told apart from at once; nothing here waits for it. */
const GRACE_MS = 200

/** What a supervisor may take to end once its instance has gone, on a busy machine. */
const SUPERVISOR_MS = 30_000

/** Hundreds of kills take a while, and the neighbours must outlive them. */
const NEIGHBOURS_LIVE_S = "36000"

/** Each worker notes that it began, and the first one of a cluster listens on its port. */
const STARTUP = `echo "$MUSTER_NAME $MUSTER_INSTANCE $MUSTER_ADDRESS:$MUSTER_PORT" >> "$NOTES"
if mkdir "$NOTES.listener" 2>/dev/null; then
  exec "$NODE" -e 'require("net").createServer().listen(process.env.MUSTER_PORT, process.env.MUSTER_ADDRESS)'
fi
exec sleep 600`

/** What is told to end has been told so on disk: a list lags behind nothing. */
const LAG_MS = 20_000

export interface LocalScene extends Scene {
  readonly root: string
}

export async function localScene(): Promise<LocalScene> {
  const directory = mkdtempSync(join(tmpdir(), "muster-kill-"))
  const root = join(directory, "state")
  const notes = join(directory, "notes")
  const settings = { root, graceMs: GRACE_MS }
  const neighbours = await openNeighbours(settings)
  const stranger = startStranger()
  const environment = { NOTES: notes, NODE: process.execPath }
  const witness = new Witness(
    root,
    notes,
    neighbours.workers.map((worker) => worker.id),
    stranger,
  )
  return {
    journal: join(directory, "journal"),
    root,
    options: {
      place: { cloud: "local", options: settings },
      lagMs: LAG_MS,
      name: NAME,
      spec: { instanceType: "local-1", startup: STARTUP, environment },
      evidence: async () => witness.fresh(),
    },
    end: async () => {
      stranger.kill("SIGKILL")
      await neighbours.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function openNeighbours(settings: { root: string; graceMs: number }): Promise<Cluster> {
  const provider = local(settings)
  const spec = {
    name: NAME,
    owner: NEIGHBOUR,
    provider,
    instanceType: "local-1",
    startup: `exec sleep ${NEIGHBOURS_LIVE_S}`,
  }
  const cluster = new Cluster(spec, { journal: false })
  await cluster.scale(NEIGHBOURS)
  return cluster
}

/** A process that has nothing to do with us, although its environment looks much like it. */
function startStranger(): ChildProcess {
  const environment = { MUSTER_CLUSTER: NAME, MUSTER_INSTANCE: "0123456789abcdef0123456789abcdef" }
  return spawn("sleep", [NEIGHBOURS_LIVE_S], { env: { ...process.env, ...environment }, stdio: "ignore" })
}

class Witness implements Evidence {
  readonly #root: string
  readonly #notes: string
  readonly #neighbours: readonly string[]
  readonly #stranger: ChildProcess

  constructor(root: string, notes: string, neighbours: readonly string[], stranger: ChildProcess) {
    this.#root = root
    this.#notes = notes
    this.#neighbours = neighbours
    this.#stranger = stranger
  }

  /** Forgets the notes of the kill before. */
  fresh(): Evidence {
    rmSync(this.#notes, { force: true })
    rmSync(`${this.#notes}.listener`, { recursive: true, force: true })
    return this
  }

  async living(): Promise<readonly string[]> {
    const states = ["pending", "running"] as const
    const alive = await this.#list({ cluster: NAME, owner: OWNER, states })
    return alive.map((instance) => instance.id)
  }

  async starts(): Promise<readonly string[]> {
    return this.#noted().map(({ name }) => name)
  }

  async remains(): Promise<readonly string[]> {
    const nonces = this.#noted().map(({ nonce }) => nonce)
    const ports = this.#noted().map(({ port }) => port)
    const instances = namesIn(join(this.#root, "instances")).filter((name) => !this.#neighbours.includes(name))
    const key = `${OWNER}+${NAME}`
    return [
      ...(await this.#processes(nonces)),
      ...instances.map((name) => `directory of ${name}`),
      ...claimsOf(this.#root, key).map((file) => `claim ${file}`),
      ...namesIn(join(this.#root, "clusters", key)).map((name) => `cluster's ${name}`),
      ...listening().filter((address) => ports.includes(address)),
    ]
  }

  /** A supervisor ends after its instance: it is given a moment, its instance is given none. */
  async #processes(nonces: readonly string[]): Promise<readonly string[]> {
    const deadline = systemClock.now() + SUPERVISOR_MS
    for (;;) {
      const left = processes().filter(({ environment }) => hasAny(environment, nonces))
      const isEnding = left.every(({ environment }) => environment.includes("MUSTER_SUPERVISES="))
      if (left.length === 0 || !isEnding || systemClock.now() > deadline)
        return left.map(({ pid, command }) => `process ${pid}: ${command}`)
      await systemClock.sleep(20)
    }
  }

  async touched(): Promise<readonly string[]> {
    const theirs = await this.#list({ cluster: NAME, owner: NEIGHBOUR, states: ["running"] })
    const missing = this.#neighbours.filter((id) => !theirs.some((instance) => instance.id === id))
    return isAlive(this.#stranger.pid ?? 0) ? missing : [...missing, "the stranger"]
  }

  async #list(selector: Parameters<ReturnType<typeof local>["list"]>[0]): Promise<readonly Instance[]> {
    return local({ root: this.#root }).list(selector, bareCalls({ clock: systemClock }))
  }

  #noted(): readonly { name: string; nonce: string; port: string }[] {
    const lines = textOf(this.#notes).split("\n").filter(Boolean)
    return lines.map((line) => {
      const [name = "", nonce = "", port = ""] = line.split(" ")
      return { name, nonce, port }
    })
  }
}

function hasAny(text: string, parts: readonly string[]): boolean {
  return parts.some((part) => text.includes(part))
}
