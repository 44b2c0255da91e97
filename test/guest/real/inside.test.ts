/** What runs on workers of this machine, in containers of a real Docker. */
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { createHash } from "node:crypto"
import type { AddressInfo } from "node:net"
import { arch, tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { Cluster, type ClusterSpec, remote } from "muster-vms"
import { local } from "muster-vms/local"
import { systemClock } from "../../../src/calls/clock.js"
import { run as musterRun } from "../../../src/cli/run.js"
import { isLong, LONG } from "../../support/long.js"
import { transpile } from "../../tools/transpile.mjs"
import { here, titled } from "./there.js"

const run = promisify(execFile)
const tasks = remote<typeof import("../../work/support/tasks.js")>(
  new URL("../../work/support/tasks.ts", import.meta.url),
)
const SECRET = "planted-7Qx9"
const NODE = realpathSync(process.execPath)

function absence(): string | undefined {
  if (!isLong) return LONG
  if (process.getuid?.() !== 0) return "needs root"
  if (spawnSync("unshare", ["--net", "--mount", "--pid", "--fork", "true"]).status !== 0)
    return "no new namespaces here"
  const without = ["dockerd", "docker", "busybox", "ldd"].filter((one) => spawnSync("which", [one]).status !== 0)
  return without.length === 0 ? undefined : `no ${without.join(", ")}: apt-get install docker.io busybox libc-bin`
}

const absent = absence()

describe.skipIf(absent !== undefined)(titled("containers of Docker", absent), { timeout: 300_000 }, () => {
  const root = absent === undefined ? mkdtempSync(join(tmpdir(), "muster-dockerd-")) : ""
  let daemon: ChildProcess | undefined
  const clusters: Cluster[] = []
  const socket = `unix://${root}/docker.sock`
  const docker = async (...words: readonly string[]) =>
    (await run("docker", [...words], { env: { ...process.env, DOCKER_HOST: socket } })).stdout

  beforeAll(async () => {
    const words = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    daemon = spawn("unshare", [...words, "sh", here("dockerd.sh"), root, NODE], { stdio: ["ignore", "ignore", "pipe"] })
    let said = ""
    daemon.stderr?.on("data", (text: Buffer) => (said += String(text)))
    await vi.waitUntil(() => existsSync(join(root, "up")) || daemon?.exitCode !== null, { timeout: 200_000 })
    if (!existsSync(join(root, "up"))) throw new Error(`dockerd: ${said}`)
    // What starts workers passes on PATH, and nothing of Docker's.
    mkdirSync(join(root, "bin"))
    const client = execFileSync("which", ["docker"], { encoding: "utf8" }).trim()
    const text = `#!/bin/sh\nDOCKER_HOST=${socket} exec ${client} "$@"\n`
    writeFileSync(join(root, "bin/docker"), text, { mode: 0o755 })
    vi.stubEnv("PATH", `${join(root, "bin")}${delimiter}${process.env.PATH}`)
    vi.stubEnv("HOME", join(root, "home"))
  })
  afterAll(async () => {
    await Promise.all(clusters.map((cluster) => cluster.close()))
    vi.unstubAllEnvs()
    const gone = new Promise((resolve) => daemon?.once("exit", resolve))
    daemon?.kill("SIGKILL")
    if (daemon !== undefined) await gone
    if (root !== "") rmSync(root, { recursive: true, force: true })
  })

  let count = 0
  async function clusterOf(image: string, more: Partial<ClusterSpec> = {}): Promise<Cluster> {
    count += 1
    const spec = { provider: local({ root: join(root, `local-${count}`) }), container: image, ...more }
    const cluster = new Cluster(spec as ClusterSpec, { journal: join(root, `journal-${count}`) })
    clusters.push(cluster)
    await cluster.scale(1)
    return cluster
  }
  const workerOf = (cluster: Cluster) => cluster.worker(cluster.workers[0]?.name ?? "")
  /** The processes of a container that have this in their words. */
  const running = async (cluster: Cluster, words: string) => {
    const all = await docker("exec", `muster-${cluster.workers[0]?.name}`, "ps", "-o", "args")
    return all.split("\n").filter((line) => line.includes(words) && !line.startsWith("ps"))
  }

  test("commands run inside, with variables, secrets, input and all of their output", async () => {
    const cluster = await clusterOf("plain:1", { environment: { MODE: "fast" }, secrets: { TOKEN: { value: SECRET } } })
    const worker = workerOf(cluster)
    const environment = { OWN: "it's\n100% \\n\n" }
    const { stdout, stderr } = await worker.exec(
      `pwd; echo $MODE $TOKEN $MUSTER_NAME; printf '<%s>' "$OWN"; cat; ls /etc >&2`,
      {
        environment,
        stdin: "given",
      },
    )
    expect(stdout).toBe(`/work\nfast ${SECRET} ${cluster.workers[0]?.name}\n<${environment.OWN}>given`)
    expect(stderr.split("\n")).not.toContain("passwd")
    const flood = await worker.exec("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2")
    expect([flood.stdout.length, flood.stderr]).toEqual([3_000_000, "end\n"])
    expect((await worker.exec(`printf %s '${"x".repeat(200_000)}'`)).stdout).toHaveLength(200_000)
    for (const code of [1, 75, 125, 126, 127])
      expect((await worker.exec(`exit ${code}`, { check: false })).exitCode).toBe(code)
    expect((await worker.exec(["/nowhere"], { check: false })).exitCode).toBe(127)
    expect((await worker.exec("test -e /etc/passwd", { host: true })).exitCode).toBe(0)
    const id = (await docker("ps", "-q", "--no-trunc")).trim()
    expect(await docker("inspect", id)).not.toContain(SECRET)
  })

  test("`muster exec` and `muster run` run inside; with --host beside the container", async () => {
    const cluster = await clusterOf("plain:1")
    const provider = local({ root: join(root, `local-${count}`) })
    const muster = async (...words: readonly string[]) => {
      let [out, said] = ["", ""]
      const code = await musterRun(words, {
        ...{
          version: "1.2.3",
          clock: systemClock,
          load: () => Promise.resolve(provider),
          ask: undefined,
          directory: root,
        },
        out: (text) => {
          out += text
        },
        say: (text) => {
          said += text
        },
        env: {
          ...{ XDG_STATE_HOME: join(root, "state"), MUSTER_PROVIDER: "local" },
          MUSTER_JOURNAL: join(root, `journal-${count}`),
        },
      })
      return { code, out, said }
    }
    const name = cluster.workers[0]?.name ?? ""
    expect(await muster("exec", cluster.name, "--", "pwd; exit 3")).toMatchObject({ code: 3, out: `${name}: /work\n` })
    expect(await muster("exec", cluster.name, "-w", name, "--", "pwd; exit 126")).toMatchObject({
      code: 126,
      out: "/work\n",
    })
    expect((await muster("exec", cluster.name, "-w", name, "--host", "--", "pwd")).out).toMatch(
      /\/local-\d+\/.*work\n$/,
    )
    await docker("stop", "-t", "0", `muster-${name}`)
    const gone = await muster("exec", cluster.name, "-w", name, "--", "true")
    expect(gone).toMatchObject({
      code: 255,
      said: expect.stringContaining("could not begin in the worker's container"),
    })
    const jobs = ["run", "-n", "1", "--set", "container=plain:1", "--tasks", "2", "-k"]
    expect(await muster(...jobs, "--", "pwd; [ {} = 1 ] || exit 125")).toMatchObject({
      code: 125,
      out: "/work\n/work\n",
    })
    expect((await muster(...jobs, "--host", "--", "pwd")).out).toMatch(/^\/.*\/local-\d+\//)
  })

  test("an abort, a time and a signal end a command inside, with what it has started", async () => {
    const cluster = await clusterOf("plain:1")
    const worker = workerOf(cluster)
    const abort = new AbortController()
    const aborted = worker.exec("sleep 1111 & wait", { signal: abort.signal })
    aborted.catch(() => {})
    await expect.poll(() => running(cluster, "sleep 1111")).toHaveLength(2)
    abort.abort(new Error("enough"))
    await expect(aborted).rejects.toThrow("enough")
    await expect(worker.exec("trap '' TERM; sleep 2222", { timeoutMs: 300 })).rejects.toThrow(/within 0.3 s/)
    const spawned = await worker.spawn("trap 'echo caught; exit 4' USR1; echo up; while :; do sleep 0.05; done")
    const said: string[] = []
    spawned.stdout.on("data", (bytes) => void said.push(String(bytes)))
    await expect.poll(() => said.join("")).toBe("up\n")
    spawned.kill("SIGUSR1")
    expect(await spawned.ended).toEqual({ exitCode: 4 })
    expect(said.join("")).toBe("up\ncaught\n")
    const killed = await worker.spawn("sleep 3333")
    killed.kill("SIGKILL")
    expect(await killed.ended).toEqual({ exitCode: 137, signal: "SIGKILL" })
    for (const words of ["sleep 1111", "sleep 2222", "sleep 3333"]) expect(await running(cluster, words)).toEqual([])
  })

  test("commands are tasks inside, and end there; what they leave comes back", async () => {
    const cluster = await clusterOf("plain:1", { secrets: { TOKEN: { value: SECRET } } })
    const out = join(root, "out")
    const command = (n: number) => `echo "$TOKEN" >"$MUSTER_OUTPUT/${n}.txt"; pwd; sleep ${4000 + n} & exit 0`
    const all = await cluster.map([1, 2, 3], { command }, { outputs: out, slots: 2, setup: "echo set >set" }).all()
    expect(all.map(({ stdout }) => stdout)).toEqual(["/work\n", "/work\n", "/work\n"])
    expect(readFileSync(join(out, "3.txt"), "utf8")).toBe(`${SECRET}\n`)
    expect((await workerOf(cluster).exec("cat set")).stdout).toBe("set\n")
    expect(await running(cluster, "sleep 400")).toEqual([])
    const late = cluster.map([1], { command: "sleep 5555 & wait" }, { taskTimeout: "1s" }).all()
    await expect(late).rejects.toThrow(/did not end within 1 s/)
    const abort = new AbortController()
    const cancelled = cluster.map([1], { command: "sleep 6666 & wait" }, { signal: abort.signal }).all()
    cancelled.catch(() => {})
    await expect.poll(() => running(cluster, "sleep 6666")).not.toEqual([])
    abort.abort(new Error("enough"))
    await expect(cancelled).rejects.toThrow("enough")
    for (const words of ["sleep 5555", "sleep 6666"]) expect(await running(cluster, words)).toEqual([])
  })

  test("functions run inside by the image's Node, and end there", async () => {
    const cluster = await clusterOf("node:1")
    const out = join(root, "written")
    expect(await cluster.map([1, 2], tasks.double).all()).toEqual([2, 4])
    await cluster.map([5], tasks.writes, { outputs: out }).all()
    expect(readFileSync(join(out, "file-5"), "utf8")).toBe("xxxxx")
    let pid = ""
    const onLog = ({ text }: { readonly text: string }) => {
      pid = text.trim()
    }
    const late = cluster.map([1], tasks.blocksAt, { taskTimeout: "6s", onLog }).all()
    await expect(late).rejects.toThrow(/did not end within 6 s/)
    expect((await workerOf(cluster).exec(`test -d /proc/${pid}`, { check: false })).exitCode).toBe(1)
  })

  test("Node is brought inside where the image has none; where it cannot run, the error says so", async () => {
    const server = await releases(root)
    vi.stubEnv("MUSTER_NODE_MIRROR", `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    try {
      const cluster = await clusterOf("plain:1")
      expect(await cluster.map([1, 2], tasks.double).all()).toEqual([2, 4])
      const kept = await workerOf(cluster).exec("ls $HOME/.cache/muster")
      expect(kept.stdout).toBe(`node-v${process.versions.node}\n`)
      const bare = await clusterOf("bare:1")
      await expect(bare.call(tasks.double, 1)).rejects.toMatchObject({
        code: "NoNodeInside",
        message: expect.stringMatching(
          /the container of "bare:1" has no Node .* use an image with Node, or \{ host: true \}/,
        ),
      })
      expect(await bare.map([4], tasks.double, { host: true }).all()).toEqual([8])
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })

  test("a container that has ended is told with its exit code, and one that is not up yet is waited for", async () => {
    const ends = await clusterOf("plain:1", {
      container: { image: "plain:1", command: "sleep 1; exit 3" },
      whenDone: "keep",
    })
    await expect
      .poll(
        async () =>
          workerOf(ends)
            .exec("true")
            .then(
              () => "",
              (error: Error) => error.message,
            ),
        { timeout: 60_000 },
      )
      .toMatch(/the container has ended with exit code 3|the container is gone/)
    // Docker is asked for the image a second later.
    const slow = `#!/bin/sh\n[ "$1" != image ] || sleep 1\nDOCKER_HOST=${socket} exec docker "$@"\n`
    mkdirSync(join(root, "slow"))
    writeFileSync(join(root, "slow/docker"), slow.replace("exec docker", `exec ${join(root, "bin/docker")}`), {
      mode: 0o755,
    })
    vi.stubEnv("PATH", `${join(root, "slow")}${delimiter}${process.env.PATH}`)
    const later = await clusterOf("plain:1")
    expect((await workerOf(later).exec("pwd")).stdout).toBe("/work\n")
  })

  test.each(["SIGKILL", "SIGSTOP"] as const)("tasks of an owner that %s has taken end inside", async (signal) => {
    const place = join(root, `owner-${signal}`)
    mkdirSync(place)
    const owner = spawn(process.execPath, [transpile()("test/guest/real/owner.ts"), place], { stdio: "inherit" })
    const name = await vi.waitUntil(
      async () => {
        const names = (await docker("ps", "--format", "{{.Names}}", "--filter", "ancestor=node:1")).split("\n")
        for (const one of names.filter((text) => text !== "")) {
          const there = await run("docker", ["exec", one, "sh", "-c", "cat /work/command /work/module"]).catch(
            () => undefined,
          )
          if (there !== undefined) return one
        }
        return undefined
      },
      { timeout: 150_000, interval: 200 },
    )
    const left = async () => {
      const all = await docker("exec", name, "ps", "-o", "args")
      return all.split("\n").filter((line) => /^sleep 10000|mjs slot|-e *const|muster_/.test(line))
    }
    expect(await left()).not.toEqual([])
    owner.kill(signal)
    await expect.poll(left, { timeout: 110_000, interval: 500 }).toEqual([])
    owner.kill("SIGKILL")
    const cluster = await Cluster.attach(
      "held",
      { provider: local({ root: join(place, "local") }) },
      { journal: join(place, "journal") },
    )
    await cluster.close()
  })
})

/** Where releases of Node are: this machine's own, as one of them is. */
async function releases(root: string): Promise<Server> {
  const version = process.versions.node
  const name = `node-v${version}-linux-${arch()}`
  mkdirSync(join(root, name, "bin"), { recursive: true })
  execFileSync("cp", [NODE, join(root, name, "bin/node")])
  execFileSync("tar", ["-C", root, "-czf", join(root, "release.tar.gz"), name])
  rmSync(join(root, name), { recursive: true })
  const release = readFileSync(join(root, "release.tar.gz"))
  const sums = `${createHash("sha256").update(release).digest("hex")}  ${name}.tar.gz\n`
  const server = createServer(({ url = "" }, response) => {
    if (url === `/v${version}/SHASUMS256.txt`) response.end(sums)
    else if (url === `/v${version}/${name}.tar.gz`) response.end(release)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  return server
}
