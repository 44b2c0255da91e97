#!/usr/bin/env node
/** `muster`: the process around a command line. What a verb does is loaded when it is used. */
import { createRequire } from "node:module"
import { systemClock } from "../calls/clock.js"
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

// `muster list | head -1`: whoever has read enough is no failure, and what is being changed is changed to its end.
const unread = new AbortController()
stdout.on("error", () => unread.abort())
stderr.on("error", () => {})

async function ask(question: string): Promise<boolean> {
  const { askAtTerminal } = await import("./ask.js")
  return askAtTerminal(question, stdin, stderr)
}

process.exitCode = await run(process.argv.slice(2), {
  env,
  version,
  clock: systemClock,
  load: async (...place) => (await import("../registry.js")).loadProvider(...place),
  out: (text) => {
    if (!unread.signal.aborted) stdout.write(text)
  },
  say: (text) => void stderr.write(text),
  // A pipeline or a CI job has nobody who could answer.
  ask: stdin.isTTY && stderr.isTTY && !env.CI ? ask : undefined,
  ...(stdout.isTTY ? { columns: stdout.columns } : {}),
  unread: unread.signal,
})
