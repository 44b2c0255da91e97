/** Tally: a ledger counted by api. */
import type { LedgerEntry } from "./ledger.js"

export interface CallCount {
  readonly api: string
  readonly sent: number
  /** Refused by a bucket, or by a script that plays one. */
  readonly throttled: number
  /** Told that there is no capacity, no quota or no right. */
  readonly refused: number
  /** Without an answer that says what became of it. */
  readonly failed: number
}

const REFUSED: ReadonlySet<string | undefined> = new Set(["capacity", "quota", "rejected", "auth"])

/** Most sent first. */
export function tally(entries: Iterable<LedgerEntry>): readonly CallCount[] {
  const counts = new Map<string, CallCount>()
  for (const { api, outcome, kind } of entries) {
    const { sent, throttled, refused, failed } = counts.get(api) ?? { sent: 0, throttled: 0, refused: 0, failed: 0 }
    const isThrottled = kind === "throttled"
    const isRefused = REFUSED.has(kind)
    counts.set(api, {
      api,
      sent: sent + 1,
      throttled: throttled + Number(isThrottled),
      refused: refused + Number(isRefused),
      failed: failed + Number(outcome !== "ok" && !isThrottled && !isRefused),
    })
  }
  return [...counts.values()].sort((a, b) => b.sent - a.sent || (a.api < b.api ? -1 : 1))
}
