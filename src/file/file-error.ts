/** File error: all that is wrong with a file, each with its place and the lines there. */
import { SpecError, type SpecProblem } from "../errors.js"
import { excerpt, type Offset, type Place, placeOf } from "./excerpt.js"

/** One problem of a file. */
export interface FileProblem extends SpecProblem, Partial<Place> {
  /** As the user named it; "-" is the standard input. */
  readonly file: string
  /** The lines of the file, with a mark under what is wrong; absent where the file as a whole is. */
  readonly lines?: string
}

/** A file that holds no sound spec. `problems` are in the order of its lines, and all are in the message with their lines. */
export class FileError extends SpecError {
  declare readonly problems: readonly FileProblem[]

  constructor(problems: readonly FileProblem[], words: { readonly cause?: unknown } = {}) {
    super(problems, words)
    const texts = problems.map(
      ({ option, message, lines }) => `${option}: ${message}${lines === undefined ? "" : `\n${lines}`}`,
    )
    const head = problems.length === 1 ? "" : `${problems.length} problems in ${problems[0]?.file ?? "the file"}:\n\n`
    this.message = `${head}${texts.join("\n\n")}`
  }
}

/** What is wrong with a part of a file; `said` names the option there, if it is one. */
export interface Found extends Offset {
  readonly said: string
  readonly value?: unknown
}

/** More of them are counted: who has so many has given another kind of file. */
export const MOST_PROBLEMS = 50

/** @param find finds out where a problem is. */
export function fileError<T>(
  file: string,
  text: string,
  problems: readonly T[],
  find: (problem: T) => Found,
): FileError {
  const found = problems.slice(0, MOST_PROBLEMS).map(find)
  const told = found
    .sort((a, b) => a.from - b.from)
    .map(({ said, value, from, to }): FileProblem => {
      const { line, column } = placeOf(text, from)
      const lines = excerpt(text, { from, to })
      return { option: `${file}:${line}:${column}`, value, message: said, file, line, column, lines }
    })
  const left = problems.length - found.length
  const more = { option: file, message: `has ${left} problem${left === 1 ? "" : "s"} more`, file }
  return new FileError(left === 0 ? told : [...told, more])
}

/** The file as a whole is wrong. */
export function wholeError(file: string, message: string, cause?: unknown): FileError {
  return new FileError([{ option: file, message, file }], cause === undefined ? {} : { cause })
}
