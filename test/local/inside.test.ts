/** What runs on a worker with a container runs inside: commands, tasks of both kinds, and their ends. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { Cluster, CommandError, remote, type TaskError } from "muster-vms"
import { local } from "muster-vms/local"
import { type Docker, fakeDocker } from "../support/docker.js"
import { isAlive } from "../work/support/alive.js"

const tasks = remote<typeof import("../work/support/tasks.js")>(new URL("../work/support/tasks.ts", import.meta.url))
const SECRET = "planted-7Qx9"

describe("a group with a container", () => {
  const root = mkdtempSync(join(tmpdir(), "muster-inside-"))
  let docker: Docker
  let cluster: Cluster
  const worker = () => cluster.worker(cluster.workers[0]?.name ?? "")
  const inside = (...names: readonly string[]) => join(docker.folder, "inside", ...names)
  beforeAll(async () => {
    docker = await fakeDocker(join(root, "docker"))
    vi.stubEnv("PATH", docker.path)
    cluster = new Cluster(
      {
        ...{ provider: local({ root: join(root, "local") }), container: "python:3.12" },
        ...{ environment: { MODE: "fast" }, secrets: { TOKEN: { value: SECRET } } },
      },
      { journal: join(root, "journal") },
    )
    await cluster.scale(1)
  })
  afterAll(async () => {
    await cluster.close()
    vi.unstubAllEnvs()
    rmSync(root, { recursive: true, force: true })
  })

  test("runs commands inside, with its variables, secrets and input; `host` leaves it", async () => {
    const text = `echo $INSIDE $MODE $MUSTER_NAME $TOKEN; pwd; printf '<%s>' "$LINES_"; cat`
    const environment = { LINES_: "it's\n100% \\n\n" }
    const { stdout } = await worker().exec(text, { environment, stdin: "given" })
    const name = cluster.workers[0]?.name
    expect(stdout).toBe(`yes fast ${name} ${SECRET}\n${inside()}\n<${environment.LINES_}>given`)
    const [{ stdout: around = "" } = {}] = await cluster.exec(["sh", "-c", "echo $INSIDE.$MODE.$TOKEN"], { host: true })
    expect(around).toBe(`.fast.${SECRET}\n`)
    expect((await worker().exec("pwd", { cwd: "/" })).stdout).toBe("/\n")
    const execs = docker.calls().filter(([verb]) => verb === "exec")
    for (const words of execs) expect(words.slice(0, 5)).toEqual(["exec", "-i", "-e", "TOKEN", "the-id"])
    expect(JSON.stringify(docker.calls())).not.toMatch(new RegExp(`${SECRET}|100%`))
  })

  test("who looks at the cluster, and knows no spec, runs commands inside too", async () => {
    const spec = { provider: local({ root: join(root, "local") }), takeOver: false, quick: true } as const
    const looked = await Cluster.attach(cluster.name, spec, { journal: join(root, "journal") })
    const results = await looked.exec("echo $INSIDE $TOKEN")
    expect(results.map(({ stdout }) => stdout)).toEqual([`yes ${SECRET}\n`])
    await looked.detach()
  })

  test("tells the command's exit code, and what docker itself cannot do apart from it", async () => {
    await expect(worker().exec("echo no >&2; exit 127")).rejects.toThrow(CommandError)
    for (const code of [75, 127])
      expect(await worker().exec(`exit ${code}`, { check: false })).toMatchObject({ exitCode: code })
    expect((await worker().exec(["no-such-program"], { check: false })).exitCode).toBe(127)
    expect(await worker().exec("kill -TERM $$", { check: false })).toMatchObject({ exitCode: 143 })
    rmSync(join(docker.folder, "up"))
    await expect(worker().exec("true")).rejects.toMatchObject({
      code: "ContainerNotEntered",
      message: expect.stringMatching(
        /is not running\nmuster: the container has ended with exit code 3; \{ host: true \}/,
      ),
    })
    writeFileSync(join(docker.folder, "up"), "")
  })

  test.each(["signal", "timeout"])("a command that is ended by a %s ends inside", async (how) => {
    const abort = new AbortController()
    const limit = how === "signal" ? { signal: abort.signal } : { timeoutMs: 3000 }
    const running = worker().exec(`echo $$ >${how}; sleep 1000 & wait`, limit)
    running.catch(() => {})
    await expect.poll(() => existsSync(inside(how)) && readFileSync(inside(how), "utf8") !== "").toBe(true)
    const pid = readFileSync(inside(how), "utf8")
    if (how === "signal") abort.abort(new Error("enough"))
    await expect(running).rejects.toThrow(how === "signal" ? "enough" : /did not end within 3 s/)
    expect(isAlive(pid)).toBe(false)
  })

  test("what is ended before it has begun never begins", async () => {
    const abort = new AbortController()
    const running = worker().exec("touch begun", { signal: abort.signal })
    abort.abort(new Error("at once"))
    await expect(running).rejects.toThrow("at once")
    await worker().exec("true")
    expect(existsSync(inside("begun"))).toBe(false)
  })

  test("a command as a task runs inside, and its files come back; `host` leaves it", async () => {
    const out = join(root, "out")
    const command = (n: number) => `echo "$INSIDE $TOKEN" >"$MUSTER_OUTPUT/${n}.txt"; pwd; exit ${n === 3 ? 3 : 0}`
    const options = { outputs: out, errors: "yield", setup: "echo $INSIDE >setup" } as const
    const all = await cluster.map([1, 2, 3], { command }, options).all()
    expect(all.map((one) => (one.ok ? one.value.stdout : (one.error as TaskError).exitCode))).toEqual([
      `${inside()}\n`,
      `${inside()}\n`,
      3,
    ])
    expect(readFileSync(join(out, "2.txt"), "utf8")).toBe(`yes ${SECRET}\n`)
    expect(readFileSync(inside("setup"), "utf8")).toBe("yes\n")
    expect(readdirSync(docker.folder).join(" ")).toContain(" muster-work-inside-")
    expect(existsSync(inside(".muster-work"))).toBe(false)
    const [around] = await cluster.map([1], { command: "echo .$INSIDE.$MODE" }, { host: true }).all()
    expect(around?.stdout).toBe("..fast\n")
  })

  test("a function of a module runs inside, by the image's Node", async () => {
    expect(await cluster.map([1, 2], tasks.double).all()).toEqual([2, 4])
  })

  test("a task ends with its time, and with the docker that carries it", async () => {
    const command = "echo $$ >late; sleep 1000 & wait"
    const failed = cluster.map([1], { command }, { taskTimeout: "3s" }).all()
    await expect(failed).rejects.toThrow(/did not end within 3 s/)
    expect(isAlive(readFileSync(inside("late"), "utf8"))).toBe(false)
    const abort = new AbortController()
    const lost = cluster.map([1], { command: "echo $$ >lost; sleep 1000 & wait" }, { signal: abort.signal }).all()
    lost.catch(() => {})
    await expect.poll(() => existsSync(inside("lost")) && readFileSync(inside("lost"), "utf8") !== "").toBe(true)
    const pid = readFileSync(inside("lost"), "utf8")
    // As when the process that has the work is killed: the input of what it has started ends.
    abort.abort()
    await expect(lost).rejects.toThrow()
    await expect.poll(() => isAlive(pid)).toBe(false)
  })
})
