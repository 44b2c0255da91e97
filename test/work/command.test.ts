import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Cluster, type CommandOutput, type CommandTask, type WorkOptions } from "muster-vms"
import { local } from "muster-vms/local"
import { isAlive } from "./support/alive.js"
import { isLong } from "../support/long.js"

describe("commands on workers of this machine", () => {
  const root = mkdtempSync(join(tmpdir(), "muster-work-"))
  const cluster = new Cluster({ provider: local({ root: join(root, "local") }) }, { journal: join(root, "journal") })
  beforeAll(async () => {
    await cluster.scale(2)
  })
  afterAll(async () => {
    await cluster.close()
    rmSync(root, { recursive: true, force: true })
  })
  const outOf = async (command: CommandTask<number>["command"], environment: Record<string, string> = {}) => {
    const [output] = await cluster.map([1], { command, environment }).all()
    return (output as CommandOutput).stdout
  }

  test("words and variables arrive as they are, whatever is in them", async () => {
    const hostile = [`it's "a" $HOME \`id\` \\`, "two\nlines", "ünïcödé 🙂", "-n", "", "a;b&c|d>e", "\t tab "]
    expect(await outOf(() => ["printf", "<%s>", ...hostile])).toBe(hostile.map((word) => `<${word}>`).join(""))
    const shown = 'printf "<%s>" "$ONE" "$TWO" "$MUSTER_TASK_INDEX" "$MUSTER_TASK_ATTEMPT"'
    expect(await outOf(shown, { ONE: hostile[0] ?? "", TWO: hostile[1] ?? "" })).toBe(
      `<${hostile[0]}><${hostile[1]}><0><1>`,
    )
  })

  test("a text may be longer than Linux takes as one argument; what no machine takes is refused before anything runs", async () => {
    const word = `it's \\ "`.repeat(isLong ? 500_000 : 20_000)
    const text = `cat <<'END'\n${word}\nEND\nprintf '%s' "$ONE"`
    expect(await outOf(() => `printf %s "${"#".repeat(200_000)}" | wc -c; exit 0`)).toMatch(/^ *200000\n$/)
    const [output] = await cluster.map([1], { command: text, environment: { ONE: "1" } }).all()
    expect(output?.stdout.endsWith(`"\n1`)).toBe(true)
    expect(output?.stdout.length).toBe(Math.min(word.length + 2, 1024 * 1024))
    const run = (task: CommandTask<number>) => cluster.map([1], task).all()
    await expect(run({ command: ["echo", "x".repeat(131_072)] })).rejects.toThrow(
      /^map\.task\.command: its word 2 has 131,072 bytes/,
    )
    await expect(run({ command: () => ["echo", "x".repeat(131_072)] })).rejects.toThrow(/its command: its word 2 has/)
    await expect(run({ command: "true", environment: { A: "x".repeat(131_070) } })).rejects.toThrow(
      /^map\.task\.environment\.A: has 131,072 bytes with its name; Linux takes at most 131,071/,
    )
  })

  test("output of any bytes comes back, of much the last MiB; a command's own code is in its error", async () => {
    const [output] = await cluster.map([1], { command: "printf 'a\\0b\\377'; printf err >&2" }).all()
    expect(output).toEqual({ stdout: "a\0b\uFFFD", stderr: "err", isCut: false })
    const [much] = await cluster.map([1], { command: "head -c 3000000 /dev/zero | tr '\\0' x; echo end" }).all()
    expect([much?.stdout.length, much?.stdout.endsWith("x\n") || much?.stdout.endsWith("end\n"), much?.isCut]).toEqual([
      ...[1024 * 1024, true, true],
    ])
    const error = await cluster
      .map([1], { command: "echo why >&2; exit 7" })
      .all()
      .catch((one: unknown) => one)
    expect(error).toMatchObject({ name: "TaskError", exitCode: 7, index: 0 })
    expect((error as Error).message).toMatch(/its command ended with exit code 7; the last that it wrote:\nwhy$/)
  })

  test.runIf(isLong)(
    "what a command leaves running is ended with it, and one that ignores SIGTERM is killed",
    async () => {
      const file = join(root, "pid")
      await outOf(`sleep 1000 & echo $! >'${file}'`)
      await expect.poll(() => isAlive(readFileSync(file, "utf8"))).toBe(false)
      const stubborn = cluster.map([1], { command: `trap '' TERM; echo $$ >'${file}'; while :; do sleep 1; done` }, {
        ...{ taskTimeout: "2s", errors: "yield" },
      } as const)
      const [failed] = await stubborn.all()
      expect(failed).toMatchObject({ ok: false, error: { message: expect.stringContaining("taskTimeout") as string } })
      await expect.poll(() => isAlive(readFileSync(file, "utf8"))).toBe(false)
    },
  )

  test("files come back under their own names; a link that leads out, and a name that another task used, are failures", async () => {
    const to = join(root, "out")
    const command = 'mkdir "$MUSTER_OUTPUT/a b" && echo "$MUSTER_TASK_INDEX" >"$MUSTER_OUTPUT/a b/f-$MUSTER_TASK_INDEX"'
    await cluster.map([1, 2, 3], { command }, { outputs: to, slots: 2 }).all()
    expect(readdirSync(join(to, "a b")).sort()).toEqual(["f-0", "f-1", "f-2"])
    const failures = async (text: string) => {
      const run = cluster.map([1, 2], { command: text }, { outputs: to, errors: "yield", slots: 1 } as const)
      return (await run.all()).flatMap((one) => (one.ok ? [] : [one.error.message]))
    }
    expect((await failures('ln -s /etc/passwd "$MUSTER_OUTPUT/out-$MUSTER_TASK_INDEX"'))[0]).toContain(
      'a link that leads out of its directory: "out-0" to "/etc/passwd"',
    )
    const [same, ...others] = await failures('echo x >"$MUSTER_OUTPUT/same"')
    expect(others).toEqual([])
    expect(same).toMatch(/it left "same", as task \d did/)
    const [pipe] = await failures('mkfifo "$MUSTER_OUTPUT/p-$MUSTER_TASK_INDEX"')
    expect(pipe).toMatch(/it left what is no file: "p-\d" \(FIFO\)/)
    const [under, ...rest] = await failures(
      'cd "$MUSTER_OUTPUT"; [ $MUSTER_TASK_INDEX = 1 ] && mkdir x && touch x/y || touch x',
    )
    expect(rest).toEqual([])
    expect(under).toMatch(/it left is a directory where .* has a file, or a file where that has a directory/)
    if (isLong) expect((await failures('rmdir "$MUSTER_OUTPUT"'))[0]).toContain("what it left could not be read: ")
    expect(readdirSync(to).filter((name) => name.startsWith("."))).toEqual([])
  })

  test("results of an earlier run come from its file, and only what is missing runs", async () => {
    const resume = join(root, "results.jsonl")
    const count = join(root, "count")
    const work: CommandTask<string> = {
      command: (word) => ["sh", "-c", `echo run >>'${count}'; [ "${word}" != "stop" ] && echo "${word}"`],
    }
    await expect(cluster.map(["a", "b", "a", "stop"], work, { resume, slots: 1 }).all()).rejects.toThrow("exit code 1")
    const ran = () => (existsSync(count) ? readFileSync(count, "utf8").length / 4 : 0)
    const first = ran()
    const found = []
    for await (const one of cluster.map(["a", "b", "a", "c"], work, { resume, ordered: true })) found.push(one)
    expect(found.map(({ value }) => value.stdout)).toEqual(["a\n", "b\n", "a\n", "c\n"])
    const resumed = found.filter(({ resumed }) => resumed === true).length
    expect(ran() - first).toBe(4 - resumed)
    await cluster.map(["a", "b", "a", "c"], work, { resume }).all()
    expect(ran() - first).toBe(4 - resumed)
    await expect(cluster.map(["a"], { command: "true" }, { resume }).all()).rejects.toThrow(/has results of other work/)
  })

  test("a variable that is none, and a group that there is not, are refused", async () => {
    const run = (task: CommandTask<number>, options: WorkOptions = {}) => cluster.map([1], task, options).all()
    await expect(run({ command: "true", environment: { "A-B": "1", B: 2 as never, C: "\0" } })).rejects.toThrow(
      /3 problems:\n {2}map\.task\.environment\.A-B: is no name .*\n.*\.B: is 2; use a text\n.*\.C: has a NUL/,
    )
    await expect(run({ command: "true" }, { group: "g" })).rejects.toThrow(
      'map.group: is "g"; no such group; groups: default',
    )
  })

  test("nothing of a command stands in an argument list but the command itself", async () => {
    const seen = await outOf("cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' '", { TOKEN: "planted-secret-value" })
    expect(seen).not.toContain("planted-secret-value")
  })
})
