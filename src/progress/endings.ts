/** However the process ends, or stops, and whatever else is written then: the terminal is given back first. */

const ENDS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const
const SUSPENDS = "SIGTSTP"
const isWindows = process.platform === "win32"

/** @param goesOn the program handles a signal itself, and may write and go on. */
export type Settle = (goesOn: boolean) => void

const settlers = new Set<Settle>()

/** Calls `settle` before the process ends, is suspended, or prints an exception or a warning; the returned function takes that back. */
export function onEnd(settle: Settle): () => void {
  if (settlers.size === 0) listen()
  settlers.add(settle)
  return () => {
    settlers.delete(settle)
    if (settlers.size === 0) unlisten()
  }
}

/** Before all others: what they print comes below. */
function listen(): void {
  for (const signal of ENDS) process.prependListener(signal, onSignal)
  if (!isWindows) process.prependListener(SUSPENDS, onSuspend)
  process.prependListener("uncaughtExceptionMonitor", settleAll)
  process.prependListener("warning", settleAll)
  process.prependListener("exit", settleAll)
}

function unlisten(): void {
  for (const signal of ENDS) process.off(signal, onSignal)
  process.off(SUSPENDS, onSuspend)
  process.off("uncaughtExceptionMonitor", settleAll)
  process.off("warning", settleAll)
  process.off("exit", settleAll)
}

function settleAll(): void {
  for (const settle of settlers) settle(false)
}

/** A signal that no other listener handles ends the process, as it does without a listener. */
function onSignal(signal: NodeJS.Signals): void {
  const isHandled = process.listenerCount(signal) > 1
  for (const settle of settlers) settle(isHandled)
  if (isHandled) return
  unlisten()
  process.kill(process.pid, signal)
}

function onSuspend(): void {
  settleAll()
  if (process.listenerCount(SUSPENDS) === 1) process.kill(process.pid, "SIGSTOP")
}
