/** Shell: a command with its environment and directory, as text that any POSIX `sh` reads. Pure. */
import { SpecError } from "../errors.js"
import { exportLines } from "../guest/steps/environment.js"
import { plainWord } from "../guest/text.js"
import { checkLimits, MOST_WORD_BYTES } from "./limits.js"
import type { Command, SpawnOptions } from "./remote.js"

/** The words that run a command. */
export function argvOf(command: Command): readonly string[] {
  return typeof command === "string" ? ["/bin/sh", "-c", command] : command
}

/** How a command travels. */
export interface Travelling {
  /** What a shell is asked to run. */
  readonly text: string
  /** What its standard input begins with: a line that it reads itself, or nothing. */
  readonly input: string
}

/** Left for what stands before and after a text in an argument of ours. */
const ROOM_BYTES = 1024

/** A text that is longer travels on standard input: it is none that an argument can hold. */
export const MOST_TEXT_BYTES = MOST_WORD_BYTES - ROOM_BYTES

/**
 * Variables do not stand in the text, since anybody on a machine may read its argument lists: they are read from the first line of
 * standard input. A text that is longer than an argument may be comes with them. `read` takes a byte at a time, and leaves what
 * follows to the command.
 *
 * @throws SpecError for a command or a variable that no machine takes.
 */
export function travelling(command: Command, options: Pick<SpawnOptions, "cwd" | "environment">): Travelling {
  checkLimits(command, options)
  const { cwd, environment = {} } = options
  const variables = exportLines(environment)
  const direct = directText(command, cwd, variables.length > 0)
  if (Buffer.byteLength(direct) <= MOST_TEXT_BYTES) return { text: direct, input: lineOf(variables) }
  const script = [
    "unset muster_text",
    ...variables,
    ...(cwd === undefined ? [] : [`cd -- ${plainWord(cwd)} || exit`]),
    typeof command === "string" ? command : `exec ${command.map(plainWord).join(" ")}`,
  ]
  return { text: READ_ALL, input: lineOf(script) }
}

/**
 * A command as the one argument that a program of this machine hands on.
 *
 * @throws SpecError for one that is too long for that.
 */
export function argumentOf(command: Command): string {
  const { text, input } = travelling(command, {})
  if (input === "") return text
  const message = `is too long for a shell of a terminal: one argument holds it, of at most ${MOST_TEXT_BYTES} bytes with its quotes; send it as a file, and run that`
  throw new SpecError([{ option: "command", message }])
}

const READ_ALL = `exec /bin/sh -c 'IFS= read -r muster_text && eval "$(printf %s "$muster_text" | base64 -d)"'`

/** By a name that no user's variable has: what is read may set any other. */
const READ_LINE = `IFS= read -r muster_line && eval "$(printf %s "$muster_line" | base64 -d)" && unset muster_line`

function directText(command: Command, cwd: string | undefined, hasVariables: boolean): string {
  const parts: string[] = []
  if (hasVariables) parts.push(READ_LINE)
  if (cwd !== undefined) parts.push(`cd -- ${plainWord(cwd)}`)
  parts.push(`exec ${argvOf(command).map(plainWord).join(" ")}`)
  return parts.join(" && ")
}

function lineOf(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${Buffer.from(`${lines.join("\n")}\n`).toString("base64")}\n`
}
