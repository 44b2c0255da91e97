/**
 * Mortal: a process that can be killed within this one. From its death on none of its code goes on: no timer of its fires, nothing
 * that it waits for comes to an end, no request leaves it. What was on the wire arrives at the cloud all the same.
 */
import { type Clock, wallAheadMs } from "../../src/calls/clock.js"
import type { Calls, Provider } from "../../src/provider.js"

export type Edge = "before" | "begin" | "end"

export interface Life {
  readonly clock: Clock
  /** A provider as this process has it. */
  provider(real: Provider): Provider
  die(): void
  readonly isDead: boolean
  /** Resolves with its death. */
  readonly death: Promise<void>
}

/** @param pass hears of each request and each piece of work with files, before it leaves, when it has left, and when it is answered. */
export function mortal(base: Clock, pass: (edge: Edge, what: string, life: Life) => void): Life {
  let isDead = false
  let end = () => {}
  const death = new Promise<void>((resolve) => {
    end = resolve
  })
  const unlessDead = <T>(value: Promise<T>) => value.finally(() => (isDead ? never : undefined))
  // Nothing of it is left on the clock.
  const timers = new Set<() => void>()
  const grave = new AbortController()
  const clock: Clock = {
    now: () => base.now(),
    wall: () => base.now() + wallAheadMs(base),
    boot: () => base.boot?.(),
    random: () => base.random(),
    sleep: (ms, signal) =>
      unlessDead(base.sleep(ms, signal === undefined ? grave.signal : AbortSignal.any([signal, grave.signal]))),
    timer: (ms, fn) => {
      if (isDead) return () => {}
      const cancel = base.timer(ms, () => {
        timers.delete(cancel)
        fn()
      })
      timers.add(cancel)
      return () => {
        timers.delete(cancel)
        cancel()
      }
    },
    serve: (ms, signal) => unlessDead(base.serve(ms, signal)),
    turn: (loop, woken) => base.turn?.(loop, woken),
    busy: (what, work) => {
      if (isDead) {
        // Nobody hears of it.
        work.catch(() => {})
        return never
      }
      const counted = base.busy(what, isRequest(what) ? work : Promise.race([work, death as Promise<never>]))
      pass("begin", what, life)
      return unlessDead(
        counted.finally(() => {
          if (!isDead) pass("end", what, life)
        }),
      )
    },
  }
  const life: Life = {
    clock,
    death,
    get isDead() {
      return isDead
    },
    die: () => {
      if (isDead) return
      isDead = true
      for (const cancel of timers) cancel()
      grave.abort()
      end()
    },
    provider: (real) => {
      const guard = (calls: Calls): Calls => ({
        ...calls,
        send: (api, cost, fn) =>
          calls.send(api, cost, (attempt) => {
            if (!isDead) pass("before", api, life)
            return isDead ? never : fn(attempt)
          }),
      })
      return withCalls(real, guard)
    },
  }
  return life
}

const never = new Promise<never>(() => {})

/** Requests go by the name of their api; what is done with files is said in words. */
function isRequest(what: string): boolean {
  return !what.includes(" ")
}

function withCalls(real: Provider, guard: (calls: Calls) => Calls): Provider {
  const entries = Object.entries(real).map(([name, value]: [string, unknown]) => {
    if (typeof value !== "function") return [name, value]
    const guarded = (...given: readonly unknown[]) =>
      (value as (...given: readonly unknown[]) => unknown)(...given.map((one) => (isCalls(one) ? guard(one) : one)))
    return [name, guarded]
  })
  return Object.fromEntries(entries) as Provider
}

function isCalls(value: unknown): value is Calls {
  return typeof value === "object" && value !== null && "send" in value && "readOnly" in value
}
