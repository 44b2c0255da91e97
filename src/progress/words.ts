/** Words for a terminal: what others say made harmless, and cut to the columns there are. Pure. */
import { plain } from "../text.js"

/** Takes no column of its own, but for the mark that makes an emoji of a sign, which may then take one more. */
const NO_CELL = /(?!\ufe0f)[\p{Mn}\p{Me}]/u
/** Takes two columns: East Asian scripts, full-width forms, emoji, and the planes that are kept for ideographs. */
const TWO_CELLS =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u
const BEYOND_ASCII = /[^\u0020-\u007e]/gu
const ASCII = /^[\u0020-\u007e]*$/

/** Foreign words on one line, with nothing in them that a terminal would obey; only ASCII where it shows nothing else. */
export function shown(text: string, unicode: boolean): string {
  const harmless = plain(text).replaceAll(/\p{Cf}/gu, "")
  return unicode ? harmless : harmless.replaceAll(BEYOND_ASCII, "?")
}

/** How many columns a text takes at most: what a terminal may draw narrower counts as wide. */
export function cellsIn(text: string): number {
  if (ASCII.test(text)) return text.length
  let cells = 0
  for (const character of text) cells += cellsOf(character)
  return cells
}

/** As much of a text as has room, with a mark where something is left out. */
export function clip(text: string, cells: number, unicode: boolean): string {
  if (cellsIn(text) <= cells) return text
  const mark = unicode ? "…" : "~"
  let room = cells - 1
  let kept = ""
  for (const character of text) {
    room -= cellsOf(character)
    if (room < 0) break
    kept += character
  }
  return cells < 1 ? "" : kept + mark
}

/** Items in as few lines as they have room in, none of them broken. */
export function wrap(items: readonly string[], cells: number, between: string): readonly string[] {
  const lines: string[] = []
  for (const item of items) {
    const last = lines.at(-1)
    const longer = `${last}${between}${item}`
    if (last !== undefined && cellsIn(longer) <= cells) lines[lines.length - 1] = longer
    else lines.push(item)
  }
  return lines
}

/** At most four characters: 999, 1.2k, 12k, 1.2M. */
export function short(count: number): string {
  if (count < 1_000) return String(count)
  if (count < 999_500) return inUnits(count / 1_000, "k")
  return count < 999_500_000 ? inUnits(count / 1_000_000, "M") : "many"
}

function inUnits(value: number, unit: string): string {
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)}${unit}`
}

function cellsOf(character: string): number {
  if (NO_CELL.test(character)) return 0
  return TWO_CELLS.test(character) ? 2 : 1
}
