/** Measurements by name, in the order in which the names came first. */
import { spreadOf } from "./statistics.js"
import type { Row } from "./suite.js"

export class Measurements {
  readonly #values = new Map<string, number[]>()

  add(name: string, value: number): void {
    const values = this.#values.get(name) ?? []
    values.push(value)
    this.#values.set(name, values)
  }

  rows(unit: Row["unit"], noteOf: (name: string) => string | undefined): readonly Row[] {
    return [...this.#values].map(([name, values]) => {
      const note = noteOf(name)
      return { name, unit, ...spreadOf(values), ...(note === undefined ? {} : { note }) }
    })
  }
}
