/** The log that a worker keeps itself, read where it is: by a process of this machine, and over a real sshd. */
import { getEventListeners } from "node:events"
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest"
import { systemClock, VirtualClock } from "../../src/calls/clock.js"
import { TransientError } from "../../src/errors.js"
import { PART_BYTES } from "../../src/guest/steps/log.js"
import { localRemote } from "../../src/remote/local.js"
import { type Following, followLog } from "../../src/remote/logs/follow.js"
import { type LogPlace, readLog } from "../../src/remote/logs/read.js"
import type { Remote } from "../../src/remote/remote.js"
import { Connections } from "../../src/remote/ssh/connections.js"
import { sshRemote } from "../../src/remote/ssh/remote.js"
import { logsOf } from "../../src/session/logs.js"
import type { LogSource } from "../../src/session/logs/console.js"
import { noSshd, startSshd } from "./support/sshd.js"
import { MEBIBYTE, mostHeld } from "../support/held.js"
import { isLong } from "../support/long.js"

let directory = ""
let path = ""
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "muster-log-"))
  path = join(directory, "it's a boot.log")
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const here = localRemote({ words: ["/usr/bin/env"], address: "127.0.0.1" }, systemClock)
const placeOf = (remote: () => Promise<Remote> = () => Promise.resolve(here)): LogPlace => ({
  ...{ worker: "w-1", path, remote },
})

/** All that was ever written, and the log that a guest keeps of it. */
function shortened(written: Buffer): { readonly log: Buffer; readonly mark: Buffer; readonly dropped: number } {
  const dropped = written.length - 2 * PART_BYTES
  const mark = Buffer.from(`\n… ${dropped} bytes dropped …\n`)
  return { log: Buffer.concat([written.subarray(0, PART_BYTES), mark, written.subarray(-PART_BYTES)]), mark, dropped }
}

/** Replaced in one rename, as a guest does. */
function replace(log: Buffer): void {
  writeFileSync(`${path}.new`, log)
  renameSync(`${path}.new`, path)
}

const numbers = (from: number, to: number) => {
  return Buffer.from(Array.from({ length: to - from }, (_, at) => `${from + at}\n`).join(""))
}

async function read(from?: number, lines?: number) {
  const pieces: Uint8Array[] = []
  let next = -1
  for await (const piece of readLog(placeOf(), { from, lines, isFollowed: false })) {
    pieces.push(piece.bytes)
    next = piece.next
  }
  return { bytes: Buffer.concat(pieces), next }
}

/** Follows until what came has this end. */
async function followed(place: LogPlace, end: string, more: Partial<Following> = {}, heard?: (all: string) => void) {
  let all = Buffer.alloc(0)
  for await (const { bytes } of followLog(place, { clock: systemClock, isLiving: () => true, ...more })) {
    all = Buffer.concat([all, bytes])
    heard?.(all.toString())
    if (all.toString().endsWith(end)) break
  }
  return all
}

describe("a log that was cut in its middle", () => {
  const written = numbers(0, 500_000)
  const { log, mark, dropped } = shortened(written)
  const first = PART_BYTES + dropped

  test.each([
    ["all of it", undefined, log],
    ["from a byte of its first part", 1000, log.subarray(1000)],
    [
      "from a byte that was dropped",
      first - 10,
      Buffer.concat([Buffer.from("\n… 10 bytes dropped …\n"), log.subarray(-PART_BYTES)]),
    ],
    ["from the first byte that is kept", first, log.subarray(-PART_BYTES)],
    ["from a byte of its end", written.length - 7, written.subarray(-7)],
    ["from its end", written.length, Buffer.alloc(0)],
    ["from beyond it, since it was begun anew", written.length + 1, log],
  ])("%s", async (_, from, expected) => {
    writeFileSync(path, log)
    const { bytes, next } = await read(from)
    expect([bytes.equals(expected), next]).toEqual([true, written.length])
  })

  test("whoever is cut off in its first part, or in the line after it, goes on there", async () => {
    writeFileSync(path, log)
    for (const cut of [5, PART_BYTES, PART_BYTES + 4, PART_BYTES + mark.length]) {
      let [length, at] = [0, 0]
      for await (const { bytes, next } of readLog(placeOf(), { isFollowed: false })) {
        length += bytes.length
        at = next
        if (length >= cut) break
      }
      // From the byte that was said on comes the rest, but for the line that says what was dropped.
      const { bytes } = await read(at)
      expect(bytes.subarray(-PART_BYTES).equals(written.subarray(-PART_BYTES))).toBe(true)
      if (length <= PART_BYTES) expect(bytes.equals(log.subarray(length))).toBe(true)
    }
  })

  test("what has been read of a large one is not kept", async () => {
    writeFileSync(path, "")
    truncateSync(path, 48 * MEBIBYTE)
    const pieces = async function* () {
      for await (const { bytes } of readLog(placeOf(), { from: 0, isFollowed: false })) yield bytes
    }
    expect((await mostHeld(pieces(), 48 * MEBIBYTE)) / MEBIBYTE).toBeLessThan(16)
  })

  test("the last lines, and a log that is not there yet", async () => {
    expect(await read()).toEqual({ bytes: Buffer.alloc(0), next: -1 })
    writeFileSync(path, log)
    expect((await read(undefined, 2)).bytes.toString()).toBe("499998\n499999\n")
    writeFileSync(path, "")
    expect(await read(undefined, 2)).toEqual({ bytes: Buffer.alloc(0), next: 0 })
  })
})

describe("following", () => {
  test("goes on in a log that was replaced, without a byte lost or twice", async () => {
    const written = numbers(0, 500_000)
    writeFileSync(path, written.subarray(0, written.length - 500))
    let isReplaced = false
    const all = await followed(placeOf(), "the end\n", {}, (text) => {
      if (isReplaced || text.length < written.length - 500) return
      isReplaced = true
      replace(shortened(written).log)
      appendFileSync(path, "the end\n")
    })
    expect(all.equals(Buffer.concat([written, Buffer.from("the end\n")]))).toBe(true)
  })

  test.runIf(isLong)("ends with the worker, and with the signal", async () => {
    writeFileSync(path, "one\n")
    let isLiving = true
    const { signal } = new AbortController()
    const pieces = followed(placeOf(), "never", { isLiving: () => isLiving, signal }, () => {
      isLiving = false
    })
    expect((await pieces).toString()).toBe("one\n")
    expect(getEventListeners(signal, "abort")).toHaveLength(0)
    const abort = new AbortController()
    const aborted = followed(placeOf(), "never", { signal: abort.signal }, (text) => {
      if (text === "one\n") abort.abort()
    })
    expect((await aborted).toString()).toBe("one\n")
  })

  test("a signal ends the wait for a way that takes long, and the reader that comes too late", async () => {
    writeFileSync(path, "one\n")
    const abort = new AbortController()
    let come = (_: Remote) => {}
    const way = new Promise<Remote>((resolve) => {
      come = resolve
    })
    const late = followed(
      placeOf(() => way),
      "never",
      { signal: abort.signal },
    )
    abort.abort()
    expect((await late).toString()).toBe("")
    const ended = new Promise((resolve) => {
      const spawn: Remote["spawn"] = async (...given) => {
        const process = await here.spawn(...given)
        process.ended.then(resolve, resolve)
        return process
      }
      come({ ...here, spawn })
    })
    expect(await ended).toMatchObject({ exitCode: 0 })
  })
})

test("where its own log cannot be reached its console is read, and that is said once", async () => {
  const clock = new VirtualClock()
  const notes: string[] = []
  const refuse = () => Promise.reject(new TransientError("w-1: muster@192.0.2.1:22: connect ECONNREFUSED"))
  let looks = 0
  const source: LogSource = {
    read: () => {
      looks += 1
      return Promise.resolve("one\ntwo\n".repeat(looks))
    },
    ...{ isLiving: () => looks < 3, clock, everyMs: 10_000, own: placeOf(refuse) },
    note: (message) => notes.push(message),
  }
  const logs = logsOf(() => Promise.resolve(source))
  const follow = async () => {
    const pieces: string[] = []
    for await (const text of logs({ follow: true, tail: 1 })) pieces.push(text)
    return pieces
  }
  expect(await clock.run(follow())).toEqual(["two\n", "one\ntwo\n", "one\ntwo\n"])
  expect(notes).toEqual([expect.stringMatching(/^w-1: its own log cannot be reached.*ECONNREFUSED$/)])
  expect(await logs({ tail: 1 })).toBe("two\n")
})

describe.skipIf(noSshd !== undefined)(`over a real sshd${noSshd === undefined ? "" : ` (${noSshd})`}`, () => {
  const connections = new Connections({ workers: () => 1 })
  afterAll(() => connections.close())

  test.runIf(isLong)(
    "a connection that is lost again and again is resumed: binary, and lines of any length",
    async () => {
      const host = "127.0.24.1"
      const sshd = await startSshd([host], 22_342)
      try {
        const { port, user, privateKey, hostKey } = sshd
        const server = { name: "w-1", host, port, user, privateKey, hostKeys: [hostKey] }
        const remote = sshRemote({ id: host, way: { kind: "direct" }, server }, connections, systemClock)
        const long = Buffer.alloc(3_000_000, "\0é\xff", "latin1")
        writeFileSync(path, long)
        const lost: Error[] = []
        let lines = 0
        // Each time that all has arrived the connection is lost, and more is written meanwhile.
        const lose = () => {
          connections.drop(host)
          lines += 1
          appendFileSync(path, `line ${lines}\n`)
        }
        let all = Buffer.alloc(0)
        const place = placeOf(() => Promise.resolve(remote))
        const following = { clock: systemClock, isLiving: () => true, onLost: (error: Error) => lost.push(error) }
        for await (const { bytes } of followLog(place, following)) {
          all = Buffer.concat([all, bytes])
          if (all.length < long.length + lines * 7) continue
          if (lines === 3) break
          lose()
        }
        const expected = Buffer.concat([long, Buffer.from("line 1\nline 2\nline 3\n")])
        expect(all.equals(expected)).toBe(true)
        expect(lost.length).toBeGreaterThan(0)
      } finally {
        connections.close()
        await sshd.stop()
      }
    },
  )
})
