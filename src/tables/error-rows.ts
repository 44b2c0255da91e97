/** Tables of a cloud's error codes: how a code that was answered finds its row. The rows themselves are each cloud's own. */

/**
 * Verdicts that several tables have. `refused`: this offer, and others may not be. `rejected`, `auth`: every offer. `transient`: it
 * passes by itself.
 */
export type CommonVerdict = "throttled" | "transient" | "capacity" | "quota" | "refused" | "rejected" | "auth"

/** What every table's rows have in common. */
export interface ErrorRow {
  /** Codes as the cloud writes them. One `*` in a code stands for any text there; `*` alone stands for every code. */
  readonly codes: readonly string[]
  /** The row is meant only where the message says so too. */
  readonly message?: RegExp
  /** The row is meant only for this HTTP status. */
  readonly status?: number
}

/** What was answered. */
export interface Answered {
  /** All codes that the answer has; one that a row knows is enough. */
  readonly codes: readonly string[]
  readonly message: string
  /** The HTTP status of a whole answer; left out for what stands inside one. */
  readonly status?: number | undefined
}

/**
 * The first row that fits.
 *
 * @returns undefined when no row knows any of the codes.
 */
export function findRow<R extends ErrorRow>(rows: readonly R[], answered: Answered): R | undefined {
  const { codes, message, status } = answered
  return rows.find(
    (row) =>
      row.codes.some((known) => codes.some((code) => matches(known, code))) &&
      (row.message?.test(message) ?? true) &&
      (row.status === undefined || row.status === status),
  )
}

function matches(known: string, code: string): boolean {
  const [start = "", end] = known.split("*")
  return end === undefined ? known === code : code.startsWith(start) && code.endsWith(end)
}
