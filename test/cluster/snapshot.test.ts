/** What is kept of a directory for workers that come later. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { keptSnapshot } from "../../src/remote/files/snapshot.js"
import { folderForEachTest } from "../support/folder.js"

let folder = ""
folderForEachTest((path) => {
  folder = path
})

test("groups that need the same directory at once have the same snapshot of it", async () => {
  const from = join(folder, "from")
  const directory = join(folder, "kept")
  mkdirSync(join(from, "sub"), { recursive: true })
  for (let number = 0; number < 40; number += 1) writeFileSync(join(from, "sub", String(number)), `text ${number}`)
  const source = { from, ignore: [] }
  const taken = await Promise.all([1, 2, 3, 4].map(() => keptSnapshot(source, directory)))
  expect(new Set(taken.map(({ set }) => set.digest)).size).toBe(1)
  expect(new Set(taken.map(({ set }) => set.from)).size).toBe(1)
  expect(readFileSync(join(taken[0]?.set.from ?? "", "sub", "39"), "utf8")).toBe("text 39")
  expect(readdirSync(directory)).toHaveLength(1)
})

test("where another process takes the same and is faster, there is one snapshot", async () => {
  const from = join(folder, "from")
  const directory = join(folder, "kept")
  mkdirSync(from)
  writeFileSync(join(from, "file"), "text")
  const { set } = await keptSnapshot({ from, ignore: [] }, directory)
  // The other one has it in its place once this one has seen that none is there. One more has died in the middle.
  const [living, dead] = [`${set.from}.part.${process.ppid}`, `${set.from}.part.999999999`]
  renameSync(set.from, living)
  mkdirSync(dead)
  let reads = 0
  const source = {
    ignore: [],
    get from() {
      reads += 1
      if (reads === 2) renameSync(living, set.from)
      return from
    },
  }
  expect(await keptSnapshot(source, directory)).toMatchObject({
    set: { from: set.from, digest: set.digest },
    isOlder: true,
  })
  expect(readdirSync(directory)).toHaveLength(1)
})
