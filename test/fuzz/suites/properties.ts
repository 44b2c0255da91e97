/** Properties: every test that states something for all values, with values of another seed. */
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import type { Counts, FuzzSuite } from "../suite.js"

/** `npm run` makes it the repository's root. */
const ROOT = process.cwd()
const SUPPORT = "support/property.js"

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

async function sweep(seed: number): Promise<Counts> {
  const files = readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts") && readFileSync(join(ROOT, "test", file), "utf8").includes(SUPPORT))
    .map((file) => join("test", file))
  const vitest = [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", "--reporter=json", ...files]
  const child = spawn(process.execPath, vitest, {
    cwd: ROOT,
    env: { ...process.env, MUSTER_SEED: String(seed) },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const said = await text(child.stdout)
  // Tests may print as well; the report is the last line.
  const report = JSON.parse(said.trim().split("\n").at(-1) ?? "") as Report
  const problems = report.testResults.flatMap(({ message, assertionResults }) => [
    ...(message === "" ? [] : [message]),
    ...assertionResults.flatMap(({ fullName, status, failureMessages }) =>
      status === "failed" ? [`${fullName}: ${failureMessages.join("\n")}`] : [],
    ),
  ])
  if (problems.length > 0) throw new Error(problems.join("\n"))
  return { files: files.length, tests: report.numPassedTests }
}

export const properties: FuzzSuite = {
  name: "properties",
  about: "what tests state for all values holds for those of any seed",
  testRuns: 0,
  ciRuns: 4,
  run: sweep,
}
