/** Moments as clouds and HTTP write them. Calendar arithmetic only: a clock says what time it is. */

const DAY_MS = 86_400_000

/** Days since 1970-01-01 of a date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** "2026-01-01T00:00:00.000Z" */
export function isoTime(ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  const rest = Math.floor(ms) - days * DAY_MS
  const [hours, minutes, seconds] = [rest / 3_600_000, (rest / 60_000) % 60, (rest / 1000) % 60]
  return `${dateOf(days)}T${pad(hours)}:${pad(minutes)}:${pad(seconds)}.${pad(rest % 1000, 3)}Z`
}

function dateOf(days: number): string {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = ((monthFromMarch + 2) % 12) + 1
  return `${pad(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), 4)}-${pad(month)}-${pad(day)}`
}

function pad(value: number, digits = 2): string {
  return String(Math.floor(value)).padStart(digits, "0")
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/

/** Milliseconds since 1970 of an RFC 3339 time, with its fraction and its offset; undefined for what is no such time. */
export function parseTime(text: string | undefined): number | undefined {
  const match = RFC3339.exec(text ?? "")
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 7).map(Number)
  const fraction = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1000)
  const offset = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * (match[8] === "-" ? -1 : 1)
  return daysOf(year, month, day) * DAY_MS + ((hours * 60 + minutes - offset) * 60 + seconds) * 1000 + fraction
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const HTTP_DATE = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/

/** Milliseconds since 1970 of a moment as HTTP's headers have it, "Thu, 01 Jan 2026 00:00:00 GMT"; undefined for any other text. */
export function parseHttpDate(text: string): number | undefined {
  const [, day = "", month = "", year = "", ...time] = HTTP_DATE.exec(text.trim()) ?? []
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number)
  const number = MONTHS.indexOf(month) + 1
  if (number === 0) return undefined
  return daysOf(Number(year), number, Number(day)) * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000
}
