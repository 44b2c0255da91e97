/** Tries: what runs on one worker by one program: which slot each has, and how each ends. */
import type { Gone, Outcome } from "../farm/runner.js"

/** One that has begun. */
export interface OpenTry {
  readonly id: number
  readonly slot: number
  readonly outcome: Promise<Outcome>
  readonly settle: (outcome: Outcome) => void
}

export class Tries<T extends object> {
  readonly #open = new Map<number, OpenTry & T>()
  /** Slots that were used and are free. */
  readonly #free: number[] = []
  #slots = 0
  #next = 1
  #gone: Gone | undefined

  /** What is open when the program is gone is lost, and what comes later too. */
  constructor(gone: Promise<Gone>) {
    void gone.then((one) => {
      this.#gone = one
      for (const { settle } of this.#open.values()) settle({ kind: "lost", why: one.why })
    })
  }

  begin(more: T): OpenTry & T {
    const slot = this.#free.pop() ?? ++this.#slots
    const id = this.#next++
    let settle: (outcome: Outcome) => void = () => {}
    const outcome = new Promise<Outcome>((resolve) => {
      settle = resolve
    })
    const one = { ...more, id, slot, outcome, settle }
    this.#open.set(id, one)
    if (this.#gone !== undefined) settle({ kind: "lost", why: this.#gone.why })
    return one
  }

  /** Undefined once it was released. */
  get(id: number): (OpenTry & T) | undefined {
    return this.#open.get(id)
  }

  release({ id, slot }: OpenTry): void {
    if (this.#open.delete(id)) this.#free.push(slot)
  }
}
