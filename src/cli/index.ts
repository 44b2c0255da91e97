#!/usr/bin/env node
/** `muster`: the process around a command line. What a verb does is loaded when it is used. */
import { createRequire } from "node:module"
import { systemClock } from "../calls/clock.js"
import { EXIT, InterruptedError } from "./exit-codes.js"
import { run } from "./run.js"

const { version } = createRequire(import.meta.url)("muster-vms/package.json") as { readonly version: string }
const { stdin, stdout, stderr, env } = process

let pending: AbortController | undefined
let last = () => ""
const hangUp = new AbortController()

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => hear(signal))

// A terminal that is closed says so once or twice, by the kernel and by its shell: the second is nobody's wish to end at once.
process.on("SIGHUP", () => {
  if (hangUp.signal.aborted) return
  hangUp.abort()
  if (pending?.signal.aborted !== true) hear("SIGHUP")
})

function hear(signal: InterruptedError["signal"]): void {
  if (pending !== undefined && !pending.signal.aborted) {
    pending.abort(new InterruptedError(signal))
    return
  }
  stderr.write(pending === undefined ? `muster: ${signal}: stopped; what was told to end goes on ending\n` : last())
  process.exit(EXIT[signal])
}

function interrupts(said = () => ""): AbortSignal {
  pending = new AbortController()
  last = said
  if (hangUp.signal.aborted) pending.abort(new InterruptedError("SIGHUP"))
  return pending.signal
}

// `muster list | head -1`: a reader that closes the pipe early is no failure. A change that has begun is still completed.
const unread = new AbortController()
stdout.on("error", () => unread.abort())
stderr.on("error", () => {})

// A pipeline or a CI job has no user who could answer.
const isAsked = stdin.isTTY && stderr.isTTY && !env.CI

async function ask(question: string): Promise<boolean> {
  return (await import("./ask.js")).askAtTerminal(question, stdin, stderr)
}

async function prompt(question: string): Promise<string | undefined> {
  return (await import("./ask.js")).promptAtTerminal(question, stdin, stderr, hangUp.signal)
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
  write: async (...piece) => (await import("./reader.js")).writeBytes(...piece, unread.signal),
  ask: isAsked ? ask : undefined,
  ...(isAsked ? { prompt } : {}),
  ...(stdout.isTTY ? { columns: stdout.columns } : {}),
  terminal: async (words) => (await import("./ask.js")).runAtTerminal(words, interrupts),
  input: stdin,
  progress: stderr,
  unread: unread.signal,
  watchReader: async () => (await import("./reader.js")).watchReader(() => unread.abort()),
  interrupts,
})
