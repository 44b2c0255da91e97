/**
 * The adapters are held to every recording in this folder: a report that `muster doctor --live` has written. The walk over what was
 * recorded comes to the same verdicts, and asks for nothing else. A user's report is tried by being put here.
 */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { isLong, LONG } from "../support/long.js"
import { readReport } from "../../src/doctor/report/files.js"
import { played } from "./play.js"

const FOLDER = fileURLToPath(new URL(".", import.meta.url))
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".json"))

test("there is one of each cloud that is asked over HTTP", () => {
  for (const cloud of ["aws", "gcp", "azure"])
    expect(
      FILES.some((name) => name.includes(cloud)),
      cloud,
    ).toBe(true)
})

describe.each(isLong ? FILES : FILES.filter((name) => name.startsWith("gcp")))(
  `%s${isLong ? "" : ` (the others: ${LONG})`}`,
  (file) => {
    test("comes to the verdicts that are in it, and nothing else is asked", async () => {
      const report = await readReport(join(FOLDER, file), "the recording")
      const { outcome, unknown } = await played(report)
      expect(unknown.slice(0, 3)).toEqual([])
      const verdicts = (all: readonly { readonly id: string; readonly verdict: string }[]) =>
        Object.fromEntries(all.map(({ id, verdict }) => [id, verdict]))
      const recorded = verdicts(report.assumptions)
      const known = outcome.assumptions.filter(({ id }) => id in recorded)
      expect(verdicts(known), JSON.stringify(outcome.problems)).toEqual(recorded)
      expect(outcome.left.length).toBe(report.left.length)
    })
  },
)
