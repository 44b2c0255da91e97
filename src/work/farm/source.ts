/** Source: inputs one after the other, read no faster than they are used. */
import type { Inputs } from "../types.js"

/** An input, and what became of it so far. */
export interface Entry<In> {
  readonly index: number
  readonly input: In
  /** 1 for the first try. A try that was lost with its worker is not counted. */
  attempt: number
  /** Tries that were lost with their worker. */
  losses: number
}

export class Source<In> {
  readonly #next: () => IteratorResult<In> | Promise<IteratorResult<In>>
  readonly #return: () => unknown
  #isReading = false
  #came: Entry<In> | undefined
  #error: { readonly reason: unknown } | undefined
  /** Inputs that were read. */
  read = 0
  isExhausted = false
  /** How many there are, once that is known. */
  total: number | undefined

  constructor(inputs: Inputs<In>) {
    const { length, size } = inputs as { readonly length?: unknown; readonly size?: unknown }
    this.total = [length, size].find((count) => typeof count === "number")
    const iterator = Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]()
    this.#next = () => iterator.next()
    this.#return = () => iterator.return?.()
  }

  /**
   * The next input, if it is there at once.
   *
   * @param changed called when one that had to be waited for has come, or when there are no more.
   * @throws what the inputs throw.
   */
  take(changed: () => void): Entry<In> | undefined {
    if (this.#error !== undefined) throw this.#error.reason
    const came = this.#came
    this.#came = undefined
    if (came !== undefined || this.isExhausted || this.#isReading) return came
    const result = this.#next()
    if (!(result instanceof Promise) && !isThenable(result)) return this.#entryOf(result)
    this.#isReading = true
    Promise.resolve(result)
      .then(
        (one) => {
          this.#came = this.#entryOf(one)
        },
        (reason: unknown) => {
          this.#error = { reason }
        },
      )
      .finally(() => {
        this.#isReading = false
        changed()
      })
    return undefined
  }

  /** Whoever makes the inputs hears that no more are read. One that waits for its next input hears it once that has come. */
  close(): void {
    if (this.isExhausted) return
    this.isExhausted = true
    const closing = async () => this.#return()
    closing().catch(() => {})
  }

  #entryOf(result: IteratorResult<In>): Entry<In> | undefined {
    if (result.done === true) {
      this.isExhausted = true
      this.total = this.read
      return undefined
    }
    const index = this.read
    this.read += 1
    return { index, input: result.value, attempt: 1, losses: 0 }
  }
}

function isThenable(value: object): boolean {
  return "then" in value
}
