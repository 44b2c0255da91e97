/** Moments as Azure writes them, "2026-01-01T00:00:00.1234567+00:00", and HTTP. Arithmetic only: a clock says what time it is. */

const DAY_MS = 86_400_000
const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/

/** Days since 1970-01-01 of a date of the Gregorian calendar. */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** Milliseconds since 1970; undefined for what is no such moment. */
export function parseIso(text: string): number | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1, 7).map(Number)
  const millis = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1000)
  const [, sign = "+", aheadHours = "0", aheadMinutes = "0"] = /^([+-])(\d\d):(\d\d)$/.exec(match[8] ?? "Z") ?? []
  const ahead = (Number(aheadHours) * 60 + Number(aheadMinutes)) * (sign === "-" ? -1 : 1)
  return daysOf(year, month, day) * DAY_MS + ((hours * 60 + minutes - ahead) * 60 + seconds) * 1000 + millis
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const HTTP_DATE = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/

/** Milliseconds since 1970 of a moment as HTTP's headers have it: "Thu, 01 Jan 2026 00:00:00 GMT". */
export function parseHttpDate(text: string): number | undefined {
  const [, day = "", month = "", year = "", ...time] = HTTP_DATE.exec(text.trim()) ?? []
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number)
  const number = MONTHS.indexOf(month) + 1
  if (number === 0) return undefined
  return daysOf(Number(year), number, Number(day)) * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000
}

/** "2026-01-01T00:00:00.000Z" */
export function isoTime(ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  const rest = Math.floor(ms - days * DAY_MS)
  let year = 1970 + Math.floor(days / 366)
  while (daysOf(year + 1, 1, 1) <= days) year += 1
  let month = 1
  while (month < 12 && daysOf(year, month + 1, 1) <= days) month += 1
  const day = days - daysOf(year, month, 1) + 1
  const pad = (value: number, digits = 2) => String(Math.floor(value)).padStart(digits, "0")
  const time = `${pad(rest / 3_600_000)}:${pad((rest / 60_000) % 60)}:${pad((rest / 1000) % 60)}.${pad(rest % 1000, 3)}`
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${time}Z`
}
