/** What a test has a wire answer, in its cloud's own words, in place of what the world would have had it answer. */
import { inScope } from "../../offer.js"
import type { Scope } from "../../provider.js"

export interface ScriptedAnswer<Place extends string = string> {
  /** The name of the request. */
  readonly api: string
  /** Where in the answer it stands. */
  readonly place: Place
  readonly code: string
  readonly message: string
  /** Only what is asked of these zones, types and markets; everything by default. */
  readonly scope?: Scope
  /** Milliseconds since 1970; from now on and without end by default. */
  readonly fromMs?: number
  readonly untilMs?: number
  /** How many requests meet it at the most; without end by default. */
  readonly times?: number
}

/** The scripts of one wire. Of several that fit the first that was given counts. */
export class ScriptedAnswers<Answer extends ScriptedAnswer> {
  readonly #now: () => number
  #scripts: { readonly answer: Answer; left: number }[] = []

  /** @param now in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now
  }

  give(answer: Answer): void {
    this.#scripts.push({ answer, left: answer.times ?? Number.POSITIVE_INFINITY })
  }

  clear(): void {
    this.#scripts = []
  }

  /** The answer that a request for any of these pools meets; it counts as given. */
  forAny(api: string, place: Answer["place"], pools: readonly Scope[]): Answer | undefined {
    return this.#take(api, place, (scope) => pools.some((pool) => inScope(pool, scope)))
  }

  /** The answer that a request meets which is all about pools that the script names; it counts as given. */
  forAll(api: string, place: Answer["place"], pools: readonly Scope[]): Answer | undefined {
    return this.#take(api, place, (scope) => pools.every((pool) => inScope(pool, scope)))
  }

  #take(api: string, place: Answer["place"], isAbout: (scope: Scope) => boolean): Answer | undefined {
    const now = this.#now()
    const found = this.#scripts.find(({ answer, left }) => {
      const { fromMs = 0, untilMs = Number.POSITIVE_INFINITY, scope = {} } = answer
      const isDue = left > 0 && fromMs <= now && now < untilMs
      return isDue && answer.api === api && answer.place === place && isAbout(scope)
    })
    if (found !== undefined) found.left -= 1
    return found?.answer
  }
}
