/** Every request the world was sent, in order: what tests count and compare. */
import type { Json } from "../provider.js"

export interface LedgerEntry {
  /** 1 for the first since the ledger was cleared. */
  readonly number: number
  readonly api: string
  readonly parameters: Json
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number
  /** "ok", the error's code, "aborted" when the caller gave up, or "open" while it is under way. */
  readonly outcome: string
}

type OpenEntry = { -readonly [K in keyof LedgerEntry]: LedgerEntry[K] }

export class Ledger {
  #entries: OpenEntry[] = []

  /** All entries since the last `clear`, in the order of arrival. */
  get entries(): readonly LedgerEntry[] {
    return this.#entries
  }

  /** Notes a request; the returned function notes how it ended. */
  open(api: string, parameters: Json, at: number): (outcome: string) => void {
    const entry: OpenEntry = { number: this.#entries.length + 1, api, parameters, at, outcome: "open" }
    this.#entries.push(entry)
    return (outcome) => {
      entry.outcome = outcome
    }
  }

  /** How many requests came, of one api or of all. */
  count(api?: string): number {
    return api === undefined ? this.#entries.length : this.of(api).length
  }

  /** The entries of one api. */
  of(api: string): readonly LedgerEntry[] {
    return this.#entries.filter((entry) => entry.api === api)
  }

  clear(): void {
    this.#entries = []
  }
}
