/** Who waits for what a pass brings. */
import type { Plans } from "../planning/types.js"

type Listener = (plans: Plans, error: Error | undefined) => void

export class Passes {
  readonly #listeners = new Set<Listener>()

  on(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** A pass has ended: `error` is why, when it failed. */
  tell(plans: Plans, error: Error | undefined): void {
    for (const listener of [...this.#listeners]) listener(plans, error)
  }
}
