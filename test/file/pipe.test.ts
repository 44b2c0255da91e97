/** What `--file` may be beside a file: a pipe, a device, a socket, a directory. */
import { execFileSync } from "node:child_process"
import { closeSync, constants, createWriteStream, openSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { systemClock, VirtualClock } from "../../src/calls/clock.js"
import { loadFile } from "../../src/file/load.js"
import { PIPE_DEADLINE_MS } from "../../src/file/pipe.js"
import { startMuster } from "../cli/bin.js"
import { folderForEachTest } from "../support/folder.js"

let root = ""
folderForEachTest((path) => {
  root = path
})

function pipe(): string {
  const path = join(root, "pipe")
  execFileSync("mkfifo", [path])
  return path
}

/** Opens a pipe for writing once somebody has opened it for reading. */
async function openedOnceRead(path: string): Promise<number> {
  for (;;) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch {
      await systemClock.sleep(10)
    }
  }
}

const problem = (loading: Promise<unknown>) => loading.then(String, (error: Error) => error.message)

describe("a named pipe", () => {
  test("is read as it is written, and to its end", async () => {
    const path = pipe()
    const loading = loadFile({ path })
    const writer = createWriteStream(path)
    writer.write("provider: lo")
    setImmediate(() => writer.end("cal\nvcpus: 1\nname: here\n"))
    expect((await loading)?.clusters[0]).toMatchObject({ name: "here", spec: { provider: "local" } })
  })

  test("that nobody writes to is waited for 30 seconds", async () => {
    const clock = new VirtualClock()
    const before = clock.now()
    expect(await problem(clock.run(loadFile({ path: pipe(), clock })))).toMatch(
      /pipe: is a pipe that nobody has written to for 30s; start what writes to it, or name a file$/,
    )
    expect(clock.now() - before).toBeLessThan(PIPE_DEADLINE_MS + 100)
  })

  test("with more in it than a file may have is refused", async () => {
    const path = pipe()
    const loading = problem(loadFile({ path }))
    const writer = createWriteStream(path).on("error", () => {})
    writer.write("x".repeat(2 * 1024 * 1024))
    expect(await loading).toMatch(/pipe: is longer than 1 MiB/)
    writer.destroy()
  })

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("does not keep %s from ending the program", async (signal, code) => {
    const path = pipe()
    const running = startMuster(["plan", "-f", path], { HOME: root })
    const writer = await openedOnceRead(path)
    running.signal(signal)
    expect((await running.ended).code).toBe(code)
    closeSync(writer)
  })
})

test("the standard input is read by its other name too", async () => {
  async function* stdin() {
    yield "provider: local\nvcpu: 1\n"
  }
  expect(await problem(loadFile({ path: "/dev/stdin", stdin: stdin() }))).toMatch(/^\/dev\/stdin:2:1: vcpu: unknown/)
})

test("a device is not opened", async () => {
  expect(await problem(loadFile({ path: "/dev/zero" }))).toBe(
    "/dev/zero: is a device; name a file, or - for the standard input",
  )
  expect(await problem(loadFile({ path: "/dev" }))).toMatch(/^\/dev: is a directory; name the file in it/)
})

test("a socket is not opened", async () => {
  const path = join(root, "socket")
  const server = createServer().listen(path)
  await new Promise((resolve) => server.once("listening", resolve))
  expect(await problem(loadFile({ path }))).toMatch(/socket: is a socket; name a file/)
  server.close()
})
