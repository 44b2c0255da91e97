#!/usr/bin/env node
/** `muster`: for the moment of need. It reads tags, and this machine's launch journals: no spec, no memory. */
import { createRequire } from "node:module"
import { systemClock } from "../calls/clock.js"
import { loadProvider } from "../registry.js"
import { askAtTerminal } from "./ask.js"
import { EXIT } from "./exit-codes.js"
import { run } from "./run.js"

const { version } = createRequire(import.meta.url)("muster-vms/package.json") as { readonly version: string }
const { stdin, stdout, stderr, env } = process

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    stderr.write(`muster: ${signal}: stopped; what was told to end goes on ending\n`)
    process.exit(EXIT[signal])
  })
}

process.exitCode = await run(process.argv.slice(2), {
  env,
  version,
  clock: systemClock,
  load: loadProvider,
  out: (text) => void stdout.write(text),
  say: (text) => void stderr.write(text),
  // A pipeline or a CI job has nobody who could answer.
  ask: stdin.isTTY && stderr.isTTY && !env.CI ? (question) => askAtTerminal(question, stdin, stderr) : undefined,
})
