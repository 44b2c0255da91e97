/** Shards: a test suite in parts on three workers, and one report of all. Run it: node test/tools/run.mjs examples/shards.ts */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { runJob } from "muster-vms"

// Yours: a project with its tests, and `setup: "npm ci"`.
const vitest = dirname(createRequire(import.meta.url).resolve("vitest/package.json"))
const project = mkdtempSync(join(tmpdir(), "muster-shards-"))
symlinkSync(dirname(vitest), join(project, "node_modules"))
for (let at = 1; at <= 6; at += 1) {
  const test = `import { expect, test } from "vitest"\ntest("adds", () => expect(${at} + 1).toBe(${at + 1}))\n`
  writeFileSync(join(project, `sum-${at}.test.js`), test)
}
const reports = join(project, "reports")
mkdirSync(reports)

// On a cloud `files` brings the project; these workers are of this machine, and use it where it is.
const shard = (part: number) =>
  `cd '${project}' && node '${vitest}/vitest.mjs' run --shard=${part}/3 --reporter=blob --outputFile="$MUSTER_OUTPUT/blob-${part}.json"`
const job = runJob({ provider: "local" }, { workers: 3, inputs: [1, 2, 3], work: { command: shard }, outputs: reports })
try {
  for await (const { index } of job) console.log(`shard ${index + 1} of 3`)
  const merge = [join(vitest, "vitest.mjs"), "--mergeReports=reports", "--reporter=json"]
  const report = execFileSync(process.execPath, merge, { cwd: project, stdio: ["ignore", "pipe", "ignore"] })
  const { numPassedTests, numTotalTests } = JSON.parse(report.toString()) as Record<string, number>
  console.log(`${numPassedTests} of ${numTotalTests} tests passed`)
} finally {
  rmSync(project, { recursive: true })
}
