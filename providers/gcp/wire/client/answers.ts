/** What Compute Engine is made to answer by a script: in place of a whole answer, or later, in an operation. */
import { inScope } from "../../../../src/offer.js"
import type { JsonObject, Scope } from "../../../../src/provider.js"
import * as scripts from "../../../../src/simulator/faults/scripted-answers.js"
import { typed } from "./details.js"
import { Refusal } from "./refusals.js"

/**
 * `whole`: the request is refused. `operation`: it is accepted, and its operation ends with this error and without having done
 * anything. `insert-operation`: of the VMs of a bulk request every second fails so, in an operation of its own.
 */
export type AnswerPlace = "whole" | "operation" | "insert-operation"

export interface ScriptedAnswer extends scripts.ScriptedAnswer<AnswerPlace> {
  /** Of a refusal: its HTTP status; 400 when left out. */
  readonly status?: number
  /** As an operation has them: `{ errorInfo }`, `{ quotaInfo }`, `{ help }`, `{ localizedMessage }`. */
  readonly details?: readonly JsonObject[]
}

/** The scripts of one wire. */
export class Answers extends scripts.ScriptedAnswers<ScriptedAnswer> {
  /** The answer that a request meets of which this is known. What a script names and a request has not is no match. */
  next(api: string, place: AnswerPlace, of: Scope): ScriptedAnswer | undefined {
    return this.forAny(api, place, [of])
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
