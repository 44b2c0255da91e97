/** Words: the command of each task, made of the words of the command line. */
import { SpecError } from "../../../../errors.js"
import { plainWord } from "../../../../guest/text.js"
import type { Command } from "../../../../remote/remote.js"

/** What stands for the input, for the number of the task from 1, and for how many there are; as GNU parallel has them. */
const PLACES = /\{(#{0,2})\}/g

export interface Words {
  readonly words: readonly string[]
  /** Each task has an input of its own. */
  readonly hasInput: boolean
  /** How many tasks there are, where a word asks for it. */
  readonly total: number | undefined
  /** Where commands run; left out: where the worker's startup does. */
  readonly directory: string | undefined
}

/** Whether a word asks how many tasks there are. */
export function asksTotal(words: readonly string[]): boolean {
  return words.some((word) => word.includes("{##}"))
}

/**
 * One word is a text for a shell, in which the input stands as one word of it. Several are a program and its arguments, which no shell reads.
 * Where none has a place for the input or its number, the input is the last.
 *
 * @throws SpecError when there is no word.
 */
export function commandOf({ words, hasInput, total = 0, directory }: Words): (input: string, index: number) => Command {
  const [text] = words
  if (text === undefined)
    throw new SpecError([{ option: "COMMAND", message: "is missing; use: muster run -- COMMAND" }])
  const isText = words.length === 1
  const isPlaced = words.some((word) => word.search(PLACES) !== -1)
  const template = hasInput && !isPlaced ? (isText ? [`${text} {}`] : [...words, "{}"]) : words
  const place = isText ? plainWord : (word: string) => word
  return (input, index) => {
    const filled = template.map((word) =>
      word.replaceAll(PLACES, (_place, marks: string) =>
        marks === "" ? place(input) : String(marks === "#" ? index + 1 : total),
      ),
    )
    const command = isText ? ["sh", "-c", filled.join("")] : filled
    return directory === undefined ? command : [...inDirectory(directory), ...command]
  }
}

/** The setup of each worker, in the same directory. */
export function setupOf(text: string, directory: string | undefined): Command {
  return directory === undefined ? text : [...inDirectory(directory), "sh", "-c", text]
}

function inDirectory(directory: string): readonly string[] {
  return ["sh", "-c", 'cd -- "$0" && exec "$@"', directory]
}
