/** Inputs: what the tasks of a command line are about. */
import { resolve } from "node:path"
import { SpecError } from "../../../../errors.js"
import { show } from "../../../../input/parse.js"
import { single } from "../../../parse.js"
import type { Given, Surroundings } from "../../../surroundings.js"
import { type Lines, linesIn } from "./lines.js"
import { asksTotal } from "./words.js"

export interface TaskInputs {
  /** `size` is how many there are, where that is known. */
  readonly inputs: AsyncIterable<string> & { readonly size?: number }
  /** They are lines. */
  readonly hasLines: boolean
  /** Each worker has one task. */
  readonly isOnceAWorker: boolean
  /** Of a task that has ended; to be asked once. */
  readonly taken: (index: number) => string | undefined
}

/** A file of more is read only once: how many lines it has is known at its end. */
const MOST_BYTES_COUNTED = 64 * 1024 * 1024

/** @param workers how many there are to be. @throws SpecError when they cannot be read. */
export async function inputsOf(given: Given, surroundings: Surroundings, workers: number): Promise<TaskInputs> {
  const [each, tasks] = [single(given, "each"), numberOf("tasks", given)]
  if (each !== undefined && tasks !== undefined)
    throw new SpecError([{ option: "--tasks", message: "is given beside --each; leave one of them out" }])
  if (each === "-" && single(given, "file") === "-")
    throw new SpecError([
      { option: "--each", message: "is standard input, and so is --file; write one of them to a file" },
    ])
  if (each === undefined) {
    const size = tasks ?? workers
    return {
      ...sized(numbersTo(size), size),
      hasLines: false,
      isOnceAWorker: tasks === undefined,
      taken: () => undefined,
    }
  }
  const { directory = process.cwd() } = surroundings
  const lines = await linesIn(each === "-" ? each : resolve(directory, each), surroundings)
  const isCounted = asksTotal(given.words) || (lines.bytes !== undefined && lines.bytes <= MOST_BYTES_COUNTED)
  const size = isCounted ? await surroundings.clock.busy("counting the lines", lines.count()) : undefined
  const open = new Map<number, string>()
  const taken = (index: number) => {
    const line = open.get(index)
    open.delete(index)
    return line
  }
  return { ...sized(noted(lines, open), size), hasLines: true, isOnceAWorker: false, taken }
}

/** A whole number. @throws SpecError where it is none, or is less than `least`. */
export function numberOf(flag: string, given: Given, least = 1): number | undefined {
  const text = single(given, flag)
  if (text === undefined) return undefined
  if (/^\d{1,10}$/.test(text) && Number(text) >= least) return Number(text)
  throw new SpecError([
    { option: `--${flag}`, value: text, message: `is ${show(text)}; use a whole number from ${least}` },
  ])
}

function sized(inputs: AsyncIterable<string>, size: number | undefined): Pick<TaskInputs, "inputs"> {
  return { inputs: Object.assign(inputs, size === undefined ? {} : { size }) }
}

async function* numbersTo(count: number): AsyncGenerator<string, void, undefined> {
  for (let number = 1; number <= count; number += 1) yield String(number)
}

/** Those that were read and have not ended are noted. */
async function* noted({ lines }: Lines, open: Map<number, string>): AsyncGenerator<string, void, undefined> {
  let index = 0
  for await (const line of lines()) {
    open.set(index, line)
    index += 1
    yield line
  }
}
