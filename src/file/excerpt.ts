/** Excerpt: lines of a file with a mark under what is wrong. Pure. */
import { plain } from "../text.js"

/** A part of a text, as offsets of UTF-16 units; `to` is after its last one. */
export interface Offset {
  readonly from: number
  readonly to: number
}

/** A place in a file, as editors count: from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Longer lines are cut around what is wrong. */
const WIDEST = 100

/** Lines that are shown before the one that is meant. */
const BEFORE = 1

export function placeOf(text: string, offset: number): Place {
  return placesIn(text)(offset)
}

/** The place of each offset of a text, which is read once: the time of a look-up grows with the logarithm of its lines. */
export function placesIn(text: string): (offset: number) => Place {
  const begins = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  return (offset) => {
    let [first, last] = [0, begins.length - 1]
    while (first < last) {
      const middle = Math.ceil((first + last) / 2)
      if ((begins[middle] ?? 0) <= offset) first = middle
      else last = middle - 1
    }
    return { line: first + 1, column: offset - (begins[first] ?? 0) + 1 }
  }
}

/** The line, the one before it, and a line of "^" under what is meant, each with its number. */
export function excerpt(text: string, { from, to }: Offset): string {
  const { line, column } = placeOf(text, from)
  const lines = text.split(/\r?\n/)
  const first = Math.max(1, line - BEFORE)
  const width = String(line).length
  const shown = lines.slice(first - 1, line)
  // A mark on a line that was cut must stay below what it means.
  const cut = column > WIDEST - 20 ? column - 40 : 0
  const rows = shown.map((row, at) => `${String(first + at).padStart(width)} | ${clip(row, cut)}`)
  const own = lines[line - 1] ?? ""
  const length = Math.max(1, Math.min(to - from, own.length - column + 1, WIDEST - (column - cut)))
  const pad = plain(clip(own, cut).slice(0, column - 1 - cut)).replaceAll(/[^\t]/g, " ")
  return [...rows, `${" ".repeat(width)} | ${pad}${"^".repeat(length)}`].join("\n")
}

function clip(line: string, cut: number): string {
  return plain(line.slice(cut, cut + WIDEST))
}
