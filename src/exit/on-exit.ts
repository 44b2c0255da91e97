/** On exit: signals and exceptions close what is open before the process ends. */
import { type Clock, systemClock } from "../calls/clock.js"
import { OwnershipError } from "../errors.js"
import type { Receipt } from "../fleet/reports/receipt-types.js"
import type { EndRequest } from "./ender.js"
import { handOver, handOverNow } from "./hand-over.js"
import { say, write } from "./stderr.js"

/** A cluster that wants to be closed when the process ends. */
export interface Closable {
  readonly name: string
  /** How many instances there are to end, in words. */
  readonly size: () => string
  /** The command that shows what is left. */
  readonly look: () => string
  readonly close: (timeoutMs: number) => Promise<Receipt>
  /** What another process must know to end them; a place that it could not reach is left out, and named. */
  readonly requests: () => Requests
  /** There may be something of it in a cloud. */
  readonly hasMade: () => boolean
  /** What goes on when this process ends, and how to end it; undefined: nothing does. */
  readonly goesOn: () => string | undefined
}

interface Requests {
  readonly requests: readonly EndRequest[]
  readonly unreachable: readonly string[]
}

/** As long as a person waits after Ctrl-C. The terminate calls go out in the first moment of it; the rest is confirming. */
const CLOSE_MS = 60_000

/** As shells count: 128 and the number of the signal. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type Signal = keyof typeof CODES
const SIGNALS = Object.keys(CODES) as readonly Signal[]
const UNCAUGHT_CODE = 1

const open = new Set<Closable>()
let isEnding = false
/** Nothing more is to be done for those that are open. */
let isLeft = false

/** Closes it when the process is told to end; the returned function takes that back. */
export function closeOnExit(cluster: Closable): () => void {
  if (open.size === 0) listen()
  open.add(cluster)
  return () => {
    open.delete(cluster)
    // While the process ends a further signal must still be heard.
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
  if (isEnding) void leave(CODES[signal])
  else void end(signal, CODES[signal])
}

/** Also what a rejected promise that nobody awaited becomes. */
function onException(error: unknown): void {
  write(error instanceof Error ? (error.stack ?? String(error)) : String(error))
  if (!isEnding) void end("an exception that nobody caught", UNCAUGHT_CODE)
}

async function end(why: string, code: number): Promise<void> {
  isEnding = true
  const closing = [...open]
  for (const { name, size } of closing) {
    say(
      `${why}: closing "${name}", ${size()}, within ${CLOSE_MS / 1000} s; once more to leave it to a process of its own`,
    )
  }
  const closed = await Promise.all(closing.map((cluster) => closeOne(cluster, systemClock)))
  await leaveTo(closing.filter((_, index) => closed[index] === false))
  isLeft = true
  process.exit(code)
}

/** The program ends the process itself, with clusters open: this is the last moment, in which nothing can be awaited. */
function onExit(): void {
  if (isLeft) return
  for (const cluster of open) {
    if (!cluster.hasMade()) continue
    const { requests, unreachable } = cluster.requests()
    const goesOn = cluster.goesOn()
    // What no other process can end is said as what goes on.
    if (unreachable.length > 0 && goesOn !== undefined) say(`process.exit: ${goesOn}`)
    if (requests.length === 0) continue
    try {
      sayLeft(handOverNow(requests), requests, cluster.look())
    } catch (error) {
      say(
        `process.exit: ${error instanceof Error ? error.message : String(error)}${goesOn === undefined ? "" : `; ${goesOn}`}`,
      )
    }
  }
}

/** False when something of it may be left that is this process's to end. */
async function closeOne({ name, look, close }: Closable, clock: Clock): Promise<boolean> {
  let cancel = () => {}
  const late = new Promise<never>((_resolve, reject) => {
    // A close that was under way has a deadline of its own, which may be a later one.
    const error = new Error(`closing "${name}": not confirmed within ${CLOSE_MS / 1000} s; look: ${look()}`)
    cancel = clock.timer(CLOSE_MS, () => reject(error))
  })
  try {
    const { instances } = await Promise.race([close(CLOSE_MS), late])
    say(`"${name}" is closed, ${instances.length} instances are gone`)
    return true
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}`)
    return error instanceof OwnershipError
  } finally {
    cancel()
  }
}

async function leave(code: number): Promise<void> {
  await leaveTo([...open])
  isLeft = true
  process.exit(code)
}

/** Leaves what is not confirmed yet to a process that outlives this one. */
async function leaveTo(clusters: readonly Closable[]): Promise<void> {
  const asked = clusters.map((cluster) => cluster.requests())
  const unreachable = asked.flatMap((one) => one.unreachable)
  if (unreachable.length > 0) {
    const places = unreachable.join(", ")
    say(`${places}: another process cannot make this provider; its terminate calls went out at the first signal`)
  }
  const requests = asked.flatMap((one) => one.requests)
  if (requests.length === 0) return
  const looks = new Set(clusters.map((cluster) => cluster.look()))
  sayLeft(await handOver(requests), requests, [...looks].join(" && "))
}

function sayLeft(pid: number, requests: readonly EndRequest[], look: string): void {
  const count = requests.reduce((sum, { instances }) => sum + instances.length, 0)
  const launches = requests.reduce((sum, request) => sum + request.launches.length, 0)
  const coming = launches === 0 ? "" : `, and what ${launches} launch calls on their way may still make`
  say(`process ${pid} goes on ending ${count} instances${coming}; look: ${look}`)
}
