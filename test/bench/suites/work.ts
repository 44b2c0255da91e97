/**
 * Work: what a task costs that does nothing, and this process's memory, by a function and by a command, over a hundred workers that
 * are processes of this machine, and on piscina's threads of this process; and a thousand commands over twenty addresses of a real sshd, beside GNU parallel in one run (Debian: parallel).
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../../src/calls/clock.js"
import { Connections } from "../../../src/remote/ssh/connections.js"
import { sshRemote } from "../../../src/remote/ssh/remote.js"
import { noSshd, PORT, type Sshd, startSshd } from "../../remote/support/sshd.js"
import { allOf, begin } from "../../work/support/begin.js"
import { RealPlaces } from "../../work/support/real.js"
import { onThreads } from "../work/pool.js"
import { Measurements } from "../measurements.js"
import { type Effort, effortOf, mostMemoryOf } from "../stopwatch.js"
import type { Row, Suite, SuiteOptions } from "../suite.js"

const [WORKERS, FEW] = [100, 20]
const TASKS = { module: 10_000, command: 2000 } as const
const COMMANDS = 1000
const MOST_RUNS = 3
/** 150 MB, however many tasks there are. */
const MEMORY = "143 at most"
const addresses = Array.from({ length: FEW }, (_, index) => `127.0.26.${index + 1}`)

const NOTHING = { module: new URL("../work/nothing.js", import.meta.url).href, name: "nothing" }
const KINDS = { module: NOTHING, command: { command: ":" } } as const

/** Why it is not measured beside GNU parallel; undefined where it is. */
const alone =
  noSshd ??
  (spawnSync("parallel", ["--version"]).status === 0 ? undefined : "needs GNU parallel: apt-get install parallel")

export const suite: Suite = {
  title: "work",
  measure: async (options) => {
    const rows = await measureTasks(options)
    if (alone !== undefined) throw new Error(`the suite "work" ${alone}`)
    return [...rows, ...(await measureBeside(options))]
  },
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index)
}

async function withPlaces<T>(fn: (places: RealPlaces, root: string) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), "muster-bench-"))
  const places = new RealPlaces(root)
  try {
    return await fn(places, root)
  } finally {
    await places.close()
    rmSync(root, { recursive: true, force: true })
  }
}

/** Of a task: of the whole machine by the wall, on all its processors, and of this process by the processor's time. */
async function measureTasks({ runs, say }: SuiteOptions): Promise<readonly Row[]> {
  const [times, memory] = [new Measurements(), new Measurements()]
  for (const [name, task] of Object.entries(KINDS) as [keyof typeof KINDS, (typeof KINDS)[keyof typeof KINDS]][]) {
    const tasks = TASKS[name]
    await withPlaces(async (places) => {
      for (const index of numbers(WORKERS)) places.add(`w${index}`)
      const work = async () => void (await allOf(await begin(places, numbers(tasks), task, { slots: 1 })))
      say(`${name}: ${WORKERS} workers that begin`)
      const first = async () =>
        times.add(`${name}: ${WORKERS} workers begin, and ${tasks} tasks`, (await effortOf(work)).wallMs)
      memory.add(`${name}: memory of this process`, await mostMemoryOf(first))
      for (let run = 0; run < Math.min(runs, MOST_RUNS); run += 1) {
        say(`${name}: ${tasks} tasks on ${WORKERS} workers`)
        const { wallMs, cpuMs } = await effortOf(work)
        times.add(`${name}: each task, wall`, wallMs / tasks)
        times.add(`${name}: each task, CPU of this process`, cpuMs / tasks)
      }
      const call = async () => void (await allOf(await begin(places, [1], task)))
      for (let run = 0; run < 20; run += 1)
        times.add(`${name}: one call, workers are there`, (await effortOf(call)).wallMs)
    })
  }
  await measureThreads(times, Math.min(runs, MOST_RUNS), say)
  const noteOf = (name: string) => (name === "module: one call, workers are there" ? "20 at most" : undefined)
  return [...times.rows("ms", noteOf), ...memory.rows("MiB", () => MEMORY)]
}

async function measureThreads(times: Measurements, runs: number, say: SuiteOptions["say"]): Promise<void> {
  for (let run = 0; run < runs; run += 1) {
    say(`module: ${TASKS.module} tasks on threads of this process, by piscina`)
    const { wallMs, cpuMs } = await effortOf(await onThreads(TASKS.module))
    times.add("piscina's threads: each task, wall", wallMs / TASKS.module)
    times.add("piscina's threads: each task, CPU of this process", cpuMs / TASKS.module)
  }
}

async function measureBeside({ runs, say }: SuiteOptions): Promise<readonly Row[]> {
  const sshd = await startSshd(addresses, PORT, ["MaxStartups 200", "MaxSessions 100"])
  const [times, ratios] = [new Measurements(), new Measurements()]
  try {
    for (let run = 0; run < Math.min(runs, MOST_RUNS); run += 1) {
      say(`${COMMANDS} commands on ${FEW} addresses, by both`)
      const sides = { muster: await measureMuster(sshd), parallel: await measureParallel(sshd) }
      for (const [side, { wallMs }] of Object.entries(sides))
        times.add(`${COMMANDS} commands over ssh: ${side}`, wallMs)
      ratios.add(`${COMMANDS} commands over ssh: muster to parallel`, sides.muster.wallMs / sides.parallel.wallMs)
    }
  } finally {
    await sshd.stop()
  }
  return [...times.rows("ms", () => "from nothing"), ...ratios.rows("ratio", () => "1 at most")]
}

function measureMuster({ port, user, privateKey, hostKey }: Sshd): Promise<Effort> {
  return withPlaces(async (places) => {
    const connections = new Connections({ workers: () => FEW })
    for (const host of addresses) {
      const server = { name: host, host, port, user, privateKey, hostKeys: [hostKey] }
      places.add(host, sshRemote({ id: host, server, way: { kind: "direct" } }, connections, systemClock))
    }
    const command = (index: unknown) => ["echo", String(index)]
    const effort = await effortOf(async () => void (await allOf(await begin(places, numbers(COMMANDS), { command }))))
    await places.channels.close()
    connections.close()
    return effort
  })
}

/** One job a host at a time, as our workers have one slot; the connections of a host are shared, which is its fastest way. */
function measureParallel({ port, user, directory, privateKey }: Sshd): Promise<Effort> {
  const [key, control] = [join(directory, "id"), join(directory, "control")]
  writeFileSync(key, privateKey, { mode: 0o600 })
  const options = [
    ...[
      "-i",
      key,
      "-p",
      String(port),
      "-l",
      user,
      "-o",
      "StrictHostKeyChecking=no",
      "-o",
      "UserKnownHostsFile=/dev/null",
    ],
    ...[
      "-o",
      "LogLevel=ERROR",
      "-o",
      "ControlMaster=auto",
      "-o",
      `ControlPath=${control}-%h`,
      "-o",
      "ControlPersist=20",
    ],
  ]
  const hosts = addresses.map((host) => `1/${host}`).join(",")
  const args = [
    "--will-cite",
    "--ssh",
    `ssh ${options.join(" ")}`,
    "-S",
    hosts,
    "echo",
    ":::",
    ...numbers(COMMANDS).map(String),
  ]
  return effortOf(async () => {
    const { status, stdout, stderr } = spawnSync("parallel", args, {
      encoding: "utf8",
      env: { ...process.env, HOME: directory },
    })
    const lines = new Set(stdout.trim().split("\n"))
    if (status !== 0 || lines.size !== COMMANDS)
      throw new Error(`parallel ended with ${status}, ${lines.size} lines: ${stderr.slice(-500)}`)
  })
}
