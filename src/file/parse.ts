/** Parse: from a file's text to specs, with everything that is wrong with it said at once. */
import { dirname } from "node:path"
import { resolveAdapt } from "../demand/options.js"
import type { AdaptOptions } from "../demand/types.js"
import { SpecError, type SpecProblem } from "../errors.js"
import { parseOptions, show, type Z } from "../input/parse.js"
import type { Json, JsonObject } from "../provider.js"
import { checkNamed } from "../registry.js"
import { resolveSpec } from "../spec.js"
import type { ClusterSpec } from "../spec/types.js"
import { OTHER_NAMES } from "../spec/other-names.js"
import { dataProblems, isNamed, isProviderData, ownRegion, providersOf } from "../spec/provider-data.js"
import { PROVIDER_NAMES, type ProviderName, providerSchema } from "../spec/provider-schema.js"
import { engineSchema } from "../spec/engine/engine.js"
import { filesFrom } from "../spec/files.js"
import { checkScript } from "../spec/script-check.js"
import { valuesInFile } from "../spec/secrets.js"
import { checkCeiling } from "../verbs/ceiling.js"
import { resolveScale, type ScaleTarget } from "../verbs/verbs.js"
import { concealed, withNames } from "./conceal.js"
import { dataOf, type Located, locate } from "./data.js"
import { nodesOf, type TextProblem } from "./document.js"
import { type Place, placesIn } from "./excerpt.js"
import { fileError, type Found, wholeError } from "./file-error.js"
import type { Used } from "./variables.js"
import { FILE_VERSION, memberSchema, severalSchema, singleSchema } from "./shape.js"

/** One cluster of a file. */
export interface FileCluster {
  /** Absent in a file of one cluster that gives it none. */
  readonly name: string | undefined
  /** What `new Cluster` takes, its name with it. */
  readonly spec: ClusterSpec
  /** How many workers the file wants, or how many of each group; absent where it does not say. */
  readonly target: ScaleTarget | undefined
  /** What the file says of a demand: what `cluster.adapt` takes; absent where it says nothing. */
  readonly adapt: AdaptData | undefined
  /** Where an option of the spec stands ("region", "groups.train.vcpus"), or where it would; the cluster when left out. */
  where(option?: string): Place & { readonly file: string }
  /** A text that is for people, with the names of the file's variables in place of their values. */
  concealed(text: string): string
}

/** As `cluster.adapt` takes it. */
export type AdaptData = AdaptOptions | Readonly<Record<string, AdaptOptions>>

/** A file, read. */
export interface SpecFile {
  /** As it was named; "-" is the standard input. */
  readonly path: string
  /** In the order of the file; at least one. */
  readonly clusters: readonly FileCluster[]
}

/** How a text is read. */
export interface ParseOptions {
  /** The file's name in messages and places. */
  readonly path: string
  /** The values of variables; none by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Reads a file's text: YAML 1.2, or JSON. Checks it whole, the options of its clouds too, and calls no cloud.
 *
 * @throws FileError with all problems at once, 50 at most: file, line, column, the lines there, and what to do. Mistakes of the form, then
 * variables that are not set, then options: a kind that is found hides those after it.
 */
export async function parseFile(text: string, { path, env = {} }: ParseOptions): Promise<SpecFile> {
  const { contents, problems: form } = nodesOf(text)
  const inText = ({ message, ...place }: TextProblem) => ({ ...place, said: message })
  if (form.length > 0) throw fileError(path, text, form, inText)
  if (contents === null) throw wholeError(path, "is empty; it needs a provider at least: provider: local")
  const { data, located, problems, used } = dataOf(contents, env)
  if (problems.length > 0) throw fileError(path, text, problems, inText)
  const members = membersOf(data)
  const wrong = "problems" in members ? members.problems : (await problemsOfAll(members)).flat()
  if (wrong.length > 0) throw fileError(path, text, wrong, (problem) => foundAt(located, problem, used))
  const placeAt = placesIn(text)
  const clusters = (members as readonly Member[]).map(({ base, spec, target, adapt }): FileCluster => {
    const where = (option?: string) => {
      const at = [...base, ...(option === undefined ? [] : [option])].join(".")
      return { file: path, ...placeAt(foundAt(located, { option: at, message: "" }).from) }
    }
    return {
      name: spec.name,
      spec: filesFrom(spec, dirname(path)),
      ...{ target, adapt },
      where,
      concealed: (said) => withNames(said, used),
    }
  })
  return { path, clusters }
}

/** A cluster of the file, before it is known to be sound. */
interface Member {
  /** The keys that lead to it. */
  readonly base: readonly string[]
  /** What stands there, as it stands there. */
  readonly given: Json
  readonly spec: ClusterSpec
  readonly target: ScaleTarget | undefined
  readonly adapt: AdaptData | undefined
}

function membersOf(data: Json): readonly Member[] | { readonly problems: readonly SpecProblem[] } {
  if (!isObject(data)) return { problems: [{ option: "", message: `is ${show(data)}; use a spec: provider: local` }] }
  const { version } = data
  if (version !== undefined && version !== FILE_VERSION) {
    const message = `is ${show(version)}; this library reads version ${FILE_VERSION}: give that, or update muster-vms`
    return { problems: [{ option: "version", message }] }
  }
  if (!("clusters" in data)) return [memberOf([], data)]
  const problems = problemsIn("", () => parseOptions("file", (z: Z) => severalSchema(z, z.unknown()), data))
  if (problems.length > 0) return { problems }
  return Object.entries(data.clusters as JsonObject).map(([name, given]) => memberOf(["clusters", name], given))
}

function memberOf(base: readonly string[], given: Json): Member {
  const { version: _version, target, adapt, ...spec } = isObject(given) ? given : {}
  const [, name] = base
  const named = name === undefined ? spec : { ...spec, name }
  const wanted = { target: target as ScaleTarget | undefined, adapt: adapt as AdaptData | undefined }
  return { base, given, spec: named as unknown as ClusterSpec, ...wanted }
}

const choices = (z: Z) => ({ provider: providerSchema(z, isProviderData), engine: engineSchema(z) })
const single = (z: Z) => singleSchema(z, choices(z))
const member = (z: Z) => memberSchema(z, choices(z))

/** The same places in many clusters are checked once: a provider that is made looks at the machine. */
async function problemsOfAll(members: readonly Member[]): Promise<readonly (readonly SpecProblem[])[]> {
  const known = new Map<string, Promise<readonly SpecProblem[]>>()
  const checked = (given: Json) => {
    const { provider, region } = isObject(given) ? given : {}
    const key = JSON.stringify([provider, region])
    const problems = known.get(key) ?? placeProblems(provider, region)
    known.set(key, problems)
    return problems
  }
  return Promise.all(members.map((member) => problemsOf(member, checked)))
}

/** What the schema finds, else what does not go together; and what the clouds' own options say. */
async function problemsOf(
  member: Member,
  checked: (given: Json) => Promise<readonly SpecProblem[]>,
): Promise<readonly SpecProblem[]> {
  const at = member.base.map((key) => `${key}.`).join("")
  const ofSpec = specProblems(at, member)
  const places = (await checked(member.given)).map((problem) => inFile(at, problem))
  const isIn = (others: readonly SpecProblem[]) => (problem: SpecProblem) => {
    return others.some(({ option }) => option === problem.option)
  }
  // Both find an unknown option, of which the adapter knows what it is called elsewhere, and a region that is not this machine's.
  const own = ofSpec.filter((problem) => !problem.message.startsWith("unknown option;") || !isIn(places)(problem))
  return [...own, ...places.filter((problem) => !isIn(own)(problem))]
}

function specProblems(at: string, { base, given, spec, target, adapt }: Member): readonly SpecProblem[] {
  const provider = isObject(given) ? given.provider : undefined
  const values = valuesInFile(given, at)
  if (values.length > 0) return values
  const shape = problemsIn(at, () => {
    parseOptions("cluster", base.length === 0 ? single : member, given, dataProblems(provider), OTHER_NAMES)
  })
  if (shape.length > 0) return shape
  return problemsIn(at, () => {
    const { groups, maxWorkers, engine } = resolveSpec(spec, checkScript)
    const names = groups.map(({ name }) => name)
    checkCeiling(maxWorkers, resolveScale(target ?? {}, {}, names).targets)
    if (adapt !== undefined) resolveAdapt(adapt, names, { maxWorkers, hasEngine: engine !== undefined })
  })
}

/** Of providers that are known, and whose region is: what lacks one is said elsewhere. */
async function placeProblems(provider: Json | undefined, region: Json | undefined): Promise<readonly SpecProblem[]> {
  const regions = [region].flat().map((one) => (typeof one === "string" ? one : undefined))
  const isKnown = (entry: unknown) => isProviderData(entry) || PROVIDER_NAMES.some((name) => name === entry)
  if (dataProblems(provider).length > 0 || ![provider].flat().every(isKnown)) return []
  const placed = providersOf<ProviderName>(provider).filter((one) => {
    const name = isNamed(one) ? one.named : one
    return name === "local" || (isNamed(one) && ownRegion(one) !== undefined) || !regions.includes(undefined)
  })
  return (await Promise.all(placed.map((one) => checkNamed(one, regions)))).flat()
}

function problemsIn(at: string, check: () => unknown): readonly SpecProblem[] {
  try {
    check()
    return []
  } catch (error) {
    if (error instanceof SpecError) return error.problems.map((problem) => inFile(at, problem))
    throw error
  }
}

/** With the option as the file has it: "clusters.render.vcpus" for "cluster.vcpus". */
function inFile(at: string, problem: SpecProblem): SpecProblem {
  const [root = "", ...rest] = problem.option.split(".")
  // What is said of an argument of `scale` is said of the file's target.
  const isKnown = ["cluster", "file", "scale"].includes(root)
  return { ...problem, option: `${at}${(isKnown ? rest : [root, ...rest]).join(".")}`.replace(/\.$/, "") }
}

const NOWHERE: Located = { value: { from: 0, to: 0 }, children: new Map() }

/** What is said of a key points to it; what is missing, to where it is missing. */
function foundAt(located: Located, problem: SpecProblem, used: readonly Used[] = []): Found {
  const { option } = problem
  const { found, isWhole } = locate(located, option)
  const { value, message } = concealed(problem, isWhole ? found : NOWHERE, used)
  const isOfKey = !isWhole || /^(unknown option|no such group|the name is)/.test(message)
  const place = isOfKey ? (found.key ?? { from: found.value.from, to: found.value.from }) : found.value
  return { ...place, value, said: option === "" ? message : `${option}: ${message}` }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
