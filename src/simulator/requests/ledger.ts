/** Every request the world was sent, in order: what tests count and compare. */
import type { Cost, Json } from "../../provider.js"
import type { WorldErrorKind } from "./world-error.js"

export interface LedgerEntry {
  /** 1 for the first since the ledger was cleared. */
  readonly number: number
  readonly api: string
  readonly parameters: Json
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number
  /** The units that it consumes; absent when none. */
  readonly cost?: Cost
  /** "ok", the error's code, "aborted" when the caller gave up, or "open" while it is under way. */
  readonly outcome: string
  /** How it was refused or spoiled, when the world or its script did that. */
  readonly kind?: WorldErrorKind
}

type OpenEntry = { -readonly [K in keyof LedgerEntry]: LedgerEntry[K] }

export class Ledger {
  #entries: OpenEntry[] = []

  /** All entries since the last `clear`, in the order of arrival. */
  get entries(): readonly LedgerEntry[] {
    return this.#entries
  }

  /** Notes a request; the returned function notes how it ended. */
  open(
    request: Pick<LedgerEntry, "api" | "parameters" | "at" | "cost">,
  ): (outcome: string, kind?: WorldErrorKind) => void {
    const entry: OpenEntry = { number: this.#entries.length + 1, ...request, outcome: "open" }
    this.#entries.push(entry)
    return (outcome, kind) => {
      entry.outcome = outcome
      if (kind !== undefined) entry.kind = kind
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
