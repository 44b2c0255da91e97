/** Bundler: the process that bundles modules. It is there while modules are asked for, and ends with the last answer. */
import type * as ChildProcess from "node:child_process"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { realTimer } from "../../calls/timers.js"
import type { Rolled } from "./roll.js"

export interface Question {
  readonly number: number
  readonly path: string
}

export interface Answer {
  readonly number: number
  readonly rolled?: Rolled
  readonly problem?: { readonly message: string; readonly stack?: string }
}

/** Large modules take seconds; one that takes this long never ends. */
const MOST_MS = 300_000
/** Of what it writes when it breaks, the last that an error shows. */
const TAIL = 2000

type Settle = (given: Omit<Answer, "number">) => void

interface Bundler {
  readonly child: ChildProcess.ChildProcess
  readonly open: Map<number, Settle>
}

let current: Bundler | undefined
let questions = 0

/** @throws Error in the bundler's words, and when its process breaks or has no answer within five minutes. */
export async function roll(path: string): Promise<Rolled> {
  current ??= begun()
  const bundler = current
  questions += 1
  const number = questions
  const { rolled, problem } = await answerTo(bundler, { number, path })
  if (rolled !== undefined) return rolled
  const error = new Error(problem?.message)
  if (problem?.stack !== undefined) error.stack = problem.stack
  throw error
}

function answerTo({ child, open }: Bundler, question: Question): Promise<Omit<Answer, "number">> {
  return new Promise((resolve) => {
    const cancel = realTimer(MOST_MS, () => {
      child.kill("SIGKILL")
      settle({ problem: { message: `it was not done within ${MOST_MS / 1000} s` } })
    })
    const settle: Settle = (given) => {
      cancel()
      resolve(given)
    }
    open.set(question.number, settle)
    // One that has just ended tells so by its exit.
    child.send(question, () => {})
  })
}

function begun(): Bundler {
  // Loaded here because it loads sockets, which a program without modules for workers does not need.
  const { fork } = createRequire(import.meta.url)("node:child_process") as typeof ChildProcess
  const child = fork(program(), { execArgv: [], serialization: "advanced", stdio: ["ignore", "ignore", "pipe", "ipc"] })
  const bundler: Bundler = { child, open: new Map() }
  const letGo = () => {
    if (current === bundler) current = undefined
  }
  child.on("message", ({ number, ...given }: Answer) => {
    bundler.open.get(number)?.(given)
    bundler.open.delete(number)
    if (bundler.open.size > 0) return
    letGo()
    if (child.connected) child.disconnect()
  })
  let tail = ""
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-TAIL)
  })
  const broken = (why: string) => {
    letGo()
    const message = `its process ${why}${tail.trim() === "" ? "" : `: ${tail.trim()}`}`
    for (const settle of bundler.open.values()) settle({ problem: { message } })
    bundler.open.clear()
  }
  child.on("error", ({ message }) => broken(`could not be started: ${message}`))
  child.on("close", (code, signal) =>
    broken(`ended with ${signal === null ? `exit code ${code}` : `signal ${signal}`}`),
  )
  return bundler
}

/** Beside the sources it is TypeScript, which `prepare` of the tests has made a program of. */
function program(): string {
  const isSource = import.meta.url.endsWith(".ts")
  return fileURLToPath(
    new URL(isSource ? "../../../.cache/js/src/work/bundle/program.js" : "./program.js", import.meta.url),
  )
}
