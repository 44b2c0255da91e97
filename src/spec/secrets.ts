/** Secrets: the part of a worker's spec that says which secrets its workers have, and where their values are from. Values are never kept. */
import { SpecError, type SpecProblem } from "../errors.js"
import type { Z } from "../input/parse.js"
import type { SecretSource, WorkerFields } from "./types.js"

/** Where a value was from that only the program knew which gave it: what is kept in its place. */
export interface NotKept {
  readonly notKept: true
}

export type KeptSource = Exclude<SecretSource, { readonly value: string } | ((...args: never) => unknown)> | NotKept

export type ResolvedSecrets = ReadonlyMap<string, SecretSource | NotKept>

/** What of a group its secrets must agree with. */
interface Holding {
  readonly name: string
  readonly secrets: ResolvedSecrets
  readonly environment: Readonly<Record<string, string>>
  readonly container: unknown
}

/** A shell and the loader of programs read these; Muster has its own. */
const NAME = /^(?!MUSTER_|LD_|(?:PATH|HOME|IFS|PWD|ENV|BASH_ENV|__proto__)$)[A-Za-z_][A-Za-z0-9_]*$/
const NAME_RULE = `use the name of a variable: letters, digits and "_", not beginning with a digit, "MUSTER_" or "LD_", and not PATH or HOME`
const SOURCE_RULE =
  'use { fromEnvironment: "NAME" }, { command: "pass show it" }, or in a program { value } or a function of the worker'
const RULE =
  'use a list of variables of yours, ["TOKEN"], or where each is from: { TOKEN: { command: "pass show it" } }'

/** docker's own client reads these, and would take a worker's for its own. */
const OF_DOCKER = /^(?:DOCKER_.*|HTTPS?_PROXY|NO_PROXY|BUILDKIT_.*)$/i

export const secretsSchema = (z: Z) => {
  const name = z.string(NAME_RULE).regex(NAME, NAME_RULE)
  const word = z.string(SOURCE_RULE).min(1, "must not be empty")
  const source = z.union(
    [
      z.strictObject({ fromEnvironment: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "use the name of a variable") }),
      z.strictObject({ command: z.union([word, z.array(z.string()).min(1)]) }),
      // A file is no place for a value: the JSON Schema refuses what only programs may give.
      z
        .strictObject({
          value: z
            .string("must be a text")
            .min(1, "is empty; a secret that is empty is surely a slip: leave it out, or give it in environment"),
        })
        .meta({ not: {} }),
      z.strictObject({ notKept: z.literal(true) }).meta({ not: {} }),
      z.custom<(...args: never) => unknown>((value) => typeof value === "function"),
    ],
    SOURCE_RULE,
  )
  return z.union([z.array(name).min(1, "name at least one, or leave it out"), z.record(name, source)], RULE)
}

/** Those of the group, before those of the whole spec. */
export function resolveSecrets(...given: readonly WorkerFields["secrets"][]): ResolvedSecrets {
  return new Map(given.flatMap((one) => Object.entries(sourcesOf(one))))
}

function sourcesOf(secrets: WorkerFields["secrets"]): Readonly<Record<string, SecretSource>> {
  if (secrets === undefined) return {}
  if (!isList(secrets)) return secrets
  return Object.fromEntries(secrets.map((name) => [name, { fromEnvironment: name }]))
}

function isList(secrets: NonNullable<WorkerFields["secrets"]>): secrets is readonly string[] {
  return Array.isArray(secrets)
}

/** Names and sources, for whoever attaches later. */
export function keptSecrets(secrets: ResolvedSecrets): WorkerFields["secrets"] {
  if (secrets.size === 0) return undefined
  const kept = [...secrets].map(([name, source]) => [name, keptSource(source)] as const)
  return Object.fromEntries(kept) as unknown as WorkerFields["secrets"]
}

function keptSource(source: SecretSource | NotKept): KeptSource {
  if (typeof source === "function" || "value" in source || "notKept" in source) return { notKept: true }
  return source
}

/** What is wrong with them, whoever asks: names that mean something else as well, and values that no variable can hold. */
export function secretsProblems(option: string, group: Holding): SpecProblem[] {
  return [...group.secrets].flatMap(([name, source]) => {
    const at = { option: `${option}.${name}` }
    if (Object.hasOwn(group.environment, name))
      return [{ ...at, message: "is in environment as well, which is no secret; leave it out of one of them" }]
    if (group.container !== undefined && OF_DOCKER.test(name))
      return [{ ...at, message: "is a variable that docker itself reads; with a container give it another name" }]
    const isNul = typeof source === "object" && "value" in source && source.value.includes("\0")
    return isNul ? [{ ...at, message: "has a NUL, which no variable can hold" }] : []
  })
}

/** Of values that are to come from this process's variables, those that are not there, or empty; and those that nobody can give. */
export function missingSecrets(
  { secrets }: Pick<Holding, "secrets">,
  environment: Readonly<Record<string, string | undefined>>,
): SpecProblem[] {
  return [...secrets].flatMap(([name, source]) => {
    const option = `cluster.secrets.${name}`
    if (typeof source === "function") return []
    if ("notKept" in source) {
      return [{ option, message: "was given by the program that made the cluster, and is kept nowhere; give it again" }]
    }
    if (!("fromEnvironment" in source)) return []
    const variable = source.fromEnvironment
    const value = environment[variable]
    if (value === undefined) return [{ option, message: `is not given: the variable ${variable} is not set; set it` }]
    return value === "" ? [{ option, message: `is empty: the variable ${variable} holds nothing; set it` }] : []
  })
}

/** @throws SpecError where workers of a group would be launched that could not have their secrets. */
export function checkSecrets(
  groups: readonly Pick<Holding, "name" | "secrets">[],
  targets: ReadonlyMap<string, number>,
): void {
  const wanted = groups.filter(({ name }) => (targets.get(name) ?? 0) > 0)
  const problems = wanted.flatMap((group) => missingSecrets(group, process.env))
  if (problems.length === 0) return
  throw new SpecError([...new Map(problems.map((problem) => [problem.option, problem])).values()])
}

/** In a file there is no place for values: it is shown, sent and kept. */
export function valuesInFile(spec: unknown, option: string): SpecProblem[] {
  const { secrets, groups } = (spec ?? {}) as { readonly secrets?: unknown; readonly groups?: unknown }
  const own = Object.entries(typeof secrets === "object" && secrets !== null ? secrets : {}).flatMap(
    ([name, source]) => {
      const isValue = typeof source === "object" && source !== null && ("value" in source || "notKept" in source)
      const message = `is no place for a value; use { fromEnvironment: "${name}" } or { command }`
      return isValue ? [{ option: `${option}secrets.${name}`, message }] : []
    },
  )
  const groupsOf = typeof groups === "object" && groups !== null ? Object.entries(groups) : []
  return [...own, ...groupsOf.flatMap(([name, group]) => valuesInFile(group, `${option}groups.${name}.`))]
}
