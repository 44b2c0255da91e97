/** Known words: names that this machine knows, from its journals and from the spec's file. No cloud is asked. */
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { readJournals } from "../../../fleet/journal/history.js"
import { workerName } from "../../../fleet/reports/worker.js"
import type { Json, JsonObject } from "../../../provider.js"
import { journalDirectoryIfAny, knownClusters, knownNames } from "../../local-state.js"
import { single } from "../../parse.js"
import type { Given, Surroundings } from "../../surroundings.js"

/** A file of specs as plain data, or nothing: what is wrong with it is not for a completion to say. */
type Specs = Readonly<Record<string, JsonObject>>

export async function clusterNames(given: Given, surroundings: Surroundings): Promise<readonly string[]> {
  const directory = journalDirectoryIfAny(given, surroundings)
  const { clock } = surroundings
  const made = directory === undefined ? [] : await clock.busy("reading local state", knownNames(directory))
  const written = Object.keys(await specsIn(given, surroundings))
  return sorted([...made, ...written])
}

/** @param name of a cluster; of all clusters that are known when left out. */
export async function groupNames(
  name: string | undefined,
  given: Given,
  surroundings: Surroundings,
): Promise<readonly string[]> {
  const specs = await specsIn(given, surroundings)
  const chosen = Object.entries(specs).filter(([one]) => name === undefined || one === name || one === "")
  const written = chosen.flatMap(([, { groups }]) => (isObject(groups) ? Object.keys(groups) : []))
  const made = await madeOf(name, given, surroundings)
  return sorted([...written, ...made.map(({ group }) => group)])
}

/** Also of workers that are gone meanwhile. @param cluster of all clusters that are known when left out. */
export async function workerNames(
  cluster: string | undefined,
  given: Given,
  surroundings: Surroundings,
): Promise<readonly string[]> {
  return sorted((await madeOf(cluster, given, surroundings)).map(({ name }) => name))
}

export async function typeNames(given: Given, surroundings: Surroundings): Promise<readonly string[]> {
  const specs = Object.values(await specsIn(given, surroundings))
  const parts = specs.flatMap((spec) => [spec, ...(isObject(spec.groups) ? Object.values(spec.groups) : [])])
  const written = parts.flatMap((part) => (isObject(part) ? [part.instanceType ?? []].flat() : []))
  const made = await madeOf(undefined, given, surroundings)
  return sorted([...written.filter((one) => typeof one === "string"), ...made.map(({ type }) => type)])
}

export async function regionNames(given: Given, surroundings: Surroundings): Promise<readonly string[]> {
  const provider = single(given, "provider")
  const places = (await known(given, surroundings)).flatMap((cluster) => cluster.places)
  const own = places.filter((place) => provider === undefined || place.provider === provider)
  return sorted(own.map(({ region }) => region).filter((region) => region !== "local"))
}

export async function ownerNames(given: Given, surroundings: Surroundings): Promise<readonly string[]> {
  return sorted((await known(given, surroundings)).map(({ owner }) => owner))
}

async function known(given: Given, surroundings: Surroundings) {
  const directory = journalDirectoryIfAny(given, surroundings)
  return directory === undefined ? [] : knownClusters(directory, surroundings.clock)
}

/** What the journals tell of instances that were made. */
async function madeOf(name: string | undefined, given: Given, surroundings: Surroundings) {
  const directory = journalDirectoryIfAny(given, surroundings)
  if (directory === undefined) return []
  const { clock } = surroundings
  const clusters = (await knownClusters(directory, clock)).filter((one) => name === undefined || one.name === name)
  const histories = await Promise.all(clusters.map((one) => readJournals(directory, one.name, one.owner, clock)))
  return histories.flat().flatMap(({ made }) => {
    return made.map(({ group, instance }) => {
      return { group, type: instance.instanceType, name: workerName(instance, group) }
    })
  })
}

/** The specs of the file by the clusters' names; a cluster without a name has the empty one. */
async function specsIn(given: Given, { clock, directory, env }: Surroundings): Promise<Specs> {
  const read = async (): Promise<Specs> => {
    const { findFile } = await import("../../../file/find.js")
    const at = directory ?? process.cwd()
    const named = single(given, "file") ?? env.MUSTER_FILE
    const path = named ? resolve(at, named) : await findFile(at)
    if (path === undefined || named === "-") return {}
    const reader = Promise.all([import("../../../file/document.js"), import("../../../file/data.js")])
    const [{ nodesOf }, { dataOf }] = await reader
    return specsOf(dataOf(nodesOf(await readFile(path, "utf8")).contents, env).data)
  }
  return clock.busy(
    "reading the spec's file",
    read().catch(() => ({})),
  )
}

function specsOf(data: Json): Specs {
  if (!isObject(data)) return {}
  if (isObject(data.clusters)) return Object.fromEntries(Object.entries(data.clusters).filter(isSpec))
  return { [typeof data.name === "string" ? data.name : ""]: data }
}

function isSpec(entry: readonly [string, Json]): entry is [string, JsonObject] {
  return isObject(entry[1])
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function sorted(words: readonly string[]): readonly string[] {
  return [...new Set(words)].filter((word) => word !== "").sort()
}
