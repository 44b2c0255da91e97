/** A demand's command: what it prints, and what else a process may do. */
import { EventEmitter } from "node:events"
import { expect, it, vi } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { commandDemand } from "../../src/demand/command.js"
import { readingOf } from "../../src/demand/reading.js"

/** As Node returns it where the process has no file left to open: without pipes, and with an error to come. */
function withoutFiles(): EventEmitter {
  const child = new EventEmitter()
  process.nextTick(() => child.emit("error", new Error("spawn /bin/sh EMFILE")))
  return child
}

vi.mock("node:child_process", async (original) => {
  const real = await original<typeof import("node:child_process")>()
  const spawn = (...all: Parameters<typeof real.spawn>) =>
    all[1].includes("no files") ? withoutFiles() : real.spawn(...all)
  return { ...real, spawn }
})

async function answerOf(command: string | readonly string[]): Promise<unknown> {
  const abort = new AbortController()
  try {
    return readingOf(await commandDemand({ command }, systemClock)({ signal: abort.signal }))
  } catch (error) {
    return String(error)
  } finally {
    abort.abort()
  }
}

it.each<readonly [what: string, command: string | readonly string[], answer: unknown]>([
  ["a number", "echo 3", { workers: 3 }],
  ["an object, by a program and its arguments", ["echo", '{"workers":2,"seconds":9}'], { workers: 2, seconds: 9 }],
  ["what it leaves running holds its pipes", "sleep 1 & echo 4", { workers: 4 }],
  ["nothing", "true", expect.stringContaining('its command printed ""; print a number, or {"workers": 3')],
  [
    "an exit code, with words",
    "echo 'no queue' >&2; exit 3",
    expect.stringMatching(/ended with exit code 3: no queue$/),
  ],
  [
    "megabytes",
    "head -c 3000000 /dev/zero | tr '\\0' x",
    expect.stringMatching(/printed "x{76}\.\.\.; print a number/),
  ],
  ["more than any number", "echo 1e309", expect.stringContaining("it returned Infinity; use a number")],
  ["no such program", ["/nonexistent"], expect.stringMatching(/could not be run: spawn \/nonexistent ENOENT$/)],
  ["no file left to open", "no files", expect.stringMatching(/could not be run: spawn \/bin\/sh EMFILE$/)],
])("%s", async (_, command, answer) => {
  expect(await answerOf(command)).toEqual(answer)
})

it("one that ignores signals ends with all that it began when nobody waits any more", async () => {
  const abort = new AbortController()
  const asked = commandDemand(
    { command: "trap '' TERM INT HUP; sleep 600 & wait" },
    systemClock,
  )({ signal: abort.signal })
  abort.abort()
  await expect(Promise.resolve(asked)).rejects.toThrow("its command was ended by SIGKILL")
})

it("a 5n that a function returns is shown as that", () => {
  expect(() => readingOf(5n)).toThrow("it returned 5n; use a number of workers from 0 on, or { workers, seconds }")
})
