/** Text for terminals: spans of time, and columns. Pure. */

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const

/** "2 min 10 s": the two largest units; "now" for less than a second. */
export function spanText(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return "never"
  let left = Math.round(ms / 1_000) * 1_000
  const parts: string[] = []
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size)
    left -= count * size
    if (count > 0) parts.push(`${count} ${unit}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.length > 0 ? parts.join(" ") : "now"
}

/** "in 2 min 10 s", for a moment to come. */
export function untilText(at: number, now: number): string {
  if (at === Number.POSITIVE_INFINITY) return "with the next scale"
  return at - now < 500 ? "now" : `in ${spanText(at - now)}`
}

/** "3.4 MiB". */
export function sizeText(bytes: number): string {
  let [value, unit] = [bytes, "bytes"]
  for (const larger of ["KiB", "MiB", "GiB", "TiB"]) {
    if (value < 1024) break
    ;[value, unit] = [value / 1024, larger]
  }
  return `${unit === "bytes" || value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${unit}`
}

/** What moves a terminal's cursor, changes its colours, or turns the direction of what follows. */
const UNSEEN = /[\p{Cc}\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

/** Foreign text (a tag's value, a cloud's message) on one line, without characters that control a terminal. */
export function plain(text: string): string {
  return text.replaceAll(/[\n\r\t]+/g, " ").replaceAll(UNSEEN, "")
}

/** The same for text of several lines, which stay. */
export function plainLines(text: string): string {
  return text.split("\n").map(plain).join("\n")
}

/** Rows as columns of even width, two spaces apart, indented by `indent`. */
export function columns(given: readonly (readonly string[])[], indent = 4): string[] {
  const rows = given.map((row) => row.map(plain))
  const widths: number[] = []
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  const pad = " ".repeat(indent)
  return rows.map((row) => `${pad}${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd())
}

/** Why an answer was not known in time: the message of the cloud's last answer, where there was one. */
export function unansweredText(lastAnswer: string | undefined): string {
  return lastAnswer === undefined ? "the cloud does not answer" : `the last answer: ${lastAnswer}`
}

/** "aws eu-west-2"; where the provider is a place of its own, such as this machine, it is named once. */
export function placeName(provider: string, region: string): string {
  return provider === region ? provider : `${provider} ${region}`
}
