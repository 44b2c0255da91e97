import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Cluster } from "muster-vms"
import { local } from "muster-vms/local"
import { CommandError } from "../../src/errors.js"

describe("a cluster of this machine", () => {
  const root = mkdtempSync(join(tmpdir(), "muster-exec-"))
  const cluster = new Cluster(
    {
      provider: local({ root: join(root, "local") }),
      groups: { web: { environment: { ROLE: "it's web" }, startup: "echo up; sleep 600" }, batch: {} },
    },
    { journal: join(root, "journal") },
  )
  beforeAll(async () => {
    await cluster.scale({ web: 2, batch: 1 })
  })
  afterAll(async () => {
    await cluster.close()
    rmSync(root, { recursive: true, force: true })
  })

  test("a command runs on every worker, with its variables and in its directory", async () => {
    const results = await cluster.exec('echo "$MUSTER_NAME:$ROLE:$MINE"', { environment: { MINE: "a 'b'" } })
    expect(results.map(({ stdout }) => stdout)).toEqual(
      cluster.workers.map(({ name, group }) => `${name}:${group === "web" ? "it's web" : ""}:a 'b'\n`),
    )
    expect(results.map(({ worker }) => worker)).toEqual(cluster.workers.map(({ name }) => name))
    const [own] = await cluster.group("batch").exec(["pwd"])
    expect(own?.stdout.trim()).toMatch(/work$/)
  })

  test("a failure names the worker, the command and its last words", async () => {
    const failed = await cluster.exec("echo why >&2; exit 7").catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(CommandError)
    expect((failed as Error).message).toMatch(/failed on 3 of 3 workers.*exit code 7.*\nwhy$/s)
    const codes = await cluster.exec("exit 7", { check: false })
    expect(codes.map(({ exitCode }) => exitCode)).toEqual([7, 7, 7])
    await expect(cluster.worker("nobody").exec("true")).rejects.toThrow(/no living worker.*it has /)
  })

  test("a stream is the input of one worker, and its error is that of the command", async () => {
    const [{ name = "" } = {}] = cluster.workers
    const missing = () => createReadStream(join(root, "none"))
    await expect(cluster.worker(name).exec("cat", { stdin: missing() })).rejects.toThrow(/ENOENT/)
    await expect(
      cluster
        .worker(name)
        .spawn("cat", { stdin: missing() })
        .then(({ ended }) => ended),
    ).rejects.toThrow(/ENOENT/)
    await expect(cluster.exec("cat", { stdin: missing() })).rejects.toThrow(/stdin: is a stream.*3 workers/)
  })

  test("files go there and come back", async () => {
    const [{ name = "" } = {}] = cluster.workers
    const worker = cluster.worker(name)
    mkdirSync(join(root, "own/skipped"), { recursive: true })
    writeFileSync(join(root, "own/input"), "in")
    writeFileSync(join(root, "own/skipped/other"), "no")
    const { files } = await worker.send(join(root, "own"), "app", { ignore: ["skipped"] })
    expect(files).toBe(1)
    await worker.exec("tr a-z A-Z <input >output", { cwd: "app" })
    await worker.fetch(["app/output"], join(root, "back"))
    expect(readFileSync(join(root, "back/app/output"), "utf8")).toBe("IN")
  })

  test("a port of a worker, its log, and a command that its end ends", async () => {
    const [web] = cluster.group("web").workers
    const worker = cluster.worker(web?.name ?? "")
    const server = createServer((_, response) => response.end("served"))
    const port = await new Promise<number>((resolve) => {
      server.listen(0, web?.privateIp ?? "127.0.0.1", () => resolve((server.address() as { port: number }).port))
    })
    const forward = await worker.forward(port)
    expect(await (await fetch(`http://127.0.0.1:${forward.port}`)).text()).toBe("served")
    await forward.close()
    server.close()
    // A worker runs before its script has written anything.
    await expect.poll(() => worker.logs()).toContain("up")
    const running = await worker.spawn("echo begun; sleep 600")
    await new Promise((resolve) => running.stdout.once("data", resolve))
    await cluster.scale({ web: 0 })
    expect((await running.ended).exitCode).toBeGreaterThan(128)
  })
})

test("a cluster that was never opened has nobody to talk to", async () => {
  const cluster = new Cluster({ provider: "local", name: "never" })
  await expect(cluster.exec("true")).rejects.toThrow(/no workers yet; scale it first/)
})

test("the log of a worker that has ended by itself is what it ended with", async () => {
  const root = mkdtempSync(join(tmpdir(), "muster-exec-"))
  // It waits until its name has been read.
  const told = join(root, "told")
  const startup = `until [ -e '${told}' ]; do sleep 0.05; done; echo the last words; exit 3`
  const groups = { once: { startup, whenDone: "end" as const } }
  const cluster = new Cluster({ provider: local({ root }), groups }, { journal: false })
  try {
    await cluster.scale({ once: 1 })
    const [{ name = "" } = {}] = cluster.workers
    writeFileSync(told, "")
    await cluster.finished()
    await expect.poll(() => cluster.workers).toEqual([])
    expect(await cluster.worker(name).logs()).toBe("the last words\n")
    const pieces: string[] = []
    for await (const text of cluster.worker(name).logs({ follow: true })) pieces.push(text)
    expect(pieces).toEqual(["the last words\n"])
    await expect(cluster.worker(name).exec("true")).rejects.toThrow(/no living worker/)
  } finally {
    await cluster.close()
    rmSync(root, { recursive: true, force: true })
  }
})
