/** Left open: a process that ends without closing its clusters says what goes on, and one that has no work left why it stays. */
import type { OpenCluster } from "./open-cluster.js"
import { watchIdle } from "./idle.js"
import { say } from "./stderr.js"

/** Those that end a process which does not listen for them. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const

const open = new Set<OpenCluster>()
let stopWatching = () => {}

/** Tells of it when the process ends, or has nothing left to do; the returned function takes that back. */
export function tellIfLeft(cluster: OpenCluster): () => void {
  open.add(cluster)
  if (open.size === 1) stopWatching = watchIdle(open)
  listen()
  return () => {
    if (open.delete(cluster) && open.size === 0) stopWatching()
    if (!isTold()) unlisten()
  }
}

/** One of them is left as it is when the process ends. */
function isTold(): boolean {
  return [...open].some(({ closesOnExit }) => !closesOnExit)
}

function listen(): void {
  unlisten()
  if (!isTold()) return
  process.on("exit", onExit)
  hear()
}

function unlisten(): void {
  process.off("exit", onExit)
  deafen()
}

/** First of all, so that it counts those too who listen once. */
function hear(): void {
  for (const signal of SIGNALS) process.prependListener(signal, onSignal)
}

function deafen(): void {
  for (const signal of SIGNALS) process.off(signal, onSignal)
}

/** Who alone listens ends the process as if nobody did; else the others decide, and must not see that this one listens too. */
function onSignal(signal: NodeJS.Signals): void {
  const isAlone = process.listenerCount(signal) === 1
  deafen()
  if (isAlone) {
    tell(`${signal}: `)
    process.kill(process.pid, signal)
    return
  }
  process.nextTick(() => {
    if (isTold()) hear()
  })
}

function onExit(): void {
  tell("")
}

function tell(why: string): void {
  for (const { goesOn, closesOnExit } of open) {
    const text = closesOnExit ? undefined : goesOn()
    if (text !== undefined) say(`${why}${text}`)
  }
}
