/** Machine: whose clock of day can be set, and that can be suspended: nothing of it goes on meanwhile, nor does its monotonic clock. */
import { type Clock, seededRandom, wallAheadMs } from "../../../src/calls/clock.js"
import { trueTimer } from "../../../src/calls/true-time.js"

export interface Machine {
  readonly clock: Clock
  /** Sets the clock of day by so much. */
  set(ms: number): void
  /** Suspends it for so long. */
  suspend(ms: number): void
  /** Resolves when it is not suspended. */
  awake(): Promise<void>
  /** How far its clock was ahead from when on, the earliest first. */
  readonly history: readonly { readonly from: number; readonly aheadMs: number }[]
}

export function newMachine(base: Clock, id: string, seed: number): Machine {
  const [begun, random] = [base.now(), seededRandom(seed)]
  const history = [{ from: Number.NEGATIVE_INFINITY, aheadMs: 0 }]
  let [sleptMs, resumesAt] = [0, 0]
  const awakeMs = () => base.now() - sleptMs + Math.max(0, resumesAt - base.now())
  /** As the system's: it counts what the monotonic clock counts. */
  const timer = (ms: number, fn: () => void) => {
    const at = awakeMs() + ms
    let cancel = () => {}
    const look = () => {
      const leftMs = at - awakeMs() + Math.max(0, resumesAt - base.now())
      if (leftMs <= 0) fn()
      else cancel = base.timer(leftMs, look)
    }
    cancel = base.timer(Math.max(0, ms) + Math.max(0, resumesAt - base.now()), look)
    return () => cancel()
  }
  const set = trueTimer(() => base.now(), timer)
  const awake = () => (base.now() < resumesAt ? base.sleep(resumesAt - base.now()) : Promise.resolve())
  const sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const abort = () => {
        cancel()
        reject(signal?.reason as Error)
      }
      const cancel = set(ms, () => {
        signal?.removeEventListener("abort", abort)
        resolve()
      })
      if (signal?.aborted) abort()
      signal?.addEventListener("abort", abort, { once: true })
    })
  const clock: Clock = {
    now: () => base.now(),
    wall: () => base.now() + (history.at(-1)?.aheadMs ?? 0),
    boot: () => ({ id, ms: base.now() - begun + 3_600_000 }),
    random,
    sleep,
    timer: set,
    busy: (what, work) => base.busy(what, work).finally(awake),
    serve: (ms, signal) => base.serve(ms, signal),
    turn: (loop, woken) => base.turn?.(loop, woken),
  }
  return {
    clock,
    history,
    awake,
    set: (ms) => void history.push({ from: base.now(), aheadMs: wallAheadMs(clock) + ms }),
    suspend: (ms) => {
      if (base.now() < resumesAt) return
      sleptMs += ms
      resumesAt = base.now() + ms
    },
  }
}
