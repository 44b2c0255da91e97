/** What this EC2 is made to answer by a script: in place of a whole answer, for single pools of a fleet, or by instances that fail. */
import type { Scope } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import * as scripts from "../../../../src/simulator/faults/scripted-answers.js"
import { Refusal } from "./refusals.js"

/**
 * `whole`: the request is refused. `pool`: the fleet's answer names it for a pool, of which nothing is made. `failed-view`: what
 * is made never runs, and its StateReason says so.
 */
export type AnswerPlace = "whole" | "pool" | "failed-view"

export interface ScriptedAnswer extends scripts.ScriptedAnswer<AnswerPlace> {
  /** Of a whole answer: its HTTP status, where that is not the code's own. */
  readonly status?: number
}

/** The scripts of one wire. */
export class Answers extends scripts.ScriptedAnswers<ScriptedAnswer> {
  readonly #world: World

  constructor(world: World) {
    super(() => world.clock.now())
    this.#world = world
  }

  override give(answer: ScriptedAnswer): void {
    if (answer.place === "failed-view") this.#failBoots(answer)
    else super.give(answer)
  }

  override clear(): void {
    super.clear()
    this.#world.faults.healBoots()
  }

  /** The refusal that a request for these pools meets. A request for none is met whatever the scope. */
  next(api: string, place: "whole" | "pool", pools: readonly Scope[]): Refusal | undefined {
    const found = this.forAll(api, place, pools)
    return found === undefined ? undefined : new Refusal(found.code, found.message, found.status)
  }

  /** The world itself lets them fail: at their birth it is drawn who does. */
  #failBoots({
    code,
    message,
    scope = {},
    fromMs = 0,
    untilMs = Number.POSITIVE_INFINITY,
    times,
  }: ScriptedAnswer): void {
    const { faults, clock } = this.#world
    const fault = { code, message }
    const begin = () =>
      times === undefined || times === Number.POSITIVE_INFINITY
        ? faults.rateBoots(1, scope, fault)
        : faults.failBoots(times, scope, fault)
    if (fromMs <= clock.now()) begin()
    else this.#world.after(fromMs - clock.now(), begin)
    if (Number.isFinite(untilMs)) this.#world.after(untilMs - clock.now(), () => faults.healBoots())
  }
}
