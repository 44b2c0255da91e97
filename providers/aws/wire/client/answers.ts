/** What this EC2 is made to answer by a script: in place of a whole answer, for single pools of a fleet, or by instances that fail. */
import { inScope } from "../../../../src/offer.js"
import type { Scope } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { Refusal } from "./refusals.js"

/**
 * `whole`: the request is refused. `pool`: the fleet's answer names it for a pool, of which nothing is made. `failed-view`: what
 * is made never runs, and its StateReason says so.
 */
export type AnswerPlace = "whole" | "pool" | "failed-view"

export interface ScriptedAnswer {
  /** "CreateFleet" */
  readonly api: string
  readonly place: AnswerPlace
  readonly code: string
  readonly message: string
  /** Of a whole answer: its HTTP status, where that is not the code's own. */
  readonly status?: number
  /** Only what is asked of these zones, types and markets; a whole request only where all its pools are among them. */
  readonly scope?: Scope
  /** Milliseconds since 1970; at any time when left out. */
  readonly fromMs?: number
  readonly untilMs?: number
  /** At most so many are answered so. */
  readonly times?: number
}

interface Script {
  readonly answer: ScriptedAnswer
  left: number
}

/** The scripts of one wire. */
export class Answers {
  readonly #world: World
  #scripts: Script[] = []

  constructor(world: World) {
    this.#world = world
  }

  give(answer: ScriptedAnswer): void {
    if (answer.place === "failed-view") this.#failBoots(answer)
    else this.#scripts.push({ answer, left: answer.times ?? Number.POSITIVE_INFINITY })
  }

  clear(): void {
    this.#scripts = []
    this.#world.faults.healBoots()
  }

  /** The refusal that a request for these pools meets, which counts as given. A request for none is met whatever the scope. */
  next(api: string, place: "whole" | "pool", pools: readonly Scope[]): Refusal | undefined {
    const now = this.#world.clock.now()
    const found = this.#scripts.find(({ answer, left }) => {
      const { fromMs = 0, untilMs = Number.POSITIVE_INFINITY, scope = {} } = answer
      const isDue = left > 0 && fromMs <= now && now < untilMs
      return isDue && answer.api === api && answer.place === place && pools.every((pool) => inScope(pool, scope))
    })
    if (found === undefined) return undefined
    found.left -= 1
    const { code, message, status } = found.answer
    return new Refusal(code, message, status)
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
