/** Command: a demand that a command of this machine prints. */
import { spawn } from "node:child_process"
import type { Readable } from "node:stream"
import { type Clock, fullTurn } from "../calls/clock.js"
import { MusterError } from "../errors.js"
import { show } from "../input/parse.js"
import { plainLines } from "../text.js"
import type { Demand, DemandCommand } from "./types.js"

/** More than a demand has, and enough of what a command says when it fails. */
const MOST_LENGTH = 16 * 1024
const MOST_TOLD = 500
/** Looks into its pipes after its end: more than what they hold. */
const MOST_TURNS = 100

/**
 * A demand that runs a command at each reading. It prints a number, or an object of JSON with `workers` and `seconds`. When nobody waits
 * for it any more, it is ended with all that it has begun.
 */
export function commandDemand({ command }: Pick<DemandCommand, "command">, clock: Clock): Demand {
  return async ({ signal }) => {
    const printed = await clock.busy("running the demand's command", outputOf(command, signal))
    // What it is worth is judged where every answer is.
    return answerIn(printed.trim()) as number
  }
}

function answerIn(printed: string): unknown {
  try {
    return JSON.parse(printed)
  } catch (cause) {
    const message = `its command printed ${show(printed.slice(0, MOST_TOLD))}; print a number, or {"workers": 3, "seconds": 240}`
    throw new MusterError(message, { cause })
  }
}

/** What the command has printed. @throws MusterError with its exit code, and the end of what it wrote to its standard error. */
function outputOf(command: DemandCommand["command"], signal: AbortSignal): Promise<string> {
  const [program = "", ...args] = typeof command === "string" ? ["/bin/sh", "-c", command] : command
  return new Promise((resolve, reject) => {
    // A group of its own: what ends the command ends what it started.
    const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] })
    const text = textOf(child)
    const end = () => {
      endGroup(child.pid)
      // Who has left the group may hold these open.
      text.leave()
    }
    signal.addEventListener("abort", end, { once: true })
    child.once("error", (cause) => {
      signal.removeEventListener("abort", end)
      reject(new MusterError(`its command could not be run: ${cause.message}`, { cause }))
    })
    child.once("exit", () => void text.untilRead().then(text.leave))
    child.once("close", (code, by) => {
      signal.removeEventListener("abort", end)
      if (code === 0) resolve(text.printed())
      else {
        const how = code === null ? `was ended by ${by}` : `ended with exit code ${code}`
        reject(new MusterError(failureText(how, text.said())))
      }
    })
  })
}

/** What a process writes. There are no pipes where this process has no file left to open: an error follows then. */
function textOf({ stdout, stderr }: { readonly stdout?: Readable; readonly stderr?: Readable }) {
  let [printed, said, pieces] = ["", "", 0]
  stdout?.setEncoding("utf8").on("data", (text: string) => {
    printed = (printed + text).slice(0, MOST_LENGTH)
    pieces += 1
  })
  stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-MOST_TOLD)
    pieces += 1
  })
  return {
    printed: () => printed,
    said: () => said,
    leave: () => {
      stdout?.destroy()
      stderr?.destroy()
    },
    /** What it wrote before its end is in its pipes then. What it left running may hold them for ever, and write on. */
    untilRead: async () => {
      for (let turn = 0, before = -1; turn < MOST_TURNS && before !== pieces; turn += 1) {
        before = pieces
        await fullTurn()
      }
    },
  }
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL")
  } catch {
    // All of it has ended.
  }
}

function failureText(how: string, said: string): string {
  const words = plainLines(said.trim())
  return `its command ${how}${words === "" ? "" : `: ${words}`}`
}
