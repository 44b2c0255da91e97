/** Asks a person. */
import type { Readable, Writable } from "node:stream"

/** True only for a plain yes: who ends the input instead (Ctrl-D) has not said it. */
export async function askAtTerminal(question: string, input: Readable, output: Writable): Promise<boolean> {
  const { createInterface } = await import("node:readline/promises")
  const terminal = createInterface({ input, output })
  // At a terminal readline takes Ctrl-C for itself, and the process would hear nothing of it.
  terminal.once("SIGINT", () => void process.kill(process.pid, "SIGINT"))
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")))
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
