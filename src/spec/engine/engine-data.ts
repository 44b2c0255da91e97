/** Engine data: an engine by its name with the options of its factory, as a file can say it. Pure. */
import type { Engine } from "../../engines/engine.js"
import type { SpecProblem } from "../../errors.js"
import { nearest, plainOptions, show } from "../../input/parse.js"
import type { JsonObject } from "../../provider.js"

/** The names that resolve to an engine by themselves. */
export const ENGINE_NAMES = ["dask"] as const
export type EngineName = (typeof ENGINE_NAMES)[number]

/** Options of a factory as plain data, under the factory's name: `{ dask: { version: "2024.1.0" } }`. */
export type EngineData = { readonly [N in EngineName]: JsonObject }

/** What its factory returns, or its name with options. */
export type EngineChoice = Engine | EngineData

/** An engine by its name, with the options of its factory. */
export interface NamedEngine {
  readonly named: EngineName
  readonly options: JsonObject
}

export function isEngineName(name: string): name is EngineName {
  return (ENGINE_NAMES as readonly string[]).includes(name)
}

/** Whether a value is engine data: an object with one key, or with keys that are names of engines. */
export function isEngineData(value: unknown): value is EngineData {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const keys = Object.keys(value)
  return keys.length === 1 || keys.some(isEngineName)
}

/** What is wrong with an engine that is data, but for what only the factory knows. */
export function engineDataProblems(engine: unknown): SpecProblem[] {
  if (!isEngineData(engine)) return []
  const entries = Object.entries(engine)
  const [[name, options]] = entries as [[string, unknown]]
  const unknown = entries.filter(([key]) => !isEngineName(key))
  if (unknown.length > 0)
    return unknown.map(([key]) => ({ option: `cluster.engine.${key}`, message: unknownText(key) }))
  const option = `cluster.engine.${name}`
  if (typeof options !== "object" || options === null || Array.isArray(options))
    return [{ option, value: options, message: `is ${show(options)}; give the options of ${name}(): { ${name}: {} }` }]
  if (plainOptions(options) !== undefined) return []
  return [{ option, message: `holds what is no plain data; give what ${name}({ … }) returns instead` }]
}

function unknownText(key: string): string {
  const near = nearest(key, ENGINE_NAMES)
  return `unknown option; ${near === undefined ? `known engines: ${ENGINE_NAMES.join(", ")}` : `did you mean "${near}"?`}`
}

/** The engine of a spec whose problems were looked for before. */
export function engineOf(choice: EngineChoice): Engine | NamedEngine {
  if (!isEngineData(choice)) return choice
  const [[named, options]] = Object.entries(choice) as [[EngineName, JsonObject]]
  return { named, options: plainOptions(options) ?? {} }
}

export function nameOf(choice: EngineChoice): string {
  return isEngineData(choice) ? (Object.keys(choice)[0] ?? "") : choice.name
}
