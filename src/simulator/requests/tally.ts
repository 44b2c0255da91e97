/** Tally: a ledger counted by api. */
import type { LedgerEntry } from "./ledger.js"

export interface CallCount {
  readonly api: string
  readonly sent: number
  /** Refused by a bucket, or by a script in its place. */
  readonly throttled: number
  /** Refused for capacity, quota or missing permission. */
  readonly refused: number
  /** Requests without an answer that shows the outcome. */
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
