/** The programs of runners, in the shells that images have: what they do with tasks, with each other, and when nobody is heard. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { localRemote } from "../../src/remote/local.js"
import type { Remote } from "../../src/remote/remote.js"
import type { Runner } from "../../src/work/farm/runner.js"
import { LOOK_S, SILENT_S } from "../../src/work/runners/command-program.js"
import { type CommandChannel, startCommandChannel } from "../../src/work/runners/command-runner.js"
import { isLong } from "../support/long.js"
import { isAlive } from "./support/alive.js"

const SHELLS: readonly { readonly words: string; readonly shell: readonly string[] }[] = [
  { words: "dash", shell: ["dash"] },
  { words: "bash", shell: ["bash"] },
  { words: "busybox", shell: ["busybox", "sh"] },
]
/** What the programs say they need, and what tasks of these tests use. */
const NEEDED = "sh mkdir id grep mv rm sleep mkfifo wc tail base64 cat env"

let cwd = ""
const channels: CommandChannel[] = []
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "muster-programs-"))
})
afterEach(async () => {
  await Promise.all(channels.splice(0).map((channel) => channel.close()))
  rmSync(cwd, { recursive: true, force: true })
})

const here = localRemote({ words: [], address: "127.0.0.1" }, systemClock)

interface Reach {
  readonly shell?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly edit?: (program: string) => string
}

function remoteOf({ shell = ["sh"], environment = {}, edit = (text) => text }: Reach): Remote {
  const spawn: Remote["spawn"] = (command) => here.spawn([...shell, "-c", edit(String(command))], { cwd, environment })
  return { ...here, spawn }
}

async function runnerOf(reach: Reach, owner = "one", number = 1, hasOutputs = false): Promise<Runner> {
  const channel = await startCommandChannel({ remote: remoteOf(reach), clock: systemClock, name: { owner, number } })
  channels.push(channel)
  const task = { command: (text: unknown) => String(text) }
  return channel.runner({ task, slots: "vcpus", hasOutputs }, () => Promise.resolve())
}

const start = (runner: Runner, input: string) => runner.start({ index: 0, attempt: 1, input })

/** The program with one of its parts in another way, which must be there. */
function swapped(program: string, part: string, other: string): string {
  expect(program).toContain(part)
  return program.replace(part, () => other)
}

/** The program looks around for the first time after `look`, and then all the time: of which eleven times in silence are its end. */
const looking = (program: string) =>
  swapped(program, "sleep 5 &", "{ until [ -e look ]; do sleep 0.05; done; sleep 0.05; echo >>looks; } &")
const look = () => writeFileSync(join(cwd, "look"), "")

/** A task that has begun, and its process. */
async function begun(runner: Runner, name: string) {
  const file = join(cwd, name)
  const started = start(runner, `echo $$ >'${file}'; sleep 1000 & wait`)
  await expect.poll(() => existsSync(file) && readFileSync(file, "utf8").endsWith("\n")).toBe(true)
  return { started, pid: readFileSync(file, "utf8").trim() }
}

const kept = () => readdirSync(join(cwd, ".muster-work"))

describe.each(SHELLS.filter(({ words }) => isLong || words === "dash"))("in $words", ({ shell }) => {
  test("commands run, are told to end, and leave nothing", async () => {
    const runner = await runnerOf({ shell })
    expect(runner.slots).toBeGreaterThan(0)
    const value = await start(runner, "printf 'a\\nb'; printf 'it'\\''s \\\\ $HOME' >&2").outcome
    expect(value).toMatchObject({ kind: "value", value: { stdout: "a\nb", stderr: "it's \\ $HOME" } })
    const { started, pid } = await begun(runner, "pid")
    started.stop(false)
    expect(await started.outcome).toMatchObject({ kind: "failure", failure: { exitCode: 143 } })
    await expect.poll(() => isAlive(pid)).toBe(false)
    const [left] = [await begun(runner, "left")]
    await runner.close()
    expect(await left.started.outcome).toMatchObject({ kind: "lost" })
    await expect.poll(() => isAlive(left.pid)).toBe(false)
    await expect.poll(kept).toEqual([])
  })

  test("a program of another process ends it, and says so; one of the same does not", async () => {
    const first = await runnerOf({ shell })
    const { started, pid } = await begun(first, "pid")
    await runnerOf({ shell }, "one", 2)
    expect(isAlive(pid)).toBe(true)
    const other = await runnerOf({ shell }, "two")
    expect(await first.gone).toMatchObject({ isSuperseded: true, why: /another process works/ })
    expect(await started.outcome).toMatchObject({ kind: "lost" })
    await expect.poll(() => isAlive(pid)).toBe(false)
    expect(await start(other, "echo on").outcome).toMatchObject({ kind: "value", value: { stdout: "on\n" } })
    await expect.poll(kept).toEqual(["two-1_"])
  })

  test("without setsid, nproc and getconf it works on", async () => {
    const bin = join(cwd, "bin")
    mkdirSync(bin)
    for (const name of NEEDED.split(" ")) {
      const found = [`/bin/${name}`, `/usr/bin/${name}`].find((path) => existsSync(path))
      symlinkSync(found ?? "", join(bin, name))
    }
    const [first = "", ...rest] = shell
    const runner = await runnerOf({ shell: [`/usr/bin/${first}`, ...rest], environment: { PATH: bin } })
    expect(runner.slots).toBeGreaterThanOrEqual(1)
    const { started, pid } = await begun(runner, "pid")
    started.stop(true)
    expect(await started.outcome).toMatchObject({ kind: "failure", failure: { exitCode: 137 } })
    expect(isAlive(pid)).toBe(false)
    expect(await start(runner, "exit 3").outcome).toMatchObject({ failure: { exitCode: 3 } })
  })
})

const [BEGUN, ENDED] = ['echo "$muster_pid" >"$muster_dir/$1.pid"', ': >"$muster_dir/$1.pid"']
const REMOVES = ["rm -rf .muster-work", /its directory, .*, was removed/] as const

test.each([
  ["the directory of a program is removed", ...REMOVES, (text: string) => text],
  [
    "it is removed by a task whose number is not written yet",
    ...REMOVES,
    (text: string) => swapped(text, BEGUN, `{ sleep 0.2; ${BEGUN}; }`),
  ],
  // What is written meanwhile keeps a directory from being removed as a whole.
  ["a part of it is removed", "rm -f .muster-work/*/ends; exit 1", REMOVES[1], (text: string) => text],
  [
    "the shell that waits for a task is killed",
    "kill -KILL $PPID",
    /the shell that waited for a task was killed/,
    (text: string) => text,
  ],
] as const)("where %s, it ends with what runs there, and says so", async (_what, harm, words, edit) => {
  const runner = await runnerOf({ edit: (text) => edit(swapped(text, "sleep 5 &", "sleep 1 &")) })
  const { pid } = await begun(runner, "pid")
  const harmed = runner.start({ index: 1, attempt: 1, input: harm })
  expect(await runner.gone).toMatchObject({ why: words })
  expect(await harmed.outcome).toMatchObject({ kind: "lost" })
  await expect.poll(() => isAlive(pid)).toBe(false)
})

test("where nobody is heard, tasks are ended before another worker's are in their 61st second", async () => {
  // A hundredth of the time: the beats of this side come every fifteen seconds, and none is heard.
  const runner = await runnerOf({ edit: looking })
  const { pid } = await begun(runner, "pid")
  look()
  await expect.poll(() => isAlive(pid)).toBe(false)
  await expect.poll(kept).toEqual([])
  // The first look still finds the task.
  expect([SILENT_S, LOOK_S * readFileSync(join(cwd, "looks")).length]).toEqual([60, 60])
  expect(await runner.gone).toMatchObject({ why: /ended with exit code 137/ })
})

/** Removing a directory takes half a second, and a task's shell writes `what` within it. */
const slow = (program: string, what: string) =>
  [
    `rm() { [ "$1" = -rf ] || { command rm "$@"; return; }; shift`,
    `for muster_slow; do command rm -f "$muster_slow"/*; sleep 0.5; rmdir "$muster_slow"; done 2>/dev/null; }`,
    swapped(program, what, `{ sleep 0.2; ${what}; }`),
  ].join("\n")

test.each([
  ["where nobody is heard", looking, (runner: Runner) => runner.gone],
  ["told to end", (text: string) => text, (runner: Runner) => runner.close()],
])("%s, a program leaves nothing, though the ends of its tasks are written late", async (_what, edit, end) => {
  const runner = await runnerOf({ edit: (text) => slow(edit(text), ENDED) })
  const { pid } = await begun(runner, "pid")
  const deaf = join(cwd, "deaf")
  start(runner, `trap '' TERM; : >'${deaf}'; while :; do sleep 1000; done`)
  await expect.poll(() => existsSync(deaf)).toBe(true)
  look()
  await end(runner)
  await expect.poll(() => isAlive(pid)).toBe(false)
  await expect.poll(kept).toEqual([])
})

test("a task that begins as its program ends is ended with it", async () => {
  // Its number is written after the program has looked for what runs.
  const runner = await runnerOf({ edit: (text) => slow(text, BEGUN) })
  const { started, pid } = await begun(runner, "pid")
  await runner.close()
  expect(await started.outcome).toMatchObject({ kind: "lost" })
  await expect.poll(() => isAlive(pid)).toBe(false)
  await expect.poll(kept).toEqual([])
})

test("a program that is told to end twice still says for whom it was ended", async () => {
  const again = 'rm() { command rm "$@"; [ "$1" != -rf ] || kill -HUP $$; }'
  const first = await runnerOf({ edit: (text) => `${again}\n${text}` })
  await runnerOf({}, "two")
  expect(await first.gone).toMatchObject({ isSuperseded: true })
})

test("a program that breaks ends no tasks of one whose name begins as its own does", async () => {
  const runner = await runnerOf({ edit: looking })
  const { started, pid } = await begun(await runnerOf({}, "one", 10), "pid")
  start(runner, ": >harmed; kill -KILL $PPID")
  await expect.poll(() => existsSync(join(cwd, "harmed"))).toBe(true)
  look()
  expect(await runner.gone).toMatchObject({ why: /was killed/ })
  expect(isAlive(pid)).toBe(true)
  started.stop(false)
  expect(await started.outcome).toMatchObject({ failure: { exitCode: 143 } })
})

test("a task has its directory, though that of the one before cannot be removed", async () => {
  // As where something of the one before still writes there.
  const bin = join(cwd, "bin")
  mkdirSync(bin)
  writeFileSync(join(bin, "rm"), '#!/bin/sh\ncase $2 in *.files*) exit 1 ;; esac\nexec /bin/rm "$@"\n', { mode: 0o755 })
  const runner = await runnerOf({ environment: { PATH: `${bin}:/usr/bin:/bin` } }, "one", 1, true)
  const run = async (input: string) => {
    const started = start(runner, input)
    const outcome = await started.outcome
    started.release()
    return outcome
  }
  expect(await run(': >"$MUSTER_OUTPUT/first"')).toMatchObject({ kind: "value" })
  expect(await run('ls "$MUSTER_OUTPUT"')).toMatchObject({ kind: "value", value: { stdout: "" } })
})
