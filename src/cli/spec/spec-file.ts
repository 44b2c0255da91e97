/** The file that a spec may be in, as the command line uses it. */
import type { Given, Surroundings } from "../surroundings.js"
import type { SpecData } from "./spec-flags.js"

export interface FileCluster {
  readonly name?: string
  readonly spec: SpecData
  readonly target?: number | Readonly<Record<string, number>>
  /** "muster.yaml:4:3", where a field of the spec is written. */
  readonly where: (path: readonly string[]) => string | undefined
}

export interface SpecFile {
  readonly path: string
  readonly clusters: readonly FileCluster[]
}

/** What `--file` names, or what is found from here upwards; undefined when there is none. @throws SpecError with its problems. */
export function specFileOf(_given: Given, _surroundings: Surroundings): Promise<SpecFile | undefined> {
  return Promise.resolve(undefined)
}
