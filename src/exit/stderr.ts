/** Say: lines on standard error, also while the process ends. */
import { plainLines } from "../text.js"

let isGuarded = false

/** A line of Muster's own. */
export function say(line: string): void {
  write(`muster: ${line}`)
}

/** What cannot be written (the terminal has hung up, the reader has gone) is lost, and ends nothing. */
export function write(line: string): void {
  if (!isGuarded) process.stderr.on("error", () => {})
  isGuarded = true
  process.stderr.write(`${plainLines(line)}\n`)
}
