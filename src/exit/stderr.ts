/** Standard error: prints lines there, also while the process ends. */
import { plainLines } from "../text.js"

let isGuarded = false

/** Prints a line with Muster's prefix. */
export function printLine(line: string): void {
  printText(`muster: ${line}`)
}

/** Prints text as it is. A failed write (a closed terminal or pipe) is ignored. */
export function printText(line: string): void {
  if (!isGuarded) process.stderr.on("error", () => {})
  isGuarded = true
  process.stderr.write(`${plainLines(line)}\n`)
}
