/** Verbs that work with workers, on workers of this machine that another process made and let go. */
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Cluster } from "muster-vms"
import { local } from "muster-vms/local"
import type { Provider } from "../../src/provider.js"
import { systemClock } from "../../src/calls/clock.js"
import { TransientError } from "../../src/errors.js"
import { run } from "../../src/cli/run.js"
import type { Surroundings } from "../../src/cli/surroundings.js"
import { withAccess } from "../remote/support/access-control.js"
import { VERBS } from "../../src/cli/verbs/index.js"

const root = mkdtempSync(join(tmpdir(), "muster-work-"))
const provider = local({ root: join(root, "local"), graceMs: 0 })
const journal = join(root, "state", "muster", "journal")
let [web, batch] = ["", ""]

beforeAll(async () => {
  const startup = "echo one; echo two; while [ ! -e more ]; do sleep 0.1; done; echo three; sleep 600"
  const groups = { web: { startup, ready: { log: "two" } }, batch: {} }
  const cluster = new Cluster({ provider, name: "render", groups }, { journal })
  await cluster.scale({ web: 1, batch: 1 })
  web = cluster.group("web").workers[0]?.name ?? ""
  batch = cluster.group("batch").workers[0]?.name ?? ""
  await cluster.detach()
})
afterAll(async () => {
  await (await Cluster.attach("render", { provider }, { journal })).close()
  rmSync(root, { recursive: true, force: true })
})

async function muster(words: readonly string[], more: Partial<Surroundings> = {}) {
  let [out, said] = ["", ""]
  const code = await run(words, {
    version: "1.2.3",
    clock: systemClock,
    load: () => Promise.resolve(provider),
    out: (text) => {
      out += text
    },
    say: (text) => {
      said += text
    },
    ask: undefined,
    directory: root,
    ...more,
    env: { XDG_STATE_HOME: join(root, "state"), MUSTER_PROVIDER: "local", MUSTER_JOURNAL: journal, ...more.env },
  })
  return { code, out, said }
}

/** Until the output has it; what runs is then ended by its signal. */
function interruptedAt(text: string) {
  const interrupt = new AbortController()
  let heard = ""
  const out = (more: string) => {
    heard += more
    if (heard.includes(text)) interrupt.abort()
  }
  return { out, unread: interrupt.signal, heard: () => heard }
}

describe("muster exec", () => {
  test("on all workers each line has its worker's name, and the exit code is the highest", async () => {
    const script = 'echo "$MUSTER_GROUP"; printf half; [ "$MUSTER_GROUP" = web ] || exit 7'
    const { code, out, said } = await muster(["exec", "render", "--", script])
    expect(code).toBe(7)
    const lines = [`${batch}: batch`, `${batch}: half`, `${web}: half`, `${web}: web`]
    expect(out.trimEnd().split("\n").toSorted()).toEqual(lines.toSorted())
    expect(said).toBe(`${batch}: exit code 7\n`)
  })

  test("on one its output is passed on as it is, with its exit code; flags after -- are the command's", async () => {
    const pieces: Uint8Array[] = []
    const write = (_: string, bytes: Uint8Array) => {
      pieces.push(bytes)
      return Promise.resolve()
    }
    const words = ["exec", "render", "-w", web, "--", "sh", "-c", "printf '\\033\\000\\377'; exit 3", "--help", "-o"]
    expect(await muster(words, { write })).toEqual({ code: 3, out: "", said: "" })
    expect([...Buffer.concat(pieces)]).toEqual([0o33, 0, 0o377])
  })

  test("--stdin gives it what comes in, --group chooses, --json is for programs", async () => {
    async function* input() {
      yield "given"
      await Promise.resolve()
      yield Buffer.from(" in")
    }
    const read = await muster(["exec", "render", "-i", "-w", batch, "cat"], { input: input() })
    expect(read).toEqual({ code: 0, out: "given in", said: "" })
    const { out, code } = await muster(["exec", "render", "-g", "web", "--json", "--", "echo it; exit 4"])
    expect(code).toBe(4)
    expect(JSON.parse(out)).toEqual([{ worker: web, exitCode: 4, stdout: "it\n", stderr: "", isCut: false }])
  })

  test("what is wrong is exit code 2, a worker that has just ended 255, a time that is over 5", async () => {
    const wrong = [
      ["exec", "render"],
      ["exec", "render", "ls", "-l"],
      ["exec", "render", "-w", "nobody", "true"],
      ["exec", "render", "-w", web, "-g", "web", "true"],
      ["exec", "render", "-i", "true"],
      ["exec", "render", "--timeout", "soon", "true"],
    ]
    for (const words of wrong) expect([words, (await muster(words)).code]).toEqual([words, 2])
    expect((await muster(["exec", "render", "-w", web, "exit 255"])).code).toBe(255)
    expect((await muster(["exec", "render", "-w", web, "--timeout", "1s", "sleep 60"])).code).toBe(5)
  })

  test("one worker that is lost takes nothing from the others' results", async () => {
    const error = `${batch}: it has no address`
    const route: Provider["route"] = (instance) => {
      if (instance.tags["muster-group"] === "batch") throw new TransientError(error)
      return provider.route?.(instance)
    }
    const load = () => Promise.resolve({ ...provider, route })
    for (const words of [[], ["-w", web, "-w", batch]]) {
      const { code, out, said } = await muster(["exec", "render", "--json", ...words, "--", "echo it"], { load })
      expect([code, said]).toEqual([255, `muster: ${error}\n`])
      const rows = JSON.parse(out) as { worker: string }[]
      expect(rows.toSorted((a, b) => (a.worker < b.worker ? 1 : -1))).toEqual([
        { worker: web, exitCode: 0, stdout: "it\n", stderr: "", isCut: false },
        { worker: batch, error },
      ])
    }
    const shown = await muster(["exec", "render", "--", "printf half"], { load })
    expect([shown.code, shown.out]).toEqual([255, `${web}: half\n`])
  })

  test("who has read enough ends the command", async () => {
    const { out, unread, heard } = interruptedAt("begun")
    expect((await muster(["exec", "render", "-w", web, "echo begun; sleep 600"], { out, unread })).code).toBe(0)
    expect(heard()).toBe("begun\n")
  })
})

describe("muster logs", () => {
  test("what there is, its last lines, and what comes", async () => {
    await expect.poll(async () => (await muster(["logs", "render", web])).out).toContain("two")
    expect((await muster(["logs", "render", web, "--tail", "1"])).out).toBe("two\n")
    expect((await muster(["logs", "render", web, "--tail", "x"])).code).toBe(2)
    const { out, unread, heard } = interruptedAt("three")
    const following = muster(["logs", "render", web, "-f", "--tail", "1"], { out, unread })
    await expect.poll(heard).toBe("two\n")
    await muster(["exec", "render", "-w", web, "touch more"])
    expect((await following).code).toBe(0)
    expect(heard()).toBe("two\nthree\n")
    expect((await muster(["logs", `render/${web}`, "--tail", "1"])).out).toBe("three\n")
    const nobody = await muster(["logs", "render"])
    expect([nobody.code, nobody.said]).toEqual([2, expect.stringContaining("use muster logs NAME WORKER")])
    expect((await muster(["logs", "render", "nobody"])).code).toBe(2)
  })

  test("of a worker that is gone, and of a cluster that is, what was kept", async () => {
    const spec = { provider, name: "gone", groups: { web: { startup: "echo one; echo last; sleep 600" } } }
    const cluster = new Cluster(spec, { journal })
    await cluster.scale(1)
    const [{ name = "" } = {}] = cluster.workers
    await expect.poll(() => cluster.worker(name).logs()).toContain("last")
    await cluster.close()
    const { code, out, said } = await muster(["logs", `gone/${name}`, "--tail", "1"])
    expect([code, out]).toEqual([0, "last\n"])
    expect(said).toMatch(
      new RegExp(`^${name} is gone \\(its cluster was closed\\); the last that was kept of it, at \\d{4}-`),
    )
  })
})

describe("muster cp", () => {
  test("a file there under a name or into a directory, and back", async () => {
    writeFileSync(join(root, "a file"), "it's\n", { mode: 0o755 })
    expect((await muster(["cp", "a file", `render/${web}:data/'named'`])).code).toBe(0)
    expect((await muster(["cp", "a file", `render/${web}:data/`])).said).toContain("1 file sent")
    const listed = await muster(["exec", "render", "-w", web, "cd data && ls && ./'a file' 2>&1 | wc -l"])
    expect(listed.out).toBe("'named'\na file\n1\n")
    mkdirSync(join(root, "into"))
    for (const to of ["named", "into", "made/"]) await muster(["cp", `render/${web}:data/a file`, to])
    for (const path of ["named", "into/a file", "made/a file"])
      expect(readFileSync(join(root, path), "utf8"), path).toBe("it's\n")
  })

  test("a directory there, by content, and back", async () => {
    mkdirSync(join(root, "src/deep"), { recursive: true })
    writeFileSync(join(root, "src/deep/a"), "a")
    expect((await muster(["cp", "src", `render/${batch}:src`])).said).toMatch(/^1 file sent/)
    expect((await muster(["cp", "src", `render/${batch}:src`])).said).toMatch(/^0 files sent .* in 0 bytes/)
    expect((await muster(["cp", `render/${batch}:src/deep`, "back"])).code).toBe(0)
    expect(readFileSync(join(root, "back/a"), "utf8")).toBe("a")
  })

  test("a side that is missing, a file that is not there", async () => {
    expect((await muster(["cp", "a", "b"])).code).toBe(2)
    expect((await muster(["cp", `render/${web}:a`, `render/${web}:b`])).code).toBe(2)
    const { code, said } = await muster(["cp", `render/${web}:nothing`, "here"])
    expect([code, said]).toEqual([1, expect.stringMatching(/fetching nothing: exit code 2: .*No such file/)])
    expect((await muster(["cp", "nothing", `render/${web}:x`])).code).toBe(2)
  })
})

describe("muster forward", () => {
  let server: Server
  beforeAll(async () => {
    const [worker] = JSON.parse((await muster(["get", "workers", "render", "--json"])).out) as { privateIp: string }[]
    server = createServer((_, response) => response.end("served")).listen(0, worker?.privateIp ?? "127.0.0.1")
    await once(server, "listening")
  })
  afterAll(() => server.close())

  test("a port of a worker, until it is told to end", async () => {
    const end = new AbortController()
    let heard = ""
    const out = (text: string) => {
      heard += text
    }
    const [first] = JSON.parse((await muster(["get", "workers", "render", "--json"])).out) as { name: string }[]
    const port = (server.address() as AddressInfo).port
    const words = ["forward", "render", first?.name ?? "", `${port}:0`]
    const forwarding = muster(words, { out, interrupts: () => end.signal })
    await expect.poll(() => heard).toMatch(/^127\.0\.0\.1:\d+\n$/)
    expect(await (await fetch(`http://${heard.trim()}`)).text()).toBe("served")
    end.abort()
    expect((await forwarding).code).toBe(130)
    expect((await muster(["forward", "render", web, "0"])).code).toBe(2)
  })
})

describe("muster ssh", () => {
  /** As the terminal's process would run it, with its standard input from a pipe. */
  const terminal = ([program = "", ...args]: readonly string[]) => {
    const { status, stdout } = spawnSync(program, args, { input: 'echo "$MUSTER_NAME"; exit 3', encoding: "utf8" })
    shown += stdout
    return Promise.resolve(status ?? -1)
  }
  let shown = ""

  test("a shell on a worker, with its exit code; of two the one that is named", async () => {
    expect(await muster(["ssh", "render", batch], { terminal })).toEqual({ code: 3, out: "", said: "" })
    expect(shown).toBe(`${batch}\n`)
    const { code, said } = await muster(["ssh", "render"], { terminal })
    expect([code, said.includes(web), said.includes(batch)]).toEqual([2, true, true])
    expect((await muster(["ssh", "render", web])).code).toBe(2)
    shown = ""
    const run = (...words: string[]) => muster(["ssh", "render", ...words], { terminal })
    expect((await run(web, "--", 'printf "$MUSTER_GROUP "; exit 4')).code).toBe(4)
    expect((await run(web, "--", "printf", "%s ", "it's")).code).toBe(0)
    expect(shown).toBe("web it's ")
    const { code: wrong, said: why } = await run(web, "printf")
    expect([wrong, why]).toEqual([2, expect.stringContaining("put -- before a command")])
    expect((await run("--", "true")).code).toBe(2)
  })
})

test("workers of a cloud need access, which the file or a flag gives", async () => {
  // Nothing listens at port 1.
  const route = () => ({ kind: "ssh", addresses: ["127.0.0.1"], port: 1 }) as const
  const load = () => Promise.resolve({ ...provider, route })
  const without = await muster(["exec", "render", "true"], { load })
  expect([without.code, without.said]).toEqual([2, expect.stringContaining("access")])
  expect((await muster(["exec", "render", "--access", "here", "true"], { load })).code).toBe(255)
  const directory = mkdtempSync(join(root, "project-"))
  writeFileSync(join(directory, "muster.yaml"), "name: render\nprovider: local\naccess: here\n")
  expect((await muster(["exec", "render", "true"], { load, directory })).code).toBe(255)
})

test("workers of this machine need no access", async () => {
  const { code, out, said } = await muster(["access", "render"])
  expect([code, out, said]).toEqual([0, "", expect.stringContaining("need none: they are reached without ssh")])
  expect((await muster(["access", "render", "--from", "10.0.0.0/8"])).code).toBe(1)
})

test("who explains from elsewhere waits for what workers say of themselves", async () => {
  const { code, out } = await muster(["explain", "render"])
  expect(code).toBe(0)
  expect(out).toMatch(/group web: 1 of 1 run\n/)
  expect((await muster(["describe", "render"])).out).not.toMatch(/are ready/)
})

test("names of workers and groups complete", async () => {
  const words = async (...line: string[]) => (await muster(["completion", "words", "--", ...line])).out
  expect(await words("logs", "render", "w")).toBe(`${web}\n`)
  expect(await words("exec", "render", "-w", "")).toBe(`${[web, batch].toSorted().join("\n")}\n`)
  expect(await words("exec", "render", "--group", "")).toBe("batch\nweb\n")
  expect(await words("logs", "other", "w")).toBe("")
})

test("the examples of help run as they stand", async () => {
  writeFileSync(join(root, "input.txt"), "")
  await muster(["exec", "render", "mkdir -p data"])
  const { provider: opened } = withAccess(provider)
  for (const { name, examples } of VERBS.filter(({ group }) => group === "Work")) {
    for (const line of examples) {
      // A worker's name is another one each time.
      const words = line.replaceAll(/default-\w+/g, web).split(/ (?=(?:[^']*'[^']*')*[^']*$)/)
      const end = interruptedAt(name === "forward" ? "127.0.0.1" : "never")
      const terminal = () => Promise.resolve(0)
      const load = () => Promise.resolve(name === "access" ? opened : provider)
      const more = name === "forward" ? { out: end.out, unread: end.unread } : { terminal, load }
      const given = words.slice(1).map((word) => word.replaceAll("'", ""))
      expect([line, (await muster(given, more)).code]).toEqual([line, 0])
    }
  }
})
