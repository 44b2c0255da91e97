/** Deliveries: results on their way to the caller, each once, in the order of their completion or of the inputs. */

export class Deliveries<T> {
  readonly #isOrdered: boolean
  /** Those whose turn it is not yet: the first has its turn next. */
  readonly #early: (T | undefined)[] = []
  readonly #ready: T[] = []
  #turn = 0
  #waiting: { readonly resolve: (item: T | undefined) => void; readonly reject: (reason: unknown) => void }[] = []
  #end: { readonly error?: unknown } | undefined
  /** Handed to the caller so far. */
  delivered = 0

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered
  }

  push(index: number, item: T): void {
    if (!this.#isOrdered) this.#give(item)
    else {
      this.#early[index - this.#turn] = item
      for (let [next] = this.#early; next !== undefined; [next] = this.#early) {
        this.#early.shift()
        this.#turn += 1
        this.#give(next)
      }
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#close({})
  }

  /** What is there is still handed out; then comes the error. */
  fail(error: unknown): void {
    this.#close({ error })
  }

  /** @returns undefined after the last one. @throws what `fail` was given. */
  next(): Promise<T | undefined> {
    const item = this.#ready.shift()
    if (item !== undefined) {
      this.delivered += 1
      return Promise.resolve(item)
    }
    const end = this.#end
    if (end === undefined) return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    return "error" in end ? Promise.reject(end.error as Error) : Promise.resolve(undefined)
  }

  #give(item: T): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#ready.push(item)
    else {
      this.delivered += 1
      waiting.resolve(item)
    }
  }

  #close(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return
    this.#end = end
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if ("error" in end) reject(end.error)
      else resolve(undefined)
    }
  }
}
