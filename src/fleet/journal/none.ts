/** None: the journal of who keeps none. */
import type { Journal } from "./journal.js"

export const noJournal: Journal = {
  begin: () => Promise.resolve(),
  ended: () => {},
  intend: () => Promise.resolve(),
  resend: () => Promise.resolve(),
  outcome: () => {},
  bill: () => {},
  finished: () => {},
  lifetime: () => {},
  close: () => Promise.resolve(),
  discard: () => Promise.resolve(),
}
