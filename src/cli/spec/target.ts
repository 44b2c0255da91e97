/** Which cluster a command line means, where it is, and what its workers are: flag, then variable, then file, then local state. */
import { SpecError } from "../../errors.js"
import { nearest } from "../../input/parse.js"
import type { Json } from "../../provider.js"
import { PROVIDER_NAMES } from "../../spec/provider-schema.js"
import { journalDirectoryIfAny, type KnownCluster, knownClusters } from "../local-state.js"
import { single } from "../parse.js"
import type { Given, Surroundings } from "../surroundings.js"
import { type GivenPlaces, givenPlaces, type Place, placesOf, placesOfSpec, WRITE_FIRST } from "./places.js"
import { countsOf, flagSaying, type SpecData, specOf } from "./spec-flags.js"
import { type FileCluster, type SpecFile, specFileOf } from "./spec-file.js"

/** Everything that is known of what a command line means, before any cloud is asked. */
export interface Target {
  /** Undefined where nothing names it. */
  readonly name: string | undefined
  readonly owner: string
  readonly places: readonly Place[]
  /** What the workers are, without name, owner and place. */
  readonly spec: SpecData
  /** The flag that gives a field of the spec; undefined where the file gives it, or neither does. */
  readonly flagSaying: (path: string) => string | undefined
  readonly count: number | Readonly<Record<string, number>> | undefined
  readonly file: SpecFile | undefined
  readonly fromFile: FileCluster | undefined
  /** What this machine's journals tell of it. */
  readonly known: KnownCluster | undefined
}

/** Whether a cloud will be asked. If not, the user need not say where the cluster is, and `places` may be empty. */
export type PlaceNeed = "needed" | "optional"

/** @throws SpecError when the file, a flag, or the place is wrong or missing. */
export async function targetOf(
  given: Given,
  name: string | undefined,
  surroundings: Surroundings,
  place: PlaceNeed = "needed",
): Promise<Target> {
  const file = await specFileOf(given, surroundings)
  const fromFile = clusterIn(file, name)
  const chosen = name ?? fromFile?.name
  const { provider: _provider, region: _region, name: _name, owner: ownOwner, ...described } = fromFile?.spec ?? {}
  const owner = single(given, "owner") ?? (typeof ownOwner === "string" ? ownOwner : "default")
  const asked = givenPlaces(given)
  const known = await knownOf(given, chosen, owner, surroundings)
  const isPlaced = [asked.provider, fromFile, placesOfKnown(known)[0]].some((one) => one !== undefined)
  return {
    name: chosen ?? nameIn(fromFile?.spec),
    owner,
    places: isPlaced || place === "needed" ? placesFrom(asked, fromFile, file, known, chosen) : [],
    spec: merged(described, specOf(given)),
    flagSaying: (path) => flagSaying(path, given),
    count: countsOf(given.values.workers ?? []) ?? fromFile?.target,
    file,
    fromFile,
    known,
  }
}

/** The same of a cluster that must have a name. @throws SpecError when nothing names it. */
export async function namedTarget(
  given: Given,
  surroundings: Surroundings,
  place: PlaceNeed = "needed",
): Promise<Target & { readonly name: string }> {
  const target = await targetOf(given, given.words[0], surroundings, place)
  if (target.name !== undefined) return { ...target, name: target.name }
  throw new SpecError([{ option: "NAME", message: "is missing; name the cluster, or give a file that does" }])
}

function nameIn(spec: SpecData | undefined): string | undefined {
  return typeof spec?.name === "string" ? spec.name : undefined
}

/** The cluster of that name, or the only one there is. */
function clusterIn(file: SpecFile | undefined, name: string | undefined): FileCluster | undefined {
  if (file === undefined) return undefined
  const { clusters } = file
  const [only] = clusters
  if (name === undefined) return clusters.length === 1 ? only : undefined
  // A spec that has no name is that of whatever it is called.
  return clusters.find((one) => one.name === name) ?? clusters.find((one) => one.name === undefined)
}

async function knownOf(
  given: Given,
  name: string | undefined,
  owner: string,
  surroundings: Surroundings,
): Promise<KnownCluster | undefined> {
  const directory = journalDirectoryIfAny(given, surroundings)
  if (name === undefined || directory === undefined) return undefined
  const clusters = await knownClusters(directory, surroundings.clock)
  return clusters.find((one) => one.name === name && one.owner === owner)
}

/** Neither the command line nor the file says where it is. */
function notInFile(name: string | undefined, { path, clusters }: SpecFile): SpecError {
  const names = clusters.flatMap((one) => one.name ?? [])
  if (name === undefined) {
    return new SpecError([{ option: "NAME", message: `is missing; ${path} has ${names.join(", ")}: name one` }])
  }
  const near = nearest(name, names)
  const hint = near === undefined ? `it has ${names.join(", ")}; else say where: --provider` : `did you mean ${near}?`
  return new SpecError([{ option: name, message: `is not in ${path}; ${hint}` }])
}

function placesFrom(
  asked: GivenPlaces,
  fromFile: FileCluster | undefined,
  file: SpecFile | undefined,
  known: KnownCluster | undefined,
  name: string | undefined,
): readonly Place[] {
  if (asked.provider !== undefined) return placesOf(asked)
  const written = fromFile === undefined ? placesOfKnown(known) : placesOfSpec(fromFile.spec)
  const [first] = written
  if (first === undefined) {
    const unknown = name === undefined ? "" : ` (this machine's journals know no cluster "${name}")`
    if (file === undefined) return placesOf(asked, `${WRITE_FIRST}${unknown}`)
    throw notInFile(name, file)
  }
  const options = asked.options
  if (asked.regions.length === 0)
    return written.map((place) => ({ ...place, options: { ...place.options, ...options } }))
  return asked.regions.map((region) => ({ ...first, region, options: { ...first.options, ...options } }))
}

function placesOfKnown(known: KnownCluster | undefined): readonly Place[] {
  return (known?.places ?? []).flatMap(({ provider, region, options }): readonly Place[] => {
    const name = PROVIDER_NAMES.find((one) => one === provider)
    return name === undefined ? [] : [{ provider: name, region, options }]
  })
}

/** What says of several things at once: a flag for one of them leaves the others of the file as they are. */
const JOINED = new Set(["budget", "groups", "environment", "tags"])
const SIZES = ["vcpus", "memoryGiB", "gpu", "localDisk"] as const

/** Flags before the file. Who chooses machines in one way has not the file's other way beside it. */
function merged(file: SpecData, flags: SpecData): SpecData {
  const dropped = new Set<string>([
    ...(flags.instanceType === undefined ? [] : SIZES),
    ...(SIZES.some((size) => flags[size] !== undefined) ? ["instanceType"] : []),
  ])
  const kept = Object.fromEntries(Object.entries(file).filter(([key]) => !dropped.has(key)))
  const own = Object.entries(flags).map(([key, value]) => [key, JOINED.has(key) ? joined(kept[key], value) : value])
  return { ...kept, ...(Object.fromEntries(own) as SpecData) }
}

function joined(before: Json | undefined, value: Json): Json {
  if (!isObject(before) || !isObject(value)) return value
  const own = Object.entries(value).map(([key, inner]) => [
    key,
    joined(Object.hasOwn(before, key) ? before[key] : undefined, inner),
  ])
  return { ...before, ...(Object.fromEntries(own) as SpecData) }
}

function isObject(value: Json | undefined): value is SpecData {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** Everywhere that a command line or its file names: for verbs that mean no cluster by name. */
export async function placesIn(given: Given, surroundings: Surroundings): Promise<readonly Place[]> {
  const asked = givenPlaces(given)
  if (asked.provider !== undefined) return placesOf(asked)
  const file = await specFileOf(given, surroundings)
  const written = (file?.clusters ?? []).flatMap(({ spec }) => placesOfSpec(spec))
  const unique = [...new Map(written.map((place) => [JSON.stringify(place), place])).values()]
  return unique.length > 0 ? unique : placesOf(asked)
}
