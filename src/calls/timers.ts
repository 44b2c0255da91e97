/** The machine's own timers, and what this process waits for by them. With the clock the only file that touches timers. */

/** setTimeout's largest delay; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

const timersSet = new Set<NodeJS.Timeout>()
let busy = 0

/** How many timers are set: each keeps this process alive. */
export function countTimers(): number {
  return timersSet.size
}

/** How much real work (a request, a file, a process) is under way. */
export function countBusy(): number {
  return busy
}

/** Calls `fn` once after `ms`, of at most LONGEST_TIMER_MS; the returned function cancels it. */
export function realTimer(ms: number, fn: () => void): () => void {
  const fire = () => {
    timersSet.delete(timeout)
    fn()
  }
  const timeout = setTimeout(fire, Math.min(Math.max(0, ms), LONGEST_TIMER_MS))
  timersSet.add(timeout)
  return () => {
    timersSet.delete(timeout)
    clearTimeout(timeout)
  }
}

/** Counts work for as long as it goes on. */
export async function counted<T>(work: Promise<T>): Promise<T> {
  busy += 1
  try {
    return await work
  } finally {
    busy -= 1
  }
}

/** Calls `fn` every `ms` for as long as something else keeps this process alive; the returned function ends that. */
export function meanwhile(ms: number, fn: () => void): () => void {
  const interval = setInterval(fn, ms)
  interval.unref()
  return () => clearInterval(interval)
}
