/** `muster run`: what becomes of words, lines and exit codes; with real workers of this machine. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { local } from "muster-vms/local"
import { systemClock } from "../../src/calls/clock.js"
import { InterruptedError } from "../../src/cli/exit-codes.js"
import { run } from "../../src/cli/run.js"
import type { Surroundings } from "../../src/cli/surroundings.js"
import { linesOf } from "../../src/cli/verbs/work/run/lines.js"
import { commandOf } from "../../src/cli/verbs/work/run/words.js"

describe("the words of a command", () => {
  const made = (words: readonly string[], more: object = {}) =>
    commandOf({ words, hasInput: true, total: 9, directory: undefined, ...more })("it's $1", 4)

  test("have places for the input, its number from 1, and how many there are", () => {
    expect(made(["cp", "{}", "out-{#}-of-{##}/{}"])).toEqual(["cp", "it's $1", "out-5-of-9/it's $1"])
    expect(made(["echo {} {#}/{##} {###} {x}"])).toEqual(["sh", "-c", `echo 'it'\\''s $1' 5/9 {###} {x}`])
  })

  test("have the input at their end where there is no place, and where there is an input", () => {
    expect(made(["gzip", "-k"])).toEqual(["gzip", "-k", "it's $1"])
    expect(made(["gzip -k"])).toEqual(["sh", "-c", `gzip -k 'it'\\''s $1'`])
    expect(made(["echo", "{#}"])).toEqual(["echo", "5"])
    expect(made(["uname", "-n"], { hasInput: false })).toEqual(["uname", "-n"])
  })

  test("run in a directory whose name may be anything", () => {
    const there = ["sh", "-c", 'cd -- "$0" && exec "$@"', "-a b"]
    const more = { hasInput: false, directory: "-a b" }
    expect(made(["ls"], more)).toEqual([...there, "sh", "-c", "ls"])
    expect(made(["ls", "-l"], more)).toEqual([...there, "ls", "-l"])
  })
})

describe("the lines of a file", () => {
  async function* pieces(bytes: Buffer, size: number) {
    for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
  }
  const read = async (bytes: Buffer, size = 7) => {
    const lines: string[] = []
    for await (const line of linesOf(pieces(bytes, size), "in.txt")) lines.push(line)
    return lines
  }

  test.each([1, 2, 3, 1000])("are the same in pieces of %i bytes", async (size) => {
    const text = " two words \r\n\nünïcödé 🙂\n\r\n-n\nlast"
    expect(await read(Buffer.from(text), size)).toEqual([" two words ", "ünïcödé 🙂", "-n", "last"])
    expect(await read(Buffer.from(""), size)).toEqual([])
  })

  test.each([
    ["is not UTF-8", Buffer.concat([Buffer.from("a\n"), Buffer.from([0xff, 10])]), 2],
    ["has a zero byte", Buffer.from("a\nb\nc\0d\n"), 3],
    ["is longer than 131072 bytes", Buffer.from(`a\n${"x".repeat(131_073)}\n`), 2],
    ["is longer than 131072 bytes", Buffer.from("x".repeat(300_000)), 1],
  ])("one that %s is refused by its number", async (words, bytes, number) => {
    await expect(read(bytes, 65_536)).rejects.toThrow(`in.txt, line ${number}: ${words}`)
  })
})

describe("a command line", () => {
  const root = mkdtempSync(join(tmpdir(), "muster-run-"))
  const provider = local({ root: join(root, "local"), graceMs: 0 })
  beforeAll(() => writeFileSync(join(root, "names"), "a b\nc\n\nd\n"))
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  async function muster(words: readonly string[], more: Partial<Surroundings> = {}) {
    let [out, said] = ["", ""]
    const code = await run(["run", ...words], {
      ...{ version: "1.2.3", clock: systemClock, load: () => Promise.resolve(provider), ask: undefined },
      out: (text) => {
        out += text
      },
      say: (text) => {
        said += text
      },
      directory: root,
      ...more,
      env: { XDG_STATE_HOME: join(root, "state"), MUSTER_JOURNAL: join(root, "journal"), ...more.env },
    })
    return { code, out, said }
  }

  test("runs here, in this directory, each output whole and in order; the code is that of the first that failed", async () => {
    const text = 'echo "$(basename "$PWD") "{}; echo "err "{} >&2; [ {} != c ] || exit 7'
    const { code, out, said } = await muster(["--each", "names", "-k", "--", text])
    const at = root.split("/").at(-1) ?? ""
    expect(out).toBe(`${at} a b\n${at} c\n${at} d\n`)
    expect(said).toMatch(
      /^err a b\nerr c\nmuster: task 2 on default-\w+: exit code 7\nerr d\nmuster: 1 of 3 tasks failed; the exit code is that of the first\n$/,
    )
    expect(code).toBe(7)
  })

  test("keeps outputs and results, and tells programs in JSON", async () => {
    const words = ["--each", "names", "-k", "--json", "--outputs", "out", "--resume", "done.jsonl", "--slots", "2"]
    const command = ["sh", "-c", 'echo "$1" >"$MUSTER_OUTPUT/$2.txt"; echo "$2 of $3"', "x", "{}", "{#}", "{##}"]
    const first = await muster([...words, "--", ...command])
    const rows = (text: string) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(rows(first.out)).toMatchObject([
      { task: 1, input: "a b", ok: true, exitCode: 0, stdout: "1 of 3\n", stderr: "" },
      { task: 2, input: "c", stdout: "2 of 3\n" },
      { task: 3, input: "d" },
    ])
    expect(readdirSync(join(root, "out")).sort()).toEqual(["1.txt", "2.txt", "3.txt"])
    expect(readFileSync(join(root, "out", "1.txt"), "utf8")).toBe("a b\n")
    const again = await muster([...words, "--", ...command])
    expect(rows(again.out).map(({ resumed, stdout }) => [resumed, stdout])).toEqual([
      ...[
        [true, "1 of 3\n"],
        [true, "2 of 3\n"],
        [true, "3 of 3\n"],
      ],
    ])
    const other = await muster([...words, "--", "echo", "{}"])
    expect(other).toMatchObject({ code: 125, said: expect.stringContaining("--resume: has results of other work") })
  })

  test("without inputs it runs once on each worker; the progress says how far it is", async () => {
    const told: string[] = []
    const progress = { write: (text: string) => Boolean(told.push(text)), writable: true, on: () => {} }
    const more = { progress: progress as unknown as NodeJS.WriteStream }
    const { code, out } = await muster(["-n", "2", "--progress", "json", "--", "echo $MUSTER_NAME"], more)
    expect([code, new Set(out.trimEnd().split("\n")).size]).toEqual([0, 2])
    expect(JSON.parse(told.join("").trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      ...{ type: "end", phase: "closed", tasks: { done: 2, total: 2, running: 0, failed: 0 } },
    })
  })

  test("an interrupt ends the tasks, and leaves nothing", async () => {
    const interrupt = new AbortController()
    const out = (text: string) => {
      if (text.includes("begun")) interrupt.abort(new InterruptedError("SIGINT"))
    }
    const words = ["--tasks", "2", "--slots", "1", "--", "[ {#} = 1 ] && echo begun && exit; exec sleep 1000"]
    const { code } = await muster(words, { out, interrupts: () => interrupt.signal })
    expect(code).toBe(130)
    expect(readdirSync(join(root, "local", "instances"))).toEqual([])
  })

  test.each([
    [["--tasks", "0", "--", "true"], '--tasks: is "0"; use a whole number from 1'],
    [["--tasks", "1", "--each", "names", "--", "true"], "--tasks: is given beside --each"],
    [["--each", "nowhere", "--", "true"], "nowhere: there is no such file"],
    [["--each", "-", "--", "echo {##}"], "standard input can be read only once"],
    [["--slots", "2", "--", "true"], "--slots: needs inputs"],
    [["--tasks", "1", "--task-timeout", "soon", "--", "true"], "--task-timeout"],
    [["--tasks", "1", "--retries", "-1", "--", "true"], '--retries: is "-1"; use a whole number from 0'],
    [["--nothing", "--", "true"], "--nothing: is not known"],
    [["--provider", "local", "--each", "names", "--", "true"], "--workers: is missing"],
    [[], "COMMAND...: is missing"],
  ])("%j is a failure of its own", async (words, said) => {
    const ended = await muster(words)
    expect([ended.code, ended.out]).toEqual([125, ""])
    expect(ended.said).toContain(said)
    expect(ended.said).not.toContain("--: is not known")
  })

  test("a command that takes too long has the code of `timeout`; the first that fails may end all", async () => {
    expect((await muster(["--tasks", "1", "--task-timeout", "200ms", "--", "sleep 100"])).code).toBe(124)
    const words = ["--tasks", "3", "--slots", "1", "--fail-fast", "--", "echo {#}; exit {#}"]
    expect(await muster(words)).toMatchObject({ code: 1, out: "1\n" })
  })
})
