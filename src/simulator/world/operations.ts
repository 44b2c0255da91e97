/** Long-running operations: a request is accepted now and its outcome can be read later. */
import type { JsonObject } from "../../provider.js"

export interface Operation {
  readonly id: string
  readonly kind: string
  readonly startedAt: number
  /** From then on it is done and `outcome` may be shown, in milliseconds since 1970. */
  readonly doneAt: number
  readonly done: boolean
  /** What the wire keeps of it: ids, shortfall, error. */
  readonly outcome: JsonObject
}

type Stored = Omit<Operation, "done">

export class Operations {
  readonly #stored = new Map<string, Stored>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Starts one, or returns the one that has this id already: a replayed request gets the operation of the first. */
  start(operation: { id: string; kind: string; doneInMs: number; outcome: JsonObject }): Operation {
    const { id, kind, doneInMs, outcome } = operation
    const startedAt = this.#now()
    const stored = this.#stored.get(id) ?? { id, kind, startedAt, doneAt: startedAt + doneInMs, outcome }
    this.#stored.set(id, stored)
    return this.#shown(stored)
  }

  get(id: string): Operation | undefined {
    const stored = this.#stored.get(id)
    return stored === undefined ? undefined : this.#shown(stored)
  }

  list(kind?: string): readonly Operation[] {
    return [...this.#stored.values()]
      .filter((stored) => kind === undefined || stored.kind === kind)
      .map((stored) => this.#shown(stored))
  }

  #shown(stored: Stored): Operation {
    return { ...stored, done: this.#now() >= stored.doneAt }
  }
}
