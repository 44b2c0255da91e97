/** A bad day, tried before it is paid for: npm run rehearse -- spot-storm --workers 1000 --out storm.svg */
import { writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { ClusterSpec } from "muster-vms"
import { rehearse, type ScenarioName, scenarios } from "muster-vms/simulator"

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workers: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    duration: { type: "string", default: "30m" },
    out: { type: "string" },
  },
})
const scenario = (positionals[0] ?? "calm-day") as ScenarioName
const spec: ClusterSpec = {
  provider: "aws",
  region: ["eu-west-2", "eu-west-1"],
  instanceType: ["m7g.large", "c7g.large"],
  market: "spot-with-fallback",
}
try {
  const options = { workers: Number(values.workers), seed: Number(values.seed), duration: values.duration as "30m" }
  const { report, svg } = await rehearse(spec, scenario, options)
  const file = values.out ?? join(tmpdir(), `muster-${scenario}.svg`)
  await writeFile(file, svg)
  console.log(`${report}\n\n  picture: ${file}`)
} catch (error) {
  const names = Object.entries(scenarios).map(([name, { story }]) => `  ${name.padEnd(16)}${story}`)
  console.error(`${error instanceof Error ? error.message : String(error)}\n\nscenarios:\n${names.join("\n")}`)
  process.exitCode = 1
}
