/** Provider data: a cloud by its name with the options of its factory, as a file can say it. Pure. */
import type { SpecProblem } from "../errors.js"
import { nearest, plainOptions, show } from "../input/parse.js"
import type { JsonObject } from "../provider.js"
import { PROVIDER_NAMES, type ProviderName } from "./provider-schema.js"

/** Options of a factory as plain data, under the factory's name: `{ aws: { region: "eu-west-2" } }`. */
export type ProviderData = {
  readonly [N in ProviderName]: { readonly [K in N]: JsonObject } & {
    readonly [K in Exclude<ProviderName, N>]?: never
  }
}[ProviderName]

/** A provider by its name, with the options of its factory. */
export interface NamedProvider {
  readonly named: ProviderName
  /** Where it stands in the spec: "cluster.provider", or "cluster.provider.1" in a list. */
  readonly at: string
  readonly options: JsonObject
}

/** What each factory calls its region; this machine has none. */
export const REGION_OPTION = { local: undefined, aws: "region", gcp: "region", azure: "location" } as const

export function isNamed(provider: unknown): provider is NamedProvider {
  return typeof provider === "object" && provider !== null && "named" in provider
}

/** Whether a value is provider data: an object with one key, or with keys that are names of providers. */
export function isProviderData(value: unknown): value is ProviderData {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const keys = Object.keys(value)
  return keys.length === 1 || keys.some(isName)
}

/** What is wrong with the entries of `provider` that are data, but for what only the factory knows. */
export function dataProblems(provider: unknown): SpecProblem[] {
  return entriesOf(provider).flatMap(([option, entry]) => (isProviderData(entry) ? problemsOf(option, entry) : []))
}

function problemsOf(option: string, entry: object): SpecProblem[] {
  const unknown = Object.keys(entry).filter((key) => !isName(key))
  const named = Object.entries(entry).filter(([key]) => isName(key))
  const names = named.map(([name]) => name)
  const twice = `names ${names.join(" and ")}; give one, or a list of them: [${names.map((name) => `{ ${name}: … }`).join(", ")}]`
  return [
    ...unknown.map((key) => ({ option: `${option}.${key}`, message: `unknown option; ${hintFor(key)}` })),
    ...(named.length > 1 ? [{ option, message: twice }] : []),
    ...named.flatMap(([name, options]) => optionsProblems(`${option}.${name}`, options)),
  ]
}

function hintFor(key: string): string {
  const near = nearest(key, PROVIDER_NAMES)
  return near === undefined ? `known providers: ${PROVIDER_NAMES.join(", ")}` : `did you mean "${near}"?`
}

function optionsProblems(option: string, options: unknown): SpecProblem[] {
  const name = option.slice(option.lastIndexOf(".") + 1) as ProviderName
  const region = REGION_OPTION[name]
  const example = region === undefined ? `{ ${name}: {} }` : `{ ${name}: { ${region}: "…" } }`
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    return [{ option, value: options, message: `is ${show(options)}; give the options of ${name}(): ${example}` }]
  }
  if (plainOptions(options) !== undefined) return []
  return [{ option, message: `holds what is no plain data; give what ${name}({ … }) returns instead` }]
}

/** The providers of a spec, those that are data by their names. Its problems must have been looked for before. */
export function providersOf<Other>(provider: unknown): readonly (Other | NamedProvider)[] {
  return entriesOf(provider).map(([at, entry]) => {
    if (!isProviderData(entry)) return entry as Other
    const [[named, options]] = Object.entries(entry) as [[ProviderName, JsonObject]]
    return { named, at, options: plainOptions(options) ?? {} }
  })
}

function entriesOf(provider: unknown): readonly (readonly [option: string, entry: unknown])[] {
  const isList = Array.isArray(provider)
  return [provider].flat().map((entry, at) => [isList ? `cluster.provider.${at}` : "cluster.provider", entry])
}

/** The region that it names itself; undefined when it leaves that to the spec. */
export function ownRegion({ named, options }: NamedProvider): string | undefined {
  const region = options[REGION_OPTION[named] ?? ""]
  return typeof region === "string" ? region : undefined
}

function isName(key: string): boolean {
  return (PROVIDER_NAMES as readonly string[]).includes(key)
}
