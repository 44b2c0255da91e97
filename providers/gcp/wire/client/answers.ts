/** What Compute Engine is made to answer by a script: in place of a whole answer, or later, in an operation. */
import { inScope } from "../../../../src/offer.js"
import type { JsonObject, Scope } from "../../../../src/provider.js"
import { typed } from "./details.js"
import { Refusal } from "./refusals.js"

/**
 * `whole`: the request is refused. `operation`: it is accepted, and its operation ends with this error and without having done
 * anything. `insert-operation`: of the VMs of a bulk request every second fails so, in an operation of its own.
 */
export type AnswerPlace = "whole" | "operation" | "insert-operation"

export interface ScriptedAnswer {
  /** "instances.bulkInsert" */
  readonly api: string
  readonly place: AnswerPlace
  readonly code: string
  readonly message: string
  /** Of a refusal: its HTTP status; 400 when left out. */
  readonly status?: number
  /** As an operation has them: `{ errorInfo }`, `{ quotaInfo }`, `{ help }`, `{ localizedMessage }`. */
  readonly details?: readonly JsonObject[]
  /** Only what is asked of these zones, types and markets; all when left out. */
  readonly scope?: Scope
  /** Milliseconds since 1970; at any time when left out. */
  readonly fromMs?: number
  readonly untilMs?: number
  /** At most so many requests meet it. */
  readonly times?: number
}

interface Script {
  readonly answer: ScriptedAnswer
  left: number
}

/** The scripts of one wire. */
export class Answers {
  readonly #now: () => number
  #scripts: Script[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  give(answer: ScriptedAnswer): void {
    this.#scripts.push({ answer, left: answer.times ?? Number.POSITIVE_INFINITY })
  }

  clear(): void {
    this.#scripts = []
  }

  /** The answer that a request meets of which this is known; it counts as given. What a script names and a request has not is no match. */
  next(api: string, place: AnswerPlace, of: Scope): ScriptedAnswer | undefined {
    return this.forAny(api, place, [of])
  }

  /** The same for a request that asks for several: which of them it is about is for `isAbout` to say. */
  forAny(api: string, place: AnswerPlace, of: readonly Scope[]): ScriptedAnswer | undefined {
    const now = this.#now()
    const found = this.#scripts.find(({ answer, left }) => {
      const { fromMs = 0, untilMs = Number.POSITIVE_INFINITY } = answer
      const isDue = left > 0 && fromMs <= now && now < untilMs
      return isDue && answer.api === api && answer.place === place && of.some((one) => isAbout(answer, one))
    })
    if (found === undefined) return undefined
    found.left -= 1
    return found.answer
  }
}

export function isAbout({ scope = {} }: ScriptedAnswer, of: Scope): boolean {
  return inScope(of, scope)
}

export function refusalOf({ status = 400, code, message, details = [] }: ScriptedAnswer): Refusal {
  return new Refusal(status, code, message, typed(details))
}

/** As one of an operation's errors. */
export function errorOf({ code, message, details = [] }: ScriptedAnswer): JsonObject {
  return { code, message, ...(details.length === 0 ? {} : { errorDetails: details }) }
}
