/** A double by hand: what it prints runs as it is pasted, and Ctrl-C ends it. */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { isLong, LONG } from "../support/long.js"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const PATIENCE_MS = 240_000
const OTHERS = isLong ? "" : ` (gcp and azure: ${LONG})`

const start = (...words: readonly string[]) =>
  spawn(process.execPath, [".cache/js/test/wire/index.js", ...words], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] })

/** Its output up to the end of what is to be pasted. */
async function printed({ stdout }: ChildProcess): Promise<string> {
  let text = ""
  for await (const part of stdout ?? []) {
    text += String(part)
    if (text.includes("\nEND\n")) return text
  }
  throw new Error(`it ended after ${text}`)
}

describe.concurrent("npm run wire", () => {
  test.each(isLong ? ["aws", "gcp", "azure"] : ["aws"])(
    `%s: a cluster of five goes up and down as pasted, and the command line finds nothing left${OTHERS}`,
    async (cloud) => {
      const wire = start(cloud)
      try {
        const text = await printed(wire)
        const exports = [...text.matchAll(/^ {4}(export .*)$/gm)].map(([, line = ""]) => line)
        const [, list = ""] = /^ {4}(npm run --silent muster .*)$/m.exec(text) ?? []
        const [program = ""] = /^node test\/tools\/run\.mjs - <<'END'\n[\s\S]*?^END$/m.exec(text) ?? []
        const pasted = [...exports, program, list].join("\n")
        const { stdout } = await promisify(execFile)("sh", ["-ec", pasted], {
          cwd: ROOT,
          env: { ...process.env, CI: "1" },
        })
        expect(stdout).toMatch(/^5 run: (\S+ ?){5}$/m)
        expect(stdout).toMatch(/^5 ended, 0 left$/m)
        const [, certificate] = /NODE_EXTRA_CA_CERTS=(.*)/.exec(text) ?? []
        expect(certificate === undefined || existsSync(certificate)).toBe(true)
        wire.kill("SIGINT")
        expect(await once(wire, "exit")).toEqual([0, null])
        expect(certificate !== undefined && existsSync(certificate)).toBe(false)
      } finally {
        wire.kill("SIGKILL")
      }
    },
    PATIENCE_MS,
  )

  test("an unknown cloud or scenario is refused, with those there are", async () => {
    for (const [words, said] of [
      [["ibm"], 'the cloud: is "ibm"; use one of aws, gcp, azure'],
      [["aws", "--scenario", "bad"], '--scenario: is "bad"; use one of calm-day, '],
    ] as const) {
      const wire = start(...words)
      const complained = String((await once(wire.stderr as NonNullable<typeof wire.stderr>, "data"))[0])
      expect(complained).toContain(said)
      expect(await once(wire, "exit")).toEqual([1, null])
    }
  })
})
