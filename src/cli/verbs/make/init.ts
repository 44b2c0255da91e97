/** `muster init`: writes a first muster.yaml, from flags and, at a terminal, from answers. */
import { writeFile } from "node:fs/promises"
import { resolve } from "node:path"
import { MusterError, SpecError } from "../../../errors.js"
import type { FirstAnswers } from "../../../file/first.js"
import { PROVIDER_NAMES, REGION_EXAMPLES } from "../../../spec/provider-schema.js"
import { EXIT } from "../../exit-codes.js"
import { single } from "../../parse.js"
import { givenPlaces, placesOf } from "../../spec/places.js"
import { countsOf, specOf } from "../../spec/spec-flags.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"

const DEFAULT_FILE = "muster.yaml"

export const run: RunVerb = async (given, surroundings) => {
  const { clock, out, say, directory = process.cwd() } = surroundings
  const answers = await answersTo(given, surroundings)
  const [{ firstFile }, { parseFile }, { FILE_NAMES }] = await clock.busy(
    "loading the file's reader",
    Promise.all([import("../../../file/first.js"), import("../../../file/parse.js"), import("../../../file/find.js")]),
  )
  const file = single(given, "file") ?? DEFAULT_FILE
  const text = firstFile(answers)
  // What it says is wrong before it is there, and in the words that it will be told in later.
  await clock.busy("checking the file", parseFile(text, { path: file, env: surroundings.env }))
  if (file === "-") {
    out(text)
    return EXIT.ok
  }
  await clock.busy("writing the file", writeNew(resolve(directory, file), file, text))
  const named = FILE_NAMES.some((name) => name === file) ? "" : ` -f ${file}`
  say(`wrote ${file}; next: muster plan${named}, then muster up${named}\n`)
  return EXIT.ok
}

async function writeNew(path: string, file: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx" })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === "EEXIST" ? "is there already; remove it, or name another one" : `cannot be written: ${message}`
    throw new SpecError([{ option: "--file", value: file, message: `${file} ${why}` }])
  }
}

/** Flags first. What they leave out is asked for where a user can answer. */
async function answersTo(given: Given, { prompt }: Surroundings): Promise<FirstAnswers> {
  const ask = async (question: string, known: string | undefined, instead = "") => {
    if (known !== undefined || prompt === undefined) return known ?? instead
    const answer = await prompt(`${question}${instead === "" ? "" : ` [${instead}]`}: `)
    if (answer === undefined) throw new MusterError("the answers ended before the last question; nothing was written")
    return answer.trim() === "" ? instead : answer.trim()
  }
  const asked = givenPlaces(given)
  const name = await ask("name of the cluster", given.words[0], "first")
  const provider = await ask(`provider (${PROVIDER_NAMES.join(", ")})`, asked.provider, prompt && "local")
  const chosen = provider === "" ? {} : givenPlaces({ ...given, values: { provider: [provider] } })
  const regions = await regionsOf(provider, asked.regions, ask)
  const [place] = placesOf({ ...chosen, options: {}, regions }, "")
  const spec = specOf(given)
  const budget = spec.budget as { readonly perHour?: number } | undefined
  const count = countsOf(given.values.workers ?? [])
  const counted =
    typeof count === "number" ? count : countsOf([await ask("how many workers", undefined, "1")], "workers")
  return {
    name,
    provider: place?.provider ?? "local",
    region: place?.region,
    instanceType: spec.instanceType as string | undefined,
    vcpus: spec.vcpus as number | undefined,
    memoryGiB: spec.memoryGiB as number | undefined,
    market: spec.market as FirstAnswers["market"],
    count: counted as number,
    budgetPerHour: budget?.perHour,
  }
}

async function regionsOf(
  provider: string,
  given: readonly string[],
  ask: (question: string, known: string | undefined, instead?: string) => Promise<string>,
): Promise<readonly string[]> {
  if (given.length > 0 || !Object.hasOwn(REGION_EXAMPLES, provider)) return given
  const example = REGION_EXAMPLES[provider as keyof typeof REGION_EXAMPLES]
  const region = await ask(`region, such as ${example}`, undefined)
  return region === "" ? [] : [region]
}
