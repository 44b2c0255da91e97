import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Cluster, remote, TaskError, type TaskLog } from "muster-vms"
import { local } from "muster-vms/local"
import { isAlive } from "./support/alive.js"
import { isLong } from "../support/long.js"

const tasks = remote<typeof import("./support/tasks.js")>(new URL("./support/tasks.ts", import.meta.url))
const { never } = remote<typeof import("./support/broken.js")>(new URL("./support/broken.ts", import.meta.url))

async function failureOf(work: Promise<unknown>): Promise<TaskError> {
  const error = await work.catch((one: unknown) => one)
  expect(error).toBeInstanceOf(TaskError)
  return error as TaskError
}

describe("functions of a module on workers of this machine", () => {
  const root = mkdtempSync(join(tmpdir(), "muster-work-"))
  const cluster = new Cluster({ provider: local({ root: join(root, "local") }) }, { journal: join(root, "journal") })
  beforeAll(async () => {
    await cluster.scale(2)
  })
  afterAll(async () => {
    await cluster.close()
    rmSync(root, { recursive: true, force: true })
  })

  test("inputs and results are cloned, types are inferred, and order is kept", async () => {
    const doubled: number[] = await cluster.map([1, 2, 3, 4, 5, 6], tasks.double).all()
    expect(doubled).toEqual([2, 4, 6, 8, 10, 12])
    const at = new Date(0)
    expect(await cluster.call(tasks.clones, new Map([["a", at]]))).toEqual({
      map: new Map([["a", at]]),
      bytes: new Uint8Array([1, 2]),
    })
    const names = cluster.workers.map(({ name }) => name)
    for await (const { index, value, worker } of cluster.map(["x", "y"], tasks.about)) {
      expect(value).toEqual([index === 0 ? "x" : "y", index, 1, worker])
      expect(names).toContain(worker)
    }
  })

  test("a failure has the stack of its own sources, and the last that it wrote", async () => {
    const error = await failureOf(cluster.call(tasks.throws, 7))
    expect(error.message).toMatch(/^task 0 on default-\w+: RangeError: no 7; the last that it wrote:\nbefore 7$/)
    expect(error.remoteStack).toMatch(/at throws \(.*test\/work\/support\/tasks\.ts:\d+:\d+\)/)
  })

  test.each([
    ["a process that ends", tasks.exits, 3, "its process ended with exit code 3; the last that it wrote:\nlast words"],
    ["what cannot be cloned", tasks.closure, undefined, "what the task returned cannot be sent"],
    ["a module that throws while it is loaded", never, undefined, "cannot be loaded"],
    [
      "a name that the module does not have",
      { ...tasks.double, name: "other" },
      1,
      'exports no function "other": it exports',
    ],
  ] as const)("%s fails that task alone", async (_what, task, input, words) => {
    expect((await failureOf(cluster.call(task as typeof tasks.double, input as number))).message).toContain(words)
    expect(await cluster.call(tasks.double, 4)).toBe(8)
  })

  test("a process goes on with the next task, unless a task leaves something behind", async () => {
    const options = { slots: 1 }
    const tidy = await cluster.map([1, 2, 3, 4, 5, 6], tasks.process_, options).all()
    expect(new Set(tidy).size).toBeLessThanOrEqual(2)
    const untidy = await cluster.map([1, 2, 3, 4], tasks.untidy, options).all()
    expect(new Set(untidy).size).toBe(4)
    expect(await cluster.map([1, 2, 3], tasks.left, options).all()).toEqual([undefined, undefined, undefined])
  })

  test("a global, a listener or a method that a task has changed does not reach the next one", async () => {
    const kinds = isLong ? ["global", "random", "console", "method", "listener", "deaf"] : ["random", "deaf"]
    await cluster.scale(1)
    for (const kind of kinds) {
      const [first, next] = await cluster.map([kind, "nothing"], tasks.meddles, { slots: 1, ordered: true }).all()
      expect([kind, next === first]).toEqual([kind, false])
    }
    await cluster.scale(2)
  })

  test("all that a task writes is heard, however much, and its process goes on", async () => {
    let heard = 0
    const onLog = ({ text }: TaskLog) => {
      heard += text.length
    }
    await cluster.scale(1)
    const pids = await cluster.map([30, 30], tasks.floods, { slots: 1, onLog }).all()
    expect(heard).toBe(6_000_000)
    expect(new Set(pids).size).toBe(1)
    await cluster.scale(2)
  })

  test.runIf(isLong)("a result that is too large for the way fails its task alone", async () => {
    const error = await failureOf(cluster.call(tasks.large, 2 ** 30 + 1))
    expect(error.message).toContain("it has 1024 MiB, and at most 1024 travel: use files")
    expect((await cluster.call(tasks.large, 2 ** 28)).length).toBe(2 ** 28)
  })

  test("a module of CommonJS has what it exports", async () => {
    const file = join(root, "common.cjs")
    writeFileSync(file, "exports.half = (x) => x / 2; exports.none = 1")
    const { half } = remote<{ half: (x: number) => number }>(pathToFileURL(file))
    expect(await cluster.call(half, 4)).toBe(2)
  })

  test("calls share the program of a worker, and a module that is there already", async () => {
    await cluster.scale(1)
    const [own] = await cluster.map([1], tasks.process_, { slots: 1 }).all()
    expect(await cluster.call(tasks.process_, 1)).toBe(own)
    expect(await cluster.map([1, 2], tasks.process_, { slots: 1, outputs: join(root, "none") }).all()).toEqual([
      own,
      own,
    ])
    await cluster.scale(2)
  })

  test.runIf(isLong)("a task that blocks ends with its runner, whose worker goes on", async () => {
    const pids: number[] = []
    const onLog = ({ text }: TaskLog) => void pids.push(Number(text))
    const run = cluster.map([1], tasks.blocksAt, { onLog }).all()
    await expect.poll(() => pids.length).toBe(1)
    const [pid = 0] = pids
    // What runs it is its parent; as the task is seen, only the runner is killed.
    process.kill(parentOf(pid), "SIGKILL")
    await expect.poll(() => pids.length, { timeout: 60_000 }).toBe(2)
    expect(isAlive(pid)).toBe(false)
    process.kill(-(pids[1] ?? 0), "SIGKILL")
    await expect(run).rejects.toThrow("its process ended with signal SIGKILL")
  })

  test("a task that blocks is ended when its time is over; one that listens is told", async () => {
    const told = await failureOf(cluster.map([60], tasks.waits, { taskTimeout: "200ms" }).all())
    expect(told.message).toContain("did not end within 0.2 s (taskTimeout)")
    const abort = new AbortController()
    const run = cluster.map([60, 60, 60], tasks.waits, { signal: abort.signal }).all()
    setTimeout(() => abort.abort(new Error("enough")), 300)
    await expect(run).rejects.toThrow("enough")
  })

  test("files that tasks leave are there before their results, and logs are heard", async () => {
    const to = join(root, "out")
    const logs: TaskLog[] = []
    for await (const { index } of cluster.map([3, 5], tasks.writes, { outputs: to, onLog: (log) => logs.push(log) })) {
      const size = index === 0 ? 3 : 5
      expect(readFileSync(join(to, `file-${size}`), "utf8")).toBe("x".repeat(size))
    }
    expect(readdirSync(to).sort()).toEqual(["file-3", "file-5"])
    expect(logs.map(({ index, text }) => `${index} ${text}`).sort()).toEqual(["0 wrote 3", "1 wrote 5"])
  })

  test("what is no task is refused before anything runs", async () => {
    const wrong = (task: unknown) => cluster.map([1], task as typeof tasks.double).all()
    await expect(wrong((value: number) => value)).rejects.toThrow(/map\.task: is a function of this process/)
    await expect(wrong({})).rejects.toThrow(/map\.task: is neither a task of remote\(…\) nor \{ command \}/)
    await expect(cluster.map([1], tasks.double, { slots: 0 }).all()).rejects.toThrow(/map\.slots/)
    expect(() => remote("./work.js")).toThrow(/remote.*new URL/s)
    const missing = remote<typeof import("./support/tasks.js")>(new URL("./nothing.ts", import.meta.url))
    await expect(cluster.call(missing.double, 1)).rejects.toThrow("there is no file /")
  })
})

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])
}

test("a cluster that was never scaled has nobody for work", async () => {
  const cluster = new Cluster({ provider: "local" })
  await expect(cluster.map([1], tasks.double).all()).rejects.toThrow(/has no workers yet; scale it first/)
})
