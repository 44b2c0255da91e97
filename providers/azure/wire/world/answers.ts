/** What a test has the wire say, in the cloud's own words, instead of what it would have said. */
import type { Scope } from "../../../../src/provider.js"
import * as scripts from "../../../../src/simulator/faults/scripted-answers.js"

/**
 * `whole`: instead of doing what was asked. `operation`: it is accepted, and its operation ends so: a network is Failed.
 * `failed-view`: a VM is accepted, becomes Failed, and its instance view says so.
 */
export type AnswerPlace = "whole" | "operation" | "failed-view"

export interface ScriptedAnswer extends scripts.ScriptedAnswer<AnswerPlace> {
  /** The code; empty: no body at all. */
  readonly code: string
  /** Of a whole answer; 400 by default. */
  readonly status?: number
  readonly details?: readonly unknown[]
  readonly headers?: Readonly<Record<string, string>>
}

/** The scripts of one wire. */
export class Answers extends scripts.ScriptedAnswers<ScriptedAnswer> {
  /** @param pool the offer that the request is about, if it is about a VM. */
  next(api: string, place: AnswerPlace, pool: Scope = {}): ScriptedAnswer | undefined {
    return this.forAny(api, place, [pool])
  }
}
