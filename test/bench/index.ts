/**
 * `npm run bench -- [suite …] [--runs n] [--json]`: measures and prints, and asserts nothing. All suites when none is
 * named: the files in `suites/`. With `--show-raw` it prints the scripts that they are measured against instead.
 */
import { readdirSync, readFileSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { parseArgs } from "node:util"
import type { Row, Suite, SuiteOptions } from "./suite.js"
import { tableOf } from "./table.js"

const DEFAULT_RUNS = 20

const known = readdirSync(new URL("./suites", import.meta.url))
  .filter((file) => file.endsWith(".js"))
  .map((file) => file.slice(0, -".js".length))

interface Arguments {
  readonly names: readonly string[]
  readonly runs: number
  readonly json: boolean
  readonly showRaw: boolean
}

function readArguments(): Arguments {
  const options = { runs: { type: "string" }, json: { type: "boolean" }, "show-raw": { type: "boolean" } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const runs = Number(values.runs ?? DEFAULT_RUNS)
  if (!(Number.isInteger(runs) && runs >= 1)) {
    throw new Error(`--runs: is "${values.runs ?? ""}"; use a whole number from 1 on`)
  }
  const unknown = positionals.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no such suite: ${unknown.join(", ")}; there is ${known.join(", ")}`)
  const names = positionals.length > 0 ? positionals : known
  return { names, runs, json: values.json ?? false, showRaw: values["show-raw"] ?? false }
}

/** Numbers of one machine say nothing of another. */
function machine(): string {
  const model = cpus()[0]?.model ?? "unknown processor"
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} × ${model}`
}

async function load(name: string): Promise<Suite> {
  const { suite } = (await import(new URL(`./suites/${name}.js`, import.meta.url).href)) as { suite: Suite }
  return suite
}

async function measure(name: string, options: SuiteOptions): Promise<{ title: string; rows: readonly Row[] }> {
  const suite = await load(name)
  return { title: suite.title, rows: await suite.measure(options) }
}

async function printRaw(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { rawSource } = await load(name)
    if (rawSource !== undefined) console.log(readFileSync(rawSource, "utf8").trimEnd())
  }
}

async function run(): Promise<void> {
  const { names, runs, json, showRaw } = readArguments()
  if (showRaw) {
    await printRaw(names)
    return
  }
  const say = (text: string) => void process.stderr.write(`${text} …\n`)
  const results: Record<string, { title: string; rows: readonly Row[] }> = {}
  for (const name of names) results[name] = await measure(name, { runs, say })
  if (json) {
    console.log(JSON.stringify({ machine: machine(), suites: results }, undefined, 2))
    return
  }
  console.log(machine())
  for (const { title, rows } of Object.values(results)) console.log(`\n${title}\n${tableOf(rows)}`)
}

await run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
