/** The file that a spec may be in, as the command line uses it. Its reader is loaded where there is one. */
import type { findFile as FindFile } from "../../file/find.js"
import type { AdaptData, FileCluster as Read, SpecFile as ReadFile } from "../../file/parse.js"
import { single } from "../parse.js"
import type { Given, Surroundings } from "../surroundings.js"
import type { SpecData } from "./spec-flags.js"

export interface FileCluster {
  readonly name: string | undefined
  readonly spec: SpecData
  readonly target: number | Readonly<Record<string, number>> | undefined
  readonly adapt: AdaptData | undefined
  /** "muster.yaml:4:3", where an option of the spec is written, or would be. */
  readonly where: (option: string) => string
  /** A text with the names of the file's variables in place of their values. */
  readonly concealed: (text: string) => string
}

export interface SpecFile {
  readonly path: string
  readonly clusters: readonly FileCluster[]
}

/** A command line reads its file once: standard input is there only once. */
const read = new WeakMap<Given["values"], Promise<SpecFile | undefined>>()

/** What `--file` names, or what is found from here upwards; undefined when there is none. @throws FileError with its problems. */
export function specFileOf(given: Given, surroundings: Surroundings): Promise<SpecFile | undefined> {
  const known =
    read.get(given.values) ?? surroundings.clock.busy("reading the spec's file", readFile(given, surroundings))
  read.set(given.values, known)
  return known
}

/** Whether there is a file, without a look into it. @throws FileError for two in one directory. */
export async function hasSpecFile(given: Given, { clock, directory }: Surroundings): Promise<boolean> {
  if (single(given, "file") !== undefined) return true
  const find = async () => {
    const { findFile }: { readonly findFile: typeof FindFile } = await import("../../file/find.js")
    return findFile(directory ?? process.cwd())
  }
  return (await clock.busy("looking for the spec's file", find())) !== undefined
}

async function readFile(given: Given, surroundings: Surroundings): Promise<SpecFile | undefined> {
  const { env, directory, input } = surroundings
  const path = single(given, "file")
  const { loadFile } = await import("../../file/load.js")
  const file: ReadFile | undefined = await loadFile({ path, directory, env, stdin: input ?? nothing() })
  return file === undefined ? undefined : { path: file.path, clusters: file.clusters.map(clusterOf) }
}

async function* nothing(): AsyncGenerator<string> {}

function clusterOf({ name, spec, target, adapt, where, concealed }: Read): FileCluster {
  return {
    name,
    spec: spec as unknown as SpecData,
    target: target as FileCluster["target"],
    ...{ adapt, concealed },
    where: (option) => {
      const { file, line, column } = where(option)
      return `${file}:${line}:${column}`
    },
  }
}
