/** Compute Engine writes every time of its own in Pacific time: "2024-06-26T11:42:29.294-07:00". */
import { isoTime, parseTime } from "../../../../src/tables/times.js"

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export function pacificTime(ms: number): string {
  const behind = isSummer(ms) ? 7 : 8
  return isoTime(ms - behind * HOUR_MS).replace("Z", `-0${behind}:00`)
}

/** From the second Sunday of March to the first of November, at two in the morning (Energy Policy Act of 2005). */
function isSummer(ms: number): boolean {
  const year = isoTime(ms).slice(0, 4)
  return ms >= sunday(`${year}-03-01`, 2) + 10 * HOUR_MS && ms < sunday(`${year}-11-01`, 1) + 9 * HOUR_MS
}

/** The beginning of the nth Sunday of a month, in UTC; 1970-01-01 was a Thursday. */
function sunday(first: string, nth: number): number {
  const start = parseTime(`${first}T00:00:00Z`) ?? 0
  const weekday = (start / DAY_MS + 4) % 7
  return start + (((7 - weekday) % 7) + 7 * (nth - 1)) * DAY_MS
}
