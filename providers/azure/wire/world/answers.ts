/** What a test has the wire say, in the cloud's own words, instead of what it would have said. */
import { inScope } from "../../../../src/offer.js"
import type { Scope } from "../../../../src/provider.js"

/**
 * `whole`: instead of doing what was asked. `operation`: it is accepted, and its operation ends so: a network is Failed.
 * `failed-view`: a VM is accepted, becomes Failed, and its instance view says so.
 */
export type AnswerPlace = "whole" | "operation" | "failed-view"

export interface ScriptedAnswer {
  /** The operation id of the REST reference. */
  readonly api: string
  readonly place: AnswerPlace
  /** Empty: no body at all. */
  readonly code: string
  readonly message: string
  /** Of a whole answer; 400 by default. */
  readonly status?: number
  readonly details?: readonly unknown[]
  readonly headers?: Readonly<Record<string, string>>
  /** Only requests about VMs in this scope; `{}` by default: all requests. */
  readonly scope?: Scope
  /** In milliseconds since 1970; from now on and for ever by default. */
  readonly fromMs?: number
  readonly untilMs?: number
  /** How often it is said; without end by default. */
  readonly times?: number
}

interface Rule {
  readonly answer: ScriptedAnswer
  left: number
}

export class Answers {
  #rules: Rule[] = []

  add(answer: ScriptedAnswer): void {
    this.#rules.push({ answer, left: answer.times ?? Number.POSITIVE_INFINITY })
  }

  /** @param pool the offer that the request is about, if it is about a VM. */
  next(api: string, place: AnswerPlace, pool: Scope | undefined, now: number): ScriptedAnswer | undefined {
    const rule = this.#rules.find(({ answer, left }) => left > 0 && meets(answer, { api, place, pool, now }))
    if (rule !== undefined) rule.left -= 1
    return rule?.answer
  }
}

interface Occasion {
  readonly api: string
  readonly place: AnswerPlace
  readonly pool: Scope | undefined
  readonly now: number
}

function meets(answer: ScriptedAnswer, { api, place, pool, now }: Occasion): boolean {
  const { scope = {}, fromMs = 0, untilMs = Number.POSITIVE_INFINITY } = answer
  const isThere = answer.api === api && answer.place === place
  return isThere && now >= fromMs && now < untilMs && inScope(pool ?? {}, scope)
}
