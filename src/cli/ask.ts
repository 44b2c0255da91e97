/** The person at the terminal: who is asked, and to whom another program is given. */
import { spawn } from "node:child_process"
import { constants } from "node:os"
import type { Readable, Writable } from "node:stream"
import { SpecError } from "../errors.js"

/** True only for a plain yes: who ends the input instead (Ctrl-D) has not said it. */
export async function askAtTerminal(question: string, input: Readable, output: Writable): Promise<boolean> {
  const answer = await promptAtTerminal(`${question} [y/N] `, input, output)
  return /^y(es)?$/i.test((answer ?? "").trim())
}

/**
 * What is typed; undefined when the input is ended instead.
 *
 * @param hangUp aborted when the terminal is closed: not every input ends then.
 */
export async function promptAtTerminal(
  question: string,
  input: Readable,
  output: Writable,
  hangUp?: AbortSignal,
): Promise<string | undefined> {
  const { createInterface } = await import("node:readline/promises")
  const terminal = createInterface({ input, output })
  // At a terminal readline takes Ctrl-C for itself, and the process would hear nothing of it.
  terminal.once("SIGINT", () => void process.kill(process.pid, "SIGINT"))
  const closed = new Promise<undefined>((resolve) => {
    terminal.once("close", () => resolve(undefined))
    // A terminal that is closed takes no settings back.
    terminal.on("error", () => resolve(undefined))
    hangUp?.addEventListener("abort", () => resolve(undefined))
  })
  try {
    return await Promise.race([terminal.question(question), closed])
  } finally {
    terminal.close()
  }
}

/**
 * Runs a program with this process's terminal, or what stands for it. Ctrl-C at the terminal is the program's; SIGTERM and SIGHUP are
 * passed on.
 *
 * @param interrupts hears of the next signal to this process.
 * @returns its exit code; 128 and the signal's number where a signal ended it.
 */
export function runAtTerminal(words: readonly string[], interrupts: () => AbortSignal): Promise<number> {
  const [program = "", ...args] = words
  const child = spawn(program, args, { stdio: "inherit" })
  const hear = () => {
    const signal = interrupts()
    signal.addEventListener("abort", () => {
      const heard = (signal.reason as { signal?: NodeJS.Signals }).signal
      if (heard === "SIGTERM" || heard === "SIGHUP") child.kill(heard)
      hear()
    })
  }
  hear()
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const message = "is not on this machine; install it (OpenSSH's client: openssh-client, openssh-clients)"
      reject(error.code === "ENOENT" ? new SpecError([{ option: program, message }]) : error)
    })
    child.once("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGTERM"]))
  })
}
