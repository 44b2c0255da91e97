/** Draws: what instances meet as they are made, by scope: a number of them, or a share. */
import { inScope } from "../../offer.js"
import type { Offer, Scope } from "../../provider.js"

export interface Draw<T> {
  readonly scope: Scope
  readonly outcome: T
  /** How many more it meets; Infinity for a share. */
  left: number
  readonly probability: number
}

export class Draws<T> {
  readonly #strikes: (draw: Draw<T>) => boolean
  #draws: Draw<T>[] = []

  /** @param strikes whether a draw in scope is one that this instance meets. */
  constructor(strikes: (draw: Draw<T>) => boolean) {
    this.#strikes = strikes
  }

  add(draw: Draw<T>): void {
    if (draw.left > 0) this.#draws.push(draw)
  }

  clear(): void {
    this.#draws = []
  }

  /** What this instance meets, if anything. The first that applies counts, and is used up by one. */
  next(offer: Offer): T | undefined {
    const draw = this.#draws.find((candidate) => inScope(offer, candidate.scope) && this.#strikes(candidate))
    if (draw === undefined) return undefined
    draw.left -= 1
    if (draw.left <= 0) this.#draws = this.#draws.filter((other) => other !== draw)
    return draw.outcome
  }
}
