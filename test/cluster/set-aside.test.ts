/** What of this machine's journals cannot be read, or may not be, is set aside: attach and close go on from tags. */
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { JournalError } from "../../src/errors.js"
import { live, rig, SMALL } from "./support.js"
import { folderForEachTest } from "../support/folder.js"

/** Only root can give a file away. */
const isRoot = process.getuid?.() === 0
const NOBODY = 65_534

let journal = ""
folderForEachTest((path) => {
  journal = path
})

/** Four run; the process that launched them has let go of them. */
async function left() {
  const at = rig()
  const first = at.cluster({ name: "render" }, { journal })
  await at.clock.run(first.scale(4))
  await at.clock.run(first.detach())
  return { ...at, file: join(journal, readdirSync(journal)[0] ?? "") }
}

const rewrite = (path: string, change: (text: string) => string) =>
  writeFileSync(path, change(readFileSync(path, "utf8")))

const HARM: readonly (readonly [string, (file: string) => void, RegExp])[] = [
  ["a damaged line", (file) => rewrite(file, (text) => text.replace("\n", "\nnot json\n")), /line 2 is damaged/],
  ["a null", (file) => appendFileSync(file, "null\n"), /line \d+ is damaged/],
  ["a number for a header", (file) => writeFileSync(file, "1\n"), /line 1 is damaged/],
  ["a launch call without a body", (file) => rewrite(file, (text) => text.replaceAll('"body"', '"b"')), /damaged/],
  ["a file of a later version", (file) => rewrite(file, (text) => text.replace('"version":1', '"version":2')), /newer/],
  [
    "a directory in its place",
    (file) => {
      rmSync(file)
      mkdirSync(file)
    },
    /is no file/,
  ],
  [
    "a link in its place",
    (file) => {
      renameSync(file, `${file}.elsewhere`)
      symlinkSync(`${file}.elsewhere`, file)
    },
    /is no file/,
  ],
  ["a file that others may write", (file) => chmodSync(file, 0o666), /others can write to it \(owner \d+, mode 666\)/],
  ["a directory that others may write", () => chmodSync(journal, 0o777), /others can write to it/],
]
const HARM_BY_ROOT: typeof HARM = [
  ["somebody else's file", (file) => chownSync(file, NOBODY, NOBODY), /others can write to it \(owner 65534/],
  ["somebody else's directory", () => chownSync(journal, NOBODY, NOBODY), /others can write to it \(owner 65534/],
]

describe.each([...HARM, ...(isRoot ? HARM_BY_ROOT : [])])("%s", (_what, harm, said) => {
  test("is told as a problem, and attach, scale down and close go on from tags", async () => {
    const { clock, world, provider, file } = await left()
    harm(file)
    const again = await clock.run(Cluster.attach("render", { provider, instanceType: SMALL }, { clock, journal }))
    const problems: string[] = []
    again.on("problem", ({ error, message }) => problems.push(`${error}: ${message}`))
    expect(again.workers).toHaveLength(4)
    expect(await clock.run(again.scale(2))).toMatchObject({ running: 2 })
    expect(problems).toEqual([expect.stringMatching(said)])
    expect(problems[0]).toMatch(/^JournalError: reading the launch journal.*; it is set aside/)
    await clock.run(again.close())
    expect(live(world)).toEqual([])
  })
})

test("who made a new cluster of the name hears it too; a torn last line is no damage", async () => {
  const { clock, cluster: make, file } = await left()
  appendFileSync(file, '{"kind":"int')
  const problems: string[] = []
  const connect = () => {
    const cluster = make({ name: "render", existing: "connect" }, { journal })
    cluster.on("problem", ({ message }) => problems.push(message))
    return cluster
  }
  const whole = connect()
  await clock.run(whole.scale(4))
  await clock.run(whole.detach())
  expect(problems).toEqual([])
  rewrite(file, (text) => text.replace("\n", "\nnull\n"))
  const second = connect()
  await clock.run(second.scale(4))
  expect(problems).toEqual([expect.stringContaining(`${file}: line 2 is damaged`)])
  await clock.run(second.close())
})

test.each([
  ["others may write", () => chmodSync(journal, 0o777), /others can write to it .*nothing was launched/],
  [
    "is a file",
    () => {
      rmSync(journal, { recursive: true })
      writeFileSync(journal, "")
    },
    /is no directory; nothing was launched/,
  ],
])("where the journal's directory %s nothing is launched", async (_what, harm, said) => {
  const { clock, world, cluster: make } = rig()
  harm()
  const cluster = make({ name: "render" }, { journal })
  const error: unknown = await clock.run(cluster.scale(3).catch((thrown: unknown) => thrown))
  expect(error).toBeInstanceOf(JournalError)
  expect(String(error)).toMatch(said)
  expect(world.truth()).toEqual([])
  await clock.run(cluster.close())
})

describe("a journal's directory that vanishes", () => {
  test.each([
    ["is removed", () => rmSync(journal, { recursive: true })],
    ["is renamed", () => renameSync(journal, `${journal}-2`)],
    [
      "is another one by now",
      () => {
        rmSync(journal, { recursive: true })
        mkdirSync(journal, { mode: 0o700 })
      },
    ],
  ])("and %s: the next launch is a JournalError, the one after it makes a new file", async (_what, vanish) => {
    const { clock, world, cluster: make } = rig()
    const cluster = make({ name: "render" }, { journal })
    await clock.run(cluster.scale(2))
    vanish()
    const error: unknown = await clock.run(cluster.scale(5).catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(JournalError)
    expect(String(error)).toMatch(/it has vanished since it was made, and what it said with it; nothing was launched/)
    expect(live(world)).toHaveLength(2)
    expect(await clock.run(cluster.scale(5))).toMatchObject({ running: 5 })
    const [name = ""] = readdirSync(journal)
    expect(readFileSync(join(journal, name), "utf8")).toMatch(/^\{"kind":"header".*\n\{"kind":"intent"/m)
    await clock.run(cluster.close())
    expect(live(world)).toEqual([])
    rmSync(`${journal}-2`, { recursive: true, force: true })
  })
})
