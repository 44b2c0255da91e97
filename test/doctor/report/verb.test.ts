/** `muster doctor --live --report DIR` and `--compare A B`, on the small cloud. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { run } from "../../../src/cli/run.js"
import { type ToyOptions, toy } from "../live/toy.js"
import { report } from "./outcomes.js"

const directories: string[] = []
afterEach(() => {
  for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true })
})

function directoryOf(): string {
  const path = mkdtempSync(join(tmpdir(), "muster-verb-"))
  directories.push(path)
  return path
}

async function muster(directory: string, words: readonly string[], options: ToyOptions = {}) {
  const cloud = toy(options)
  const told = { out: "", said: "" }
  const code = await cloud.run(
    run([...words], {
      ...{ version: "1.2.3", clock: cloud.clock, directory, ask: undefined, env: { XDG_STATE_HOME: directory } },
      load: () => Promise.resolve(cloud.provider),
      out: (text) => (told.out += text),
      say: (text) => (told.said += text),
    }),
  )
  cloud.stop()
  return { code, ...told }
}

const LIVE = "doctor --live --yes --provider aws --region eu-west-2 --owner zorblax-team".split(" ")

test("a walk leaves a report where it is told to, and says where; another is compared with it", async () => {
  const directory = directoryOf()
  const { said } = await muster(directory, [...LIVE, "--report", "reports"])
  const files = readdirSync(join(directory, "reports"))
  expect(files).toEqual([
    expect.stringMatching(/^muster-doctor-simulated-sim-1-.*\.json$/),
    expect.stringMatching(/\.md$/),
  ])
  for (const file of files) {
    expect(said).toContain(join(directory, "reports", file))
    expect(readFileSync(join(directory, "reports", file), "utf8")).not.toContain("zorblax")
  }
  const [a = ""] = files
  const paths = [join("reports", a), join("reports", "b.json")] as const
  writeFileSync(
    join(directory, paths[1]),
    readFileSync(join(directory, paths[0]), "utf8").replace('"confirmed"', '"refuted"'),
  )
  const other = await muster(directory, ["doctor", "--compare", ...paths])
  expect([other.code, other.out]).toEqual([1, expect.stringContaining("toy.tags: confirmed -> refuted")])
  expect((await muster(directory, ["doctor", "--compare", paths[0], paths[0]])).code).toBe(0)
})

test("a comparison as data, and what cannot be compared", async () => {
  const directory = directoryOf()
  writeFileSync(join(directory, "a"), JSON.stringify(report()))
  writeFileSync(join(directory, "other"), JSON.stringify({ ...report(), provider: "gcp" }))
  const { code, out } = await muster(directory, ["doctor", "--compare", "a", "a", "--json"])
  expect([code, (JSON.parse(out) as { isEqual: boolean }).isEqual]).toEqual([0, true])
  for (const [words, said] of [
    [["a"], /--compare: needs two files: --compare A B/],
    [["a", "missing"], /--compare: .*missing cannot be read: ENOENT/],
    [["a", "other"], /--compare: one report is of aws, the other of gcp/],
  ] as const) {
    const refused = await muster(directory, ["doctor", "--compare", ...words])
    expect([refused.code, refused.said]).toEqual([2, expect.stringMatching(said)])
  }
})
