/** Idle: a process that only its open clusters keep alive. */
import { fstatSync } from "node:fs"
import { isatty } from "node:tty"
import { countBusy, countTimers, meanwhile } from "../calls/timers.js"
import type { OpenCluster } from "./open-cluster.js"
import { say } from "./stderr.js"

const LOOK_MS = 500
/** Whoever hands over from one part of a program to the next is not idle; a person who waits for a prompt waits so long. */
const IDLE_MS = 10_000

/**
 * Says once why the process stays, when nothing but open clusters has kept it for ten seconds; the returned function ends that.
 *
 * @param lookMs how often it looks: as many looks as ten seconds have must find nothing else.
 */
export function watchIdle(open: ReadonlySet<OpenCluster>, lookMs = LOOK_MS): () => void {
  let idleLooks = 0
  const look = () => {
    if ([...open].some((cluster) => cluster.isAsked())) idleLooks = 0
    // What a cluster asks the cloud for keeps the process too: this moment shows nothing.
    else if (countBusy() === 0) idleLooks = isKeptByOthers() ? 0 : idleLooks + 1
    if (idleLooks < IDLE_MS / LOOK_MS) return
    stop()
    say(reasonOf([...open]))
  }
  const stop = meanwhile(lookMs, look)
  return stop
}

/** As node names what keeps a process alive; requests for files come and go, a cluster's own among them. */
function isKeptByOthers(): boolean {
  const left = process.getActiveResourcesInfo().filter((kind) => !kind.startsWith("FSReq"))
  const own = [...Array.from({ length: countTimers() }, () => "Timeout"), ...OUTPUTS.flatMap(outputKind)]
  for (const kind of own) {
    const at = left.indexOf(kind)
    if (at >= 0) left.splice(at, 1)
  }
  return left.length > 0
}

/** Standard output and standard error: what they are is listed, although it keeps nothing alive. */
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
