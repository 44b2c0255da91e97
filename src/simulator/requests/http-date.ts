/** HTTP's Date, as a cloud's answers carry it. */

const DAY_MS = 86_400_000
/** 1970 began on a Thursday. */
const WEEKDAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** "Thu, 01 Jan 2026 00:00:00 GMT". @param iso the same moment as "2026-01-01T00:00:00.000Z". */
export function httpDate(ms: number, iso: string): string {
  const [year = "", month = "", day = ""] = iso.slice(0, 10).split("-")
  return `${WEEKDAYS[Math.floor(ms / DAY_MS) % 7]}, ${day} ${MONTHS[Number(month) - 1]} ${year} ${iso.slice(11, 19)} GMT`
}
