/** A recording by hand: it answers, says at Ctrl-C what was played, and the program that it prints walks over it. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, expect, test } from "vitest"
import { isLong, LONG } from "../support/long.js"
import { Program } from "./program.js"
import { replayed } from "./replayed.js"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const PATIENCE_MS = 240_000
const recordingOf = (cloud: string) => join(ROOT, `test/recordings/${cloud}-wire.json`)
const folder = mkdtempSync(join(tmpdir(), "muster-replayed-"))
afterAll(() => rmSync(folder, { recursive: true }))

test("what was played, what was not, and what there was nothing like is said at the end", async () => {
  const wire = new Program(["gcp", "--replay", recordingOf("gcp")])
  try {
    const [, url = ""] = (await wire.says("\nEND\n")).match(/195 exchanges on (http:\S+), /) ?? []
    expect((await fetch(`${url}/nothing`)).status).toBe(501)
    wire.child.kill("SIGINT")
    expect(await once(wire.child, "close")).toEqual([0, null])
    expect(wire.text).toContain("\n0 of 195 exchanges were played.\nNobody asked for:\n    ")
    expect(wire.text).toMatch(/\n {4}machineTypes\.list after 0\.0 s: GET http.*\n[\s\S]*\n {4}and 155 more\n/)
    expect(wire.text).toContain("\nThe recording has nothing like:\n    GET /nothing")
  } finally {
    wire.child.kill("SIGKILL")
  }
})

test.skipIf(!isLong).each(["aws", "gcp", "azure"])(
  `%s: the program walks as pasted (${LONG})`,
  async (cloud) => {
    const wire = new Program([cloud, "--replay", recordingOf(cloud)])
    try {
      const text = await wire.says("\nEND\n")
      const exports = [...text.matchAll(/^ {4}(export .*)$/gm)].map(([, line = ""]) => line)
      const [program = ""] = /^node test\/tools\/run\.mjs - <<'END'\n[\s\S]*?^END$/m.exec(text) ?? []
      const pasted = [...exports, `exec ${program}`].join("\n")
      // Whole it takes as long as the walk did.
      const walk = spawn("sh", ["-ec", pasted], { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] })
      let said = ""
      for await (const part of walk.stderr) {
        said += String(part)
        if (/^brief: \S*\bdoctor-|^brief: i-/m.test(said)) break
      }
      walk.kill("SIGKILL")
      expect(said).toContain("brief: 3 machines, spot")
      wire.child.kill("SIGINT")
      expect(await once(wire.child, "close")).toEqual([0, null])
      expect(wire.text).toMatch(/\n[1-9]\d* of \d+ exchanges were played\.\nNobody asked for:/)
      expect(wire.text).not.toContain("nothing like")
    } finally {
      wire.child.kill("SIGKILL")
    }
  },
  PATIENCE_MS,
)

test("what cannot be played is refused, with what to do", async () => {
  const file = join(folder, "old.json")
  writeFileSync(file, readFileSync(recordingOf("gcp"), "utf8").replace('"version": 1', '"version": 0'))
  const none = join(folder, "none.json")
  for (const [path, given, words] of [
    [none, {}, `--replay: ${none} cannot be read: ENOENT`],
    [join(ROOT, "package.json"), {}, "package.json is no report of a live walk; give a file that"],
    [file, {}, `${file} has version 0 of the format, and this Muster knows 1`],
    [recordingOf("aws"), {}, "aws-wire.json is a recording of aws, not of gcp; give one of gcp, or name its cloud"],
    [recordingOf("gcp"), { speed: "20" }, '--speed: is "20" beside --replay: a recording has its own pace and answers'],
    [recordingOf("gcp"), { seed: "1", scenario: "calm-day" }, '--scenario: is "calm-day" beside --replay'],
  ] as const)
    await expect(replayed("gcp", path, { port: 0, ...given })).rejects.toThrow(words)
})
