import { spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { collect } from "../../src/remote/files/collect.js"
import { fetchFiles } from "../../src/remote/files/fetch.js"
import { sendFile } from "../../src/remote/files/send-file.js"
import { packOf, sendFiles } from "../../src/remote/files/send.js"
import { localRemote } from "../../src/remote/local.js"
import { MEBIBYTE, mostHeld } from "../support/held.js"
import { isLong } from "../support/long.js"
import type { Remote } from "../../src/remote/remote.js"

/** As many as a project has, where there is time for it. */
const FILES = isLong ? 10_000 : 500

/** A small disk needs root, and a container with CAP_SYS_ADMIN. */
const hasNamespaces = spawnSync("unshare", ["--mount", "true"]).status === 0

let root: string
let from: string
let to: string
let remote: Remote

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "muster-files-"))
  from = join(root, "from")
  to = join(root, "worker", "app")
  mkdirSync(from)
  mkdirSync(join(root, "worker"))
  const words = ["/bin/sh", "-c", `cd "$0" && exec "$@"`, join(root, "worker")]
  remote = localRemote({ words, address: "127.0.0.1" }, systemClock)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const write = (path: string, text: string) => {
  mkdirSync(join(from, path, ".."), { recursive: true })
  writeFileSync(join(from, path), text)
}
const send = async () => sendFiles(remote, await collect(from), to, { worker: "w" })
const read = (path: string) => readFileSync(join(to, path), "utf8")

describe("collect", () => {
  test("leaves out what git leaves out, by the file that lies deepest", async () => {
    write(".gitignore", "*.log\nbuild/\n!keep.log\n")
    write("sub/.gitignore", "!own.log\nsecret\n")
    for (const path of ["a.log", "keep.log", "build/x", "sub/own.log", "sub/secret", "sub/b.txt", ".git/config"])
      write(path, path)
    const { entries } = await collect(from)
    expect(entries.map(({ path }) => path)).toEqual([
      ".gitignore",
      "keep.log",
      "sub/.gitignore",
      "sub/b.txt",
      "sub/own.log",
    ])
    const more = await collect(from, ["*.txt"])
    expect(more.entries.map(({ path }) => path)).not.toContain("sub/b.txt")
  })

  test("has one digest for the same files, and another when one becomes executable", async () => {
    write("run.sh", "true")
    const before = await collect(from)
    expect((await collect(from)).digest).toBe(before.digest)
    chmodSync(join(from, "run.sh"), 0o755)
    expect((await collect(from)).digest).not.toBe(before.digest)
  })

  test("names a file that git would read and that is none", async () => {
    mkdirSync(join(from, ".gitignore"))
    await expect(collect(from)).rejects.toThrow(/files: cannot be read: EISDIR/)
  })

  test("names the directory that is not there", async () => {
    await expect(collect(join(root, "none"))).rejects.toThrow(/files: cannot be read.*none/)
  })
})

describe("send", () => {
  const names = [
    "plain",
    "with space",
    "it's",
    "new\nline",
    "ünï-日本",
    "back\\slash",
    "@at",
    "-dash",
    "$HOME",
    'quo"te',
    "deep/er/file",
  ]

  test("brings files of any name, links and modes, and nothing a second time", async () => {
    for (const name of names) write(name, `in ${name}`)
    chmodSync(join(from, "plain"), 0o755)
    symlinkSync("plain", join(from, "link"))
    expect((await send()).files).toBe(names.length + 1)
    for (const name of names) expect(read(name)).toBe(`in ${name}`)
    expect(lstatSync(join(to, "plain")).mode & 0o111).not.toBe(0)
    expect(readlinkSync(join(to, "link"))).toBe("plain")
    expect(await send()).toEqual({ files: 0, removed: 0, bytes: 0 })
  })

  test("sends what changed, removes what has gone, and leaves what the worker made", async () => {
    write("a", "1")
    write("dir/b", "2")
    write("c", "3")
    await send()
    writeFileSync(join(to, "result"), "made there")
    write("a", "other")
    rmSync(join(from, "c"))
    // A file in the place of a directory.
    rmSync(join(from, "dir"), { recursive: true })
    write("dir", "a file now")
    expect(await send()).toMatchObject({ files: 2, removed: 2 })
    expect([read("a"), read("dir"), read("result")]).toEqual(["other", "a file now", "made there"])
    expect(existsSync(join(to, "c"))).toBe(false)
  })

  test("brings back what the worker has changed or removed, and sends nothing else", async () => {
    for (const name of names) write(name, `in ${name}`)
    await send()
    // A line of the log is taken out for each that comes.
    write("plain", "other")
    await send()
    for (const name of ["plain", "new\nline", "back\\slash", 'quo"te']) writeFileSync(join(to, name), "made there")
    rmSync(join(to, "deep"), { recursive: true })
    expect(await send()).toMatchObject({ files: 5, removed: 0 })
    expect(read("plain")).toBe("other")
    for (const name of names.filter((one) => one !== "plain")) expect(read(name)).toBe(`in ${name}`)
    expect(readFileSync(join(to, ".muster-sent/log"), "utf8").trimEnd().split("\n")).toHaveLength(names.length)
    expect(await send()).toEqual({ files: 0, removed: 0, bytes: 0 })
  })

  test("one of many files that changed costs little more than itself", async () => {
    for (let at = 0; at < FILES; at++) write(`d${at % 100}/f${at}`, `file ${at}`)
    await send()
    const changed = "x".repeat(100_000)
    write("d7/f7", changed)
    const { files, bytes } = await send()
    expect(files).toBe(1)
    expect(bytes).toBeLessThanOrEqual(changed.length + 64 * 1024)
    expect(read("d7/f7")).toBe(changed)
  })

  test("a file that changes meanwhile is put nowhere", async () => {
    write("a", "1")
    await send()
    const set = await collect(from)
    write("a", "2")
    const wrong = {
      ...set,
      digest: "0".repeat(64),
      entries: set.entries.map((entry) => ({ ...entry, digest: `${"1".repeat(64)}f` })),
    }
    await expect(sendFiles(remote, wrong, to, { worker: "w" })).rejects.toThrow("a changed meanwhile")
    expect(read("a")).toBe("1")
  })

  test("all of it arrives when the connection takes its time", async () => {
    for (let at = 0; at < 20; at++) write(`f${at}`, "x".repeat(50_000))
    const slow: Remote = {
      ...remote,
      spawn: async (...given) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return remote.spawn(...given)
      },
    }
    const { bytes } = await sendFiles(slow, await collect(from), to, { worker: "w" })
    expect(bytes).toBeGreaterThan(1_000_000)
    expect(read("f19")).toHaveLength(50_000)
  })

  test("the directory itself keeps its mode, and a lost archive leaves nothing behind", async () => {
    write("a", "1")
    mkdirSync(to, { mode: 0o700 })
    chmodSync(to, 0o700)
    await send()
    expect(lstatSync(to).mode & 0o777).toBe(0o700)
    const broken: Remote = {
      ...remote,
      spawn: (command, options = {}) =>
        remote.spawn(command, typeof options.stdin === "object" ? { ...options, stdin: "no archive" } : options),
    }
    write("b", "2")
    await expect(sendFiles(broken, await collect(from), to, { worker: "w" })).rejects.toThrow(/w: mkdir.*exit code/s)
    expect(readdirSync(join(to, ".muster-sent")).filter((name) => name.startsWith("new"))).toEqual([])
  })

  test.runIf(hasNamespaces)("a disk that is full there is told with the worker's words", async () => {
    write("big", "x".repeat(300_000))
    const full = 'mount -t tmpfs -o size=64k tmpfs "$0" && cd "$0" && exec "$@"'
    const words = ["unshare", "--mount", "/bin/sh", "-c", full, join(root, "worker")]
    const small = localRemote({ words, address: "127.0.0.1" }, systemClock)
    const sending = sendFiles(small, await collect(from), ".", { worker: "w" })
    await expect(sending).rejects.toThrow(/w: mkdir.*(?:No space left on device|Wrote only)/s)
  })

  test("one that is gone is told where the archive is read, whenever that is", async () => {
    for (const path of ["a", "b"]) write(path, path.repeat(5_000_000))
    rmSync(join(from, "b"))
    const pieces = packOf(from, ["a", "b"], () => {})
    expect((await pieces.next()).done).toBe(false)
    // It is found while nobody reads.
    await new Promise((resolve) => setTimeout(resolve, 100))
    const rest = async () => {
      for await (const _piece of pieces);
    }
    await expect(rest()).rejects.toThrow(/ENOENT.*from\/b/)
  })

  test("what has been sent of a large one is not kept", async () => {
    write("a", "")
    truncateSync(join(from, "a"), 128 * MEBIBYTE)
    expect(
      (await mostHeld(
        packOf(from, ["a"], () => {}),
        128 * MEBIBYTE,
      )) / MEBIBYTE,
    ).toBeLessThan(64)
  })

  test("one that is gone before it is sent is named", async () => {
    for (const path of ["a", "b"]) write(path, path.repeat(1_000_000))
    const set = await collect(from)
    rmSync(join(from, "b"))
    const sending = sendFiles(remote, set, to, { worker: "w" })
    await expect(sending).rejects.toThrow(/a file changed meanwhile \(ENOENT.*from\/b'\); nothing was put in place/)
    expect(existsSync(join(to, "a"))).toBe(false)
  })

  test("two that send to the same place at once do not get into each other's way", async () => {
    const [bin, other] = [join(root, "bin"), join(root, "other")]
    for (const folder of [bin, other]) mkdirSync(folder)
    // Both have written their logs when the first one's is put in its place.
    const both = `: >'${bin}'/at.$$; until set -- '${bin}'/at.*; [ $# -gt 1 ]; do sleep 0.02; done`
    writeFileSync(join(bin, "mv"), `#!/bin/sh\n(${both})\nexec /bin/mv "$@"\n`, { mode: 0o755 })
    const words = ["/bin/sh", "-c", `PATH='${bin}':$PATH; export PATH; exec "$@"`, "sh"]
    const slow = localRemote({ words, address: "127.0.0.1" }, systemClock)
    write("first", "one")
    writeFileSync(join(other, "second"), "two")
    const sets = [await collect(from), await collect(other)]
    await Promise.all(sets.map((set) => sendFiles(slow, set, to, { worker: "w" })))
    expect([read("first"), read("second")]).toEqual(["one", "two"])
    expect(readdirSync(join(to, ".muster-sent")).sort()).toEqual(["digest", "log"])
  })

  test("a place that cannot be written is told with the worker's words", async () => {
    write("a", "1")
    writeFileSync(join(root, "worker", "app"), "in the way")
    await expect(send()).rejects.toThrow(/w: .*/)
  })
})

describe("send a file", () => {
  test("one that cannot be read is named", async () => {
    const sending = sendFile(remote, join(from, "none"), "x", { worker: "w" })
    await expect(sending).rejects.toThrow(/files: cannot be read: ENOENT.*none/)
  })

  test.runIf(existsSync("/proc/self/fd"))("one that could not be sent is not held open", async () => {
    write("big", "x".repeat(1_000_000))
    const big = join(from, "big")
    await expect(sendFile(remote, big, "/proc/none/x", { worker: "w" })).rejects.toThrow(/w: sending .*exit code/)
    const open = readdirSync("/proc/self/fd").filter((number) => {
      try {
        return readlinkSync(`/proc/self/fd/${number}`) === big
      } catch {
        return false
      }
    })
    expect(open).toEqual([])
  })
})

describe("fetch", () => {
  test("brings files and directories, and says which is not there", async () => {
    for (const [path, text] of [
      ["out/a b", "1"],
      ["out/deep/c", "2"],
      ["x", "3"],
    ] as const)
      write(path, text)
    await send()
    const here = join(root, "here")
    expect(await fetchFiles(remote, ["out", "x"], here, { worker: "w", from: to })).toBeGreaterThan(0)
    expect(readFileSync(join(here, "out/a b"), "utf8")).toBe("1")
    expect(readFileSync(join(here, "out/deep/c"), "utf8")).toBe("2")
    await expect(fetchFiles(remote, ["none"], here, { worker: "w", from: to })).rejects.toThrow(
      /w: fetching none.*none/,
    )
  })

  test("a file that cannot be written is an error here", async () => {
    write("out/a", "1")
    await send()
    mkdirSync(join(root, "here", "out", "a"), { recursive: true })
    writeFileSync(join(root, "here", "out", "a", "in the way"), "")
    await expect(fetchFiles(remote, ["out"], join(root, "here"), { worker: "w", from: to })).rejects.toThrow(
      /writing what came from w/,
    )
  })

  test("a large one that cannot be written ends what sends it", async () => {
    write("out/a", "x".repeat(3_000_000))
    write("out/b", "x".repeat(3_000_000))
    await send()
    for (const name of ["a", "b"]) {
      mkdirSync(join(root, "here", "out", name), { recursive: true })
      writeFileSync(join(root, "here", "out", name, "in the way"), "")
    }
    const fetching = fetchFiles(remote, ["out"], join(root, "here"), { worker: "w", from: to })
    await expect(fetching).rejects.toThrow(/writing what came from w/)
    await expect(fetchFiles(remote, ["out"], join(from, "out/a"), { worker: "w" })).rejects.toThrow(/writing .*EEXIST/)
  })
})
