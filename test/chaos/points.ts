/** Kill points: the moments around every verb and request of a provider and every change on disk, numbered as they come. */
import type { Attempt, Calls, Cost, Provider } from "../../src/provider.js"

/** `during`: the request is on the wire. */
export type Edge = "before" | "during" | "after"

/** One moment: the `occurrence`-th time that this edge of a verb, or of one of its requests, is passed in a phase. */
export interface Point {
  readonly phase: string
  /** "launch", or "launch > RunInstances" for a request of it, "journal > datasync" or "disk > rename" for a change on disk. */
  readonly step: string
  readonly edge: Edge
  readonly occurrence: number
}

/** The step that is the whole phase: whoever dies in it is killed from outside, wherever it is. */
export const WHOLE = "anything"

export interface SeenPoint extends Point {
  /** For `during`: how long the request took, in milliseconds. */
  readonly lastedMs?: number
}

export function nameOf({ phase, step, edge, occurrence }: Point): string {
  return `${phase}: ${edge} ${step} #${occurrence}`
}

export function withoutTime({ phase, step, edge, occurrence }: SeenPoint): Point {
  return { phase, step, edge, occurrence }
}

/** Hears of every moment; for `during` it may give a function that hears when the request has ended. */
export type Pass = (step: string, edge: Edge) => (() => void) | undefined

/** The same provider, but everything that it does passes kill points. */
export function withKillPoints(provider: Provider, pass: Pass): Provider {
  return new Proxy(provider, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key)
      // `split` is pure: there is no moment in it that its neighbours have not.
      if (typeof member !== "function" || typeof key !== "string" || key === "split") return member
      return async (...given: unknown[]) => {
        const calls = given.pop() as Calls
        pass(key, "before")
        const answer: unknown = await Reflect.apply(member, target, [...given, callsWithPoints(key, calls, pass)])
        pass(key, "after")
        return answer
      }
    },
  })
}

function callsWithPoints(verb: string, calls: Calls, pass: Pass): Calls {
  const send = <T>(api: string, cost: Cost, fn: (attempt: Attempt) => Promise<T>) =>
    calls.send(api, cost, async (attempt) => {
      const step = `${verb} > ${api}`
      pass(step, "before")
      const running = fn(attempt)
      const ended = pass(step, "during")
      const answer = await running.finally(ended)
      pass(step, "after")
      return answer
    })
  return { ...calls, send }
}

/** Numbers moments by phase, step and edge. */
export class PointCounter {
  readonly #counts = new Map<string, number>()
  phase = ""

  next(step: string, edge: Edge): Point {
    const key = `${this.phase}/${step}/${edge}`
    const occurrence = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, occurrence)
    return { phase: this.phase, step, edge, occurrence }
  }
}
