/** Left open: a process that ends with open clusters prints what keeps running. A process without other work prints why it stays. */
import type { OpenCluster } from "./open-cluster.js"
import { watchIdle } from "./idle.js"
import { printLine } from "./stderr.js"

/** The signals that end a process which has no listener for them. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

const open = new Set<OpenCluster>()
let stopWatching = () => {}

/** Reports the cluster when the process ends or is idle; the returned function cancels that. */
export function reportIfLeftOpen(cluster: OpenCluster): () => void {
  open.add(cluster)
  if (open.size === 1) stopWatching = watchIdle(open)
  listen()
  return () => {
    if (open.delete(cluster) && open.size === 0) stopWatching()
    if (!isAnyLeftOpen()) unlisten()
  }
}

/** Whether the end of the process leaves a cluster running. */
function isAnyLeftOpen(): boolean {
  return [...open].some(({ closesOnExit }) => !closesOnExit)
}

function listen(): void {
  unlisten()
  if (!isAnyLeftOpen()) return
  process.on("exit", onExit)
  addSignalListeners()
}

function unlisten(): void {
  process.off("exit", onExit)
  removeSignalListeners()
}

/** Adds the listeners before all others, so that `listenerCount` includes the ones that were added by `once`. */
function addSignalListeners(): void {
  for (const signal of SIGNALS) process.prependListener(signal, onSignal)
}

function removeSignalListeners(): void {
  for (const signal of SIGNALS) process.off(signal, onSignal)
}

/** Without other listeners this one ends the process, as Node would. Else the others decide, and must not count this listener. */
function onSignal(signal: NodeJS.Signals): void {
  const isAlone = process.listenerCount(signal) === 1
  removeSignalListeners()
  if (isAlone) {
    report(`${signal}: `)
    process.kill(process.pid, signal)
    return
  }
  process.nextTick(() => {
    if (isAnyLeftOpen()) addSignalListeners()
  })
}

function onExit(): void {
  report("")
}

function report(why: string): void {
  for (const { leftRunning, closesOnExit } of open) {
    const text = closesOnExit ? undefined : leftRunning()
    if (text !== undefined) printLine(`${why}${text}`)
  }
}
