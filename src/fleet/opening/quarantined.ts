/** Quarantined: journals of this machine that could not be read. Each is reported once, and none keeps the cluster from ending. */
import type { Fleet } from "../state/context.js"
import type { Quarantined } from "../journal/history.js"

export function addQuarantined({ quarantined }: Pick<Fleet, "quarantined">, found: readonly Quarantined[]): void {
  for (const journal of found) {
    if (!quarantined.has(journal.path)) quarantined.set(journal.path, { ...journal, reported: false })
  }
}

/** A caller that attaches has no listener before the cluster object exists: the report waits for the first verb. */
export function emitQuarantined({ quarantined, emit }: Pick<Fleet, "quarantined" | "emit">): void {
  for (const journal of quarantined.values()) {
    if (!journal.reported) emit({ type: "problem", error: "JournalError", message: journal.message })
    journal.reported = true
  }
}
