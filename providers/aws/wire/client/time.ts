/** Moments as EC2 writes them. Calendar arithmetic only: what time it is, a clock says. */

const DAY_MS = 86_400_000

/** Days since 1970-01-01 of a date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function dateOf(days: number): readonly [year: number, month: number, day: number] {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day]
}

const pad = (value: number, digits = 2) => String(value).padStart(digits, "0")

function partsOf(ms: number): { readonly date: string; readonly time: string; readonly millis: number } {
  const whole = Math.floor(ms)
  const days = Math.floor(whole / DAY_MS)
  const rest = whole - days * DAY_MS
  const [year, month, day] = dateOf(days)
  const time = [Math.floor(rest / 3_600_000), Math.floor(rest / 60_000) % 60, Math.floor(rest / 1000) % 60].map((n) =>
    pad(n),
  )
  return { date: `${pad(year, 4)}-${pad(month)}-${pad(day)}`, time: time.join(":"), millis: rest % 1000 }
}

/** "2026-01-01T00:00:00.000Z" */
export function isoTime(ms: number): string {
  const { date, time, millis } = partsOf(ms)
  return `${date}T${time}.${pad(millis, 3)}Z`
}

/** "2026-01-01 00:00:00 GMT", as in StateTransitionReason. */
export function gmtTime(ms: number): string {
  const { date, time } = partsOf(ms)
  return `${date} ${time} GMT`
}

const WEEKDAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"] as const
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const

/** "Thu, 01 Jan 2026 00:00:00 GMT", as in HTTP's Date header. */
export function httpTime(ms: number): string {
  const { date, time } = partsOf(ms)
  const [year, month, day] = date.split("-")
  // 1970 began on a Thursday.
  return `${WEEKDAYS[Math.floor(ms / DAY_MS) % 7]}, ${day} ${MONTHS[Number(month) - 1]} ${year} ${time} GMT`
}

/** "2026-01-01T00:00:00Z", with or without milliseconds; undefined when it is not one. */
export function parseIsoTime(text: string): number | undefined {
  const match = /^([\d-]{10})T([\d:]{8})(?:\.(\d{3}))?Z$/.exec(text)
  const whole = parseBasicTime(`${match?.[1]?.replaceAll("-", "")}T${match?.[2]?.replaceAll(":", "")}Z`)
  return whole === undefined ? undefined : whole + Number(match?.[3] ?? 0)
}

/** "20260101T000000Z", the form of X-Amz-Date; undefined when it is not one. */
export function parseBasicTime(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number)
  return daysOf(year, month, day) * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1000
}
