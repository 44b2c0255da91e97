/** On exit: signals and uncaught exceptions close the open clusters before the process ends. */
import { type Clock, systemClock } from "../calls/clock.js"
import { OwnershipError } from "../errors.js"
import type { Receipt } from "../fleet/reports/receipt-types.js"
import type { EndRequest } from "./ender.js"
import { handOver, handOverNow } from "./hand-over.js"
import { printLine, printText } from "./stderr.js"

/** A cluster that wants to be closed when the process ends. */
export interface Closable {
  readonly name: string
  /** A text for how many instances there are to end. */
  readonly size: () => string
  /** The command that lists the cluster's remaining instances. */
  readonly listCommand: () => string
  readonly close: (timeoutMs: number) => Promise<Receipt>
  /** The requests that let another process end the instances; places whose provider it cannot make are in `unreachable`. */
  readonly requests: () => Requests
  /** Whether the cluster may have resources in a cloud. */
  readonly mayHaveResources: () => boolean
  /** A text for what keeps running when this process ends, and how to end it; undefined: nothing does. */
  readonly leftRunning: () => string | undefined
}

interface Requests {
  readonly requests: readonly EndRequest[]
  readonly unreachable: readonly string[]
}

/** As long as a person waits after Ctrl-C. The terminate calls go out at once; the remaining time is for confirming. */
const CLOSE_MS = 60_000

/** As shells count: 128 and the number of the signal. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type Signal = keyof typeof CODES
const SIGNALS = Object.keys(CODES) as readonly Signal[]
const UNCAUGHT_CODE = 1

const open = new Set<Closable>()
let isEnding = false
/** The open clusters are closed or handed over. */
let isDone = false

/** Closes the cluster when the process is asked to end; the returned function cancels that. */
export function closeOnExit(cluster: Closable): () => void {
  if (open.size === 0) listen()
  open.add(cluster)
  return () => {
    open.delete(cluster)
    // While the process ends, a further signal must still be handled.
    if (open.size === 0 && !isEnding) unlisten()
  }
}

function listen(): void {
  for (const signal of SIGNALS) process.on(signal, onSignal)
  process.on("uncaughtException", onException)
  process.on("exit", onExit)
}

function unlisten(): void {
  for (const signal of SIGNALS) process.off(signal, onSignal)
  process.off("uncaughtException", onException)
  process.off("exit", onExit)
}

function onSignal(signal: Signal): void {
  if (isEnding) void endNow(CODES[signal])
  else void end(signal, CODES[signal])
}

/** An unhandled rejection arrives here as well. */
function onException(error: unknown): void {
  printText(error instanceof Error ? (error.stack ?? String(error)) : String(error))
  if (!isEnding) void end("an exception that nobody caught", UNCAUGHT_CODE)
}

async function end(why: string, code: number): Promise<void> {
  isEnding = true
  const seen = new Set<Closable>()
  const left: Closable[] = []
  // A cluster that was being made meanwhile may have launched something by the time that the others are closed.
  for (let closing = [...open]; closing.length > 0; closing = [...open].filter((cluster) => !seen.has(cluster))) {
    for (const { name, size } of closing) {
      printLine(
        `${why}: closing "${name}", ${size()}, within ${CLOSE_MS / 1000} s; once more to leave it to a process of its own`,
      )
    }
    for (const cluster of closing) seen.add(cluster)
    const closed = await Promise.all(closing.map((cluster) => closeOne(cluster, systemClock)))
    left.push(...closing.filter((_, index) => closed[index] === false))
  }
  await handOverAll(left)
  isDone = true
  process.exit(code)
}

/** The program calls `process.exit` with open clusters: nothing can be awaited here. */
function onExit(): void {
  if (isDone) return
  for (const cluster of open) {
    if (!cluster.mayHaveResources()) continue
    const { requests, unreachable } = cluster.requests()
    const leftRunning = cluster.leftRunning()
    // Instances that no other process can end are reported as running.
    if (unreachable.length > 0 && leftRunning !== undefined) printLine(`process.exit: ${leftRunning}`)
    if (requests.length === 0) continue
    try {
      reportHandOver(handOverNow(requests), requests, cluster.listCommand())
    } catch (error) {
      printLine(
        `process.exit: ${error instanceof Error ? error.message : String(error)}${leftRunning === undefined ? "" : `; ${leftRunning}`}`,
      )
    }
  }
}

/** False when instances may remain that this process owns. */
async function closeOne({ name, listCommand, close }: Closable, clock: Clock): Promise<boolean> {
  let cancel = () => {}
  const late = new Promise<never>((_resolve, reject) => {
    // A close that was under way has its own deadline, which may be later.
    const error = new Error(`closing "${name}": not confirmed within ${CLOSE_MS / 1000} s; look: ${listCommand()}`)
    cancel = clock.timer(CLOSE_MS, () => reject(error))
  })
  try {
    const { instances } = await Promise.race([close(CLOSE_MS), late])
    printLine(`"${name}" is closed, ${instances.length} instances are gone`)
    return true
  } catch (error) {
    printLine(`${error instanceof Error ? error.message : String(error)}`)
    return error instanceof OwnershipError
  } finally {
    cancel()
  }
}

async function endNow(code: number): Promise<void> {
  await handOverAll([...open])
  isDone = true
  process.exit(code)
}

/** Hands the instances that are not confirmed ended to a process that outlives this one. */
async function handOverAll(clusters: readonly Closable[]): Promise<void> {
  const parts = clusters.map((cluster) => cluster.requests())
  const unreachable = parts.flatMap((one) => one.unreachable)
  if (unreachable.length > 0) {
    const places = unreachable.join(", ")
    printLine(`${places}: another process cannot make this provider; its terminate calls went out at the first signal`)
  }
  const requests = parts.flatMap((one) => one.requests)
  if (requests.length === 0) return
  const commands = new Set(clusters.map((cluster) => cluster.listCommand()))
  reportHandOver(await handOver(requests), requests, [...commands].join(" && "))
}

function reportHandOver(pid: number, requests: readonly EndRequest[], listCommand: string): void {
  const count = requests.reduce((sum, { instances }) => sum + instances.length, 0)
  const launches = requests.reduce((sum, request) => sum + request.launches.length, 0)
  const coming = launches === 0 ? "" : `, and what ${launches} launch calls on their way may still make`
  printLine(`process ${pid} goes on ending ${count} instances${coming}; look: ${listCommand}`)
}
