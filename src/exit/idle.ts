/** Idle: a process that only its open clusters keep alive. */
import { fstatSync } from "node:fs"
import { isatty } from "node:tty"
import { countBusy, countTimers, meanwhile } from "../calls/timers.js"
import type { OpenCluster } from "./open-cluster.js"
import { printLine } from "./stderr.js"

const POLL_MS = 500
/** A program may pause between two of its steps. After this long without work it counts as idle. */
const IDLE_MS = 10_000

/** Who stays on purpose, until told otherwise: there is nothing to explain. */
let staying = 0

/** @returns what ends it. */
export function stayOnPurpose(): () => void {
  staying += 1
  return () => {
    staying -= 1
  }
}

/**
 * Prints once why the process stays alive, when only open clusters have kept it alive for ten seconds.
 *
 * @param pollMs the time between two checks, in milliseconds: all checks of ten seconds must find nothing else.
 * @returns a function that stops the checks.
 */
export function watchIdle(open: ReadonlySet<OpenCluster>, pollMs = POLL_MS): () => void {
  let idlePolls = 0
  const poll = () => {
    if (staying > 0 || [...open].some((cluster) => cluster.hasPendingCalls())) idlePolls = 0
    // A cluster's own requests keep the process alive too: such a moment shows nothing.
    else if (countBusy() === 0) idlePolls = isKeptByOthers() ? 0 : idlePolls + 1
    if (idlePolls < IDLE_MS / POLL_MS) return
    stop()
    printLine(reasonOf([...open]))
  }
  const stop = meanwhile(pollMs, poll)
  return stop
}

/** Whether a resource that is no cluster's keeps the process alive, by the names of Node. Requests for files are ignored. */
function isKeptByOthers(): boolean {
  const left = process.getActiveResourcesInfo().filter((kind) => !kind.startsWith("FSReq"))
  const own = [...Array.from({ length: countTimers() }, () => "Timeout"), ...OUTPUTS.flatMap(outputKind)]
  for (const kind of own) {
    const at = left.indexOf(kind)
    if (at >= 0) left.splice(at, 1)
  }
  return left.length > 0
}

/** Standard output and standard error: Node lists them, although they do not keep a process alive. */
const OUTPUTS = [1, 2] as const

function outputKind(descriptor: (typeof OUTPUTS)[number]): readonly string[] {
  if (isatty(descriptor)) return ["TTYWrap"]
  const kind = fstatSync(descriptor)
  return kind.isFIFO() || kind.isSocket() ? ["PipeWrap"] : []
}

function reasonOf(open: readonly OpenCluster[]): string {
  const names = open.map(({ name }) => `"${name}"`).join(", ")
  const [them, close] = open.length === 1 ? ["it is", "it"] : ["they are", "them"]
  return (
    `this process has nothing left to do, and stays because ${names} ${open.length === 1 ? "is" : "are"} open: ` +
    `${them} kept at the target. End ${close} with "await cluster.close()", or let go with "await cluster.detach()"`
  )
}
