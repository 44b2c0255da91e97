/** Candidates: what may stand where the last word of a line is begun. */
import type { Flag, Given, Surroundings, Verb } from "../../surroundings.js"
import { clusterNames, groupNames, ownerNames, regionNames, typeNames, workerNames } from "./known-words.js"

/** What the user has typed: the verb, the whole words after it, and the word that is begun. */
interface Line {
  readonly verb: Verb
  readonly alias: string
  readonly before: readonly string[]
  readonly last: string
}

/** @param line the words after the program's name; the last one is begun, and may be empty. */
export async function completions(
  line: readonly string[],
  verbs: readonly Verb[],
  given: Given,
  surroundings: Surroundings,
): Promise<readonly string[]> {
  const [name, ...rest] = joined(line)
  const last = rest.at(-1)
  if (last === undefined) return startingWith(name ?? "", [...verbs.flatMap(namesOf), "help"])
  if (name === "help")
    return rest.length > 1
      ? []
      : startingWith(
          last,
          verbs.map((verb) => verb.name),
        )
  const verb = verbs.find((one) => namesOf(one).includes(name ?? ""))
  if (verb === undefined) return []
  const before = rest.slice(0, -1)
  return wordsFor({ verb, alias: name ?? "", before, last }, meant(verb, before, given), surroundings)
}

/** Bash hands over "--region=x" as three words, of which the last is completed. */
function joined(line: readonly string[]): readonly string[] {
  const [flag = "", sign, begun] = line.slice(-3)
  if (sign === "=" && flag.startsWith("--")) return [...line.slice(0, -2), begun ?? ""]
  if (begun === "=" && sign?.startsWith("--") === true) return [...line.slice(0, -1), ""]
  return line
}

async function wordsFor(line: Line, given: Given, surroundings: Surroundings): Promise<readonly string[]> {
  const { verb, before, last } = line
  const [head = "", ...value] = last.split("=")
  const own = flagOf(verb, head)
  if (own?.[1].type === "string" && value.length > 0) {
    const words = await valuesOf(own, value.join("="), line, given, surroundings)
    return words.map((word) => `${head}=${word}`)
  }
  const flag = flagOf(verb, before.at(-1))
  if (flag?.[1].type === "string") return valuesOf(flag, last, line, given, surroundings)
  if (last.startsWith("-"))
    return startingWith(
      last,
      Object.keys(verb.flags).map((name) => `--${name}`),
    )
  return startingWith(last, await placed(line, given, surroundings))
}

/** What may stand as the next word that is no flag. */
async function placed(line: Line, given: Given, surroundings: Surroundings): Promise<readonly string[]> {
  const { verb, alias, before } = line
  const at = wordsIn(verb, before).length + (verb.shorthands?.[alias]?.length ?? 0)
  const many = verb.words.at(-1)?.includes("...") === true ? verb.words.at(-1) : undefined
  const inside = (verb.words[at] ?? many ?? "").replaceAll(/[[\]]|\.{3}/g, "")
  if (/^[a-z0-9|-]+$/.test(inside)) return inside.split("|")
  if (inside === "SCENARIO") {
    const names = import("../../../rehearsal/scenario-names.js")
    return (await surroundings.clock.busy("loading scenarios", names)).scenarioNames
  }
  if (inside.includes("GROUP=")) return groupsOf(line, given, surroundings)
  if (inside === "WORKER") return workerNames(clusterIn(line), given, surroundings)
  return inside.startsWith("NAME") ? clusterNames(given, surroundings) : []
}

async function groupsOf(line: Line, given: Given, surroundings: Surroundings): Promise<readonly string[]> {
  return (await groupNames(clusterIn(line), given, surroundings)).map((group) => `${group}=`)
}

/** The cluster that the line names so far. */
function clusterIn({ verb, before }: Line): string | undefined {
  const at = verb.words.findIndex((word) => word.includes("NAME"))
  return at === -1 ? undefined : wordsIn(verb, before)[at]
}

/** Of flags that take a list each item is completed by itself. */
async function valuesOf(
  [name, flag]: readonly [string, Flag],
  begun: string,
  line: Line,
  given: Given,
  surroundings: Surroundings,
): Promise<readonly string[]> {
  const from = flag.value?.includes(",") === true ? begun.lastIndexOf(",") + 1 : 0
  const words = startingWith(begun.slice(from), await valueWords(name, flag, line, given, surroundings))
  return words.map((word) => `${begun.slice(0, from)}${word}`)
}

function valueWords(
  name: string,
  { value = "" }: Flag,
  line: Line,
  given: Given,
  surroundings: Surroundings,
): Promise<readonly string[]> {
  switch (name) {
    case "workers":
      return groupsOf(line, given, surroundings)
    case "worker":
      return workerNames(clusterIn(line), given, surroundings)
    case "group":
      return groupNames(clusterIn(line), given, surroundings)
    case "instance-type":
      return typeNames(given, surroundings)
    case "region":
      return regionNames(given, surroundings)
    case "owner":
      return ownerNames(given, surroundings)
    case "name":
      return clusterNames(given, surroundings)
    default:
      return Promise.resolve(value.split("|").filter((word) => /^[a-z][a-z0-9_-]*$/.test(word)))
  }
}

/** The flags of the line so far that say what is known: which file, which journal, which provider. */
function meant(verb: Verb, before: readonly string[], given: Given): Given {
  const values = before.flatMap((word, at): [string, readonly string[]][] => {
    const [head = "", ...rest] = word.split("=")
    const found = flagOf(verb, head)
    const value = rest.length > 0 ? rest.join("=") : before[at + 1]
    return found === undefined || value === undefined ? [] : [[found[0], [value]]]
  })
  return { ...given, values: { ...given.values, ...Object.fromEntries(values) } }
}

function startingWith(begun: string, words: readonly string[]): readonly string[] {
  return words.filter((word) => word.startsWith(begun))
}

function namesOf({ name, aliases = [], shorthands = {} }: Verb): readonly string[] {
  return [name, ...aliases, ...Object.keys(shorthands)]
}

function flagOf({ flags }: Verb, word: string | undefined): readonly [string, Flag] | undefined {
  return Object.entries(flags).find(([name, { short }]) => word === `--${name}` || word === `-${short ?? ""}`)
}

/** The words that are no flags and no values of flags. */
function wordsIn(verb: Verb, before: readonly string[]): readonly string[] {
  return before.filter((word, at) => {
    return !word.startsWith("-") && flagOf(verb, before[at - 1])?.[1].type !== "string"
  })
}
