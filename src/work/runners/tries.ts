/** Tries: what runs on one worker by one program: which slot each has, and how each ends. */
import { Bag, type Bagged } from "../farm/bag.js"
import type { Gone, Outcome } from "../farm/runner.js"

/** One that has begun, and what its runner knows of it. */
export interface OpenTry<T> extends Bagged {
  readonly more: T
  readonly id: number
  readonly slot: number
  readonly outcome: Promise<Outcome>
  readonly settle: (outcome: Outcome) => void
}

export class Tries<T> {
  readonly #open = new Bag<OpenTry<T>>()
  /** Slots that were used and are free. */
  readonly #free: number[] = []
  #slots = 0
  #next = 1
  #gone: Gone | undefined

  /** What is open when the program is gone is lost, and what comes later too. */
  constructor(gone: Promise<Gone>) {
    void gone.then((one) => {
      this.#gone = one
      for (const { settle } of this.#open.all()) settle({ kind: "lost", why: one.why })
    })
  }

  begin(more: T): OpenTry<T> {
    const slot = this.#free.pop() ?? ++this.#slots
    const id = this.#next++
    let settle: (outcome: Outcome) => void = () => {}
    const outcome = new Promise<Outcome>((resolve) => {
      settle = resolve
    })
    const one = { more, id, slot, outcome, settle, place: -1 }
    this.#open.add(one)
    if (this.#gone !== undefined) settle({ kind: "lost", why: this.#gone.why })
    return one
  }

  /** Undefined once it was released. */
  get(id: number): OpenTry<T> | undefined {
    return this.#open.find((one) => one.id === id)
  }

  release(one: OpenTry<T>): void {
    if (this.#open.delete(one)) this.#free.push(one.slot)
  }
}
