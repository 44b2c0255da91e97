/** Asks a person. */
import type { Readable, Writable } from "node:stream"

/** True only for a plain yes: who ends the input instead (Ctrl-D) has not said it. */
export async function askAtTerminal(question: string, input: Readable, output: Writable): Promise<boolean> {
  const answer = await promptAtTerminal(`${question} [y/N] `, input, output)
  return /^y(es)?$/i.test((answer ?? "").trim())
}

/** What is typed; undefined when the input is ended instead. */
export async function promptAtTerminal(
  question: string,
  input: Readable,
  output: Writable,
): Promise<string | undefined> {
  const { createInterface } = await import("node:readline/promises")
  const terminal = createInterface({ input, output })
  // At a terminal readline takes Ctrl-C for itself, and the process would hear nothing of it.
  terminal.once("SIGINT", () => void process.kill(process.pid, "SIGINT"))
  const closed = new Promise<undefined>((resolve) => terminal.once("close", () => resolve(undefined)))
  try {
    return await Promise.race([terminal.question(question), closed])
  } finally {
    terminal.close()
  }
}
