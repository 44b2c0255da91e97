/** Limits: how long a command and its variables may be. Pure. */
import { SpecError, type SpecProblem } from "../errors.js"
import type { Command, SpawnOptions } from "./remote.js"

/** Linux takes no longer argument or variable (MAX_ARG_STRLEN: 32 pages of 4 KiB with the byte that ends it, execve(2)). */
export const MOST_WORD_BYTES = 131_071

/**
 * Arguments and variables have a quarter of the stack's limit together, which is 8 MiB by default; an eighth of a MiB is left to the
 * variables that the worker has.
 */
const MOST_WORDS_BYTES = (2 * 1024 - 128) * 1024

/** Each word has a pointer beside its bytes, and a byte that ends it. */
const WORD_MORE_BYTES = 9

/** A shell reads a text byte by byte: some seconds for so many. */
const MOST_TEXT_BYTES = 16 * 1024 * 1024

/** Why no machine can run it, to be said after "the command"; undefined where one can. */
export function commandProblem(command: Command): string | undefined {
  const words = typeof command === "string" ? [command] : command
  if (words.some((one) => one.includes("\0"))) return "has a NUL byte in it, which no argument can hold"
  if (typeof command === "string") {
    const bytes = Buffer.byteLength(command)
    return bytes <= MOST_TEXT_BYTES
      ? undefined
      : `has ${count(bytes)} bytes; at most ${count(MOST_TEXT_BYTES)}: send it as a file, and run that`
  }
  const long = words.findIndex((one) => Buffer.byteLength(one) > MOST_WORD_BYTES)
  if (long === -1) return undefined
  const bytes = Buffer.byteLength(words[long] ?? "")
  return `its word ${long + 1} has ${count(bytes)} bytes; Linux takes at most ${count(MOST_WORD_BYTES)} in one word; give it on standard input or in a file: a text for sh may have 16 MiB`
}

/** The same of a variable. Its value is not in it. */
export function variableProblem(name: string, value: string): string | undefined {
  const bytes = Buffer.byteLength(`${name}=${value}`)
  return bytes <= MOST_WORD_BYTES
    ? undefined
    : `has ${count(bytes)} bytes with its name; Linux takes at most ${count(MOST_WORD_BYTES)}: give it on standard input, or in a file`
}

/** @throws SpecError for what no machine can run. No value of a variable is in it. */
export function checkLimits(command: Command, { environment = {} }: Pick<SpawnOptions, "environment">): void {
  const variables = Object.entries(environment)
  const problems: SpecProblem[] = [
    { option: "command", message: commandProblem(command) },
    ...variables.map(([name, value]) => ({ option: `environment.${name}`, message: variableProblem(name, value) })),
  ].flatMap(({ option, message }) => (message === undefined ? [] : [{ option, message }]))
  const all = sizeOf([...(typeof command === "string" ? [] : command), ...variables.map((pair) => pair.join("="))])
  if (problems.length === 0 && all > MOST_WORDS_BYTES) {
    const message = `its words and variables have ${count(all)} bytes together; machines take at most ${count(MOST_WORDS_BYTES)}: give some of it on standard input, or in a file`
    problems.push({ option: "command", message })
  }
  if (problems.length > 0) throw new SpecError(problems)
}

function sizeOf(words: readonly string[]): number {
  return words.reduce((sum, one) => sum + Buffer.byteLength(one) + WORD_MORE_BYTES, 0)
}

function count(number: number): string {
  return number.toLocaleString("en-US")
}
