/** Ready fields: the part of a worker's spec that says when it is ready, and when it is healthy. */
import type * as Zod from "zod"
import type { SpecProblem } from "../../errors.js"
import { show, type Z } from "../../input/parse.js"
import type { Check, GroupRequest } from "../../provider.js"
import { isNamed } from "../provider-data.js"
import { durationMs, durationSchema } from "../duration.js"
import type { ResolvedGroup, ResolvedProvider } from "../resolved.js"
import type { ClusterFields, HealthCheck, JoinTime, ReadyCheck, WorkerFields } from "../types.js"

const DEFAULT_TIMEOUT_MS = 15 * 60_000
const DEFAULT_EVERY_MS = 60_000
const DEFAULT_FAILURES = 3
const SHORTEST_MS = 1000

const ONE_RULE =
  'use exactly one of { tcp: 8786 }, { http: "http://localhost:8080/health" }, { command: "…" }, { log: "…" }, { startup: "succeeded" }, { gpu: true }'
const HEALTH_RULE =
  "use exactly one of { tcp }, { http }, { command }, { gpu: true }, with every and failures beside it"
const HOST_RULE = "host is for command alone: true has it run on the machine itself, and not in the container"
const URL_RULE = 'use an address that the worker asks: "http://localhost:8080/health"'
const TEXT_PATTERN = "^[^\\u0000]+$"

const textSchema = (z: Z) =>
  z
    .string()
    .min(1, "must not be empty")
    .refine((text) => !text.includes("\0"), "has a NUL, which no argument can hold")
    .meta({ pattern: TEXT_PATTERN })

const lineSchema = (z: Z) => z.string().regex(/^[^\0\n\r]+$/, "use a text of one line")

const KINDS = ["tcp", "http", "command", "log", "startup", "gpu"] as const
const HEALTH_KINDS = ["tcp", "http", "command", "gpu"] as const
type Kind = (typeof KINDS)[number]

/** One object with exactly one of the checks, and `more` beside it. */
function checkSchema<T extends Record<string, Zod.ZodType>>(z: Z, kinds: readonly Kind[], rule: string, more: T) {
  const port = z.int("use a port: 1 to 65535").min(1, "use a port: 1 to 65535").max(65_535, "use a port: 1 to 65535")
  const all = {
    tcp: port.optional(),
    http: z
      .string()
      .regex(/^https?:\/\/[^\s'"\\]+$/, URL_RULE)
      .optional(),
    command: textSchema(z).optional(),
    log: lineSchema(z).optional(),
    startup: z.literal("succeeded").optional(),
    gpu: z.literal(true).optional(),
  }
  const own = Object.fromEntries(kinds.map((kind) => [kind, all[kind]]))
  return z
    .strictObject({ ...own, host: z.boolean().optional(), ...more }, rule)
    .refine((given) => kinds.filter((kind) => has(given, kind)).length === 1, rule)
    .refine((given) => !has(given, "host") || has(given, "command"), HOST_RULE)
    .meta({ oneOf: kinds.map((kind) => ({ required: [kind] })), dependentRequired: { host: ["command"] } })
}

function has(given: object, key: string): boolean {
  return (given as Readonly<Record<string, unknown>>)[key] !== undefined
}

export const readyShape = (z: Z) => {
  const check = checkSchema(z, KINDS, ONE_RULE, { timeout: durationSchema(z).optional() })
  // Whether there is an engine is asked where the whole spec is known.
  const alone = z.strictObject({ timeout: durationSchema(z) })
  const failures = z.int("use a whole number").min(1, "use 1 or more").max(1000, "use at most 1000").optional()
  return {
    ready: z
      .union([check, z.array(check).min(1, "name at least one check, or leave it out"), alone], ONE_RULE)
      .optional(),
    health: checkSchema(z, HEALTH_KINDS, HEALTH_RULE, { every: durationSchema(z).optional(), failures }).optional(),
    keepFailed: z.int("use a whole number").min(0, "use 0 or more").max(1000, "use at most 1000").optional(),
  }
}

type ReadyPart = Pick<ResolvedGroup, "ready" | "health" | "keepFailed">

export function resolveReady({ ready, health, keepFailed = 0 }: WorkerFields): ReadyPart {
  return {
    ready: ready === undefined ? undefined : resolvedReady([ready].flat()),
    health: health === undefined ? undefined : resolvedHealth(health),
    keepFailed,
  }
}

function resolvedReady(given: readonly (ReadyCheck | JoinTime)[]): ReadyPart["ready"] {
  const timeouts = given.map(({ timeout }) => durationMs(timeout ?? "") ?? DEFAULT_TIMEOUT_MS)
  const checks = given.filter(isCheck).map(({ timeout: _timeout, ...check }): Check => check)
  return { checks, timeoutMs: Math.max(...timeouts) }
}

function isCheck(given: ReadyCheck | JoinTime): given is ReadyCheck {
  return KINDS.some((kind) => has(given, kind))
}

function resolvedHealth({ every, failures = DEFAULT_FAILURES, ...check }: HealthCheck): ReadyPart["health"] {
  return { check, everyMs: durationMs(every ?? "") ?? DEFAULT_EVERY_MS, failures }
}

/** Whether anybody asks a worker of the group how it is. Of an engine's workers its head tells who has joined. */
export function isWatched({ ready, health }: Pick<ResolvedGroup, "ready" | "health">): boolean {
  return (ready !== undefined && ready.checks.length > 0) || health !== undefined
}

/** What of it the guest is told; only what was asked for. */
export function readyRequest({ ready, health }: ReadyPart): Pick<GroupRequest, "ready" | "health"> {
  return {
    ...(ready === undefined || ready.checks.length === 0
      ? {}
      : { ready: { checks: ready.checks, timeoutSeconds: Math.ceil(ready.timeoutMs / 1000) } }),
    ...(health === undefined
      ? {}
      : {
          health: {
            checks: [health.check],
            everySeconds: Math.max(1, Math.round(health.everyMs / 1000)),
            failures: health.failures,
          },
        }),
  }
}

/** What is wrong with the checks of these groups, or missing for them. */
export function readyProblems(
  spec: ClusterFields,
  groups: readonly ResolvedGroup[],
  providers: readonly ResolvedProvider[],
): SpecProblem[] {
  const wrong = groups.flatMap((group) => problemsOf(spec, group).map((one) => [one.option, one] as const))
  return [...new Map(wrong).values(), ...accessProblem(spec, groups, providers)]
}

function problemsOf(spec: ClusterFields, group: ResolvedGroup): readonly SpecProblem[] {
  const { ready, health, keepFailed } = group
  const at = (option: "ready" | "health" | "keepFailed") =>
    spec.groups?.[group.name]?.[option] === undefined ? `cluster.${option}` : `cluster.groups.${group.name}.${option}`
  const waits = ready?.checks.some((check) => "startup" in check) === true
  const message = waits ? startupProblem(group) : undefined
  const idle = keepFailed > 0 && !isWatched(group)
  return [
    ...(ready?.checks.length === 0 && spec.engine === undefined ? [aloneProblem(at("ready"), group.asked.ready)] : []),
    ...(message === undefined ? [] : [{ option: at("ready"), value: { startup: "succeeded" }, message }]),
    ...(ready !== undefined && ready.timeoutMs < SHORTEST_MS
      ? [{ option: `${at("ready")}.timeout`, message: `is ${ready.timeoutMs} ms; use "1s" at least` }]
      : []),
    ...(health !== undefined && health.everyMs < SHORTEST_MS
      ? [{ option: `${at("health")}.every`, message: `is ${health.everyMs} ms; use "1s" at least` }]
      : []),
    ...(idle
      ? [{ option: at("keepFailed"), value: keepFailed, message: "is given without a check; give ready or health" }]
      : []),
  ]
}

function aloneProblem(option: string, value: WorkerFields["ready"]): SpecProblem {
  const message = `is ${show(value)}; ${ONE_RULE}; a timeout alone is for a cluster with an engine, whose head tells who has joined`
  return { option, value, message }
}

/** A script that goes on for ever never succeeds, and who is gone when it has is never seen ready. */
function startupProblem({ startup, setup, container, whenDone, choosesEnd }: ResolvedGroup): string | undefined {
  const isIdle = startup === undefined && setup === undefined && container?.command === undefined
  if (isIdle) return "waits for the end of startup, and there is nothing that ends; give startup, or another check"
  if (startup?.startsWith("#cloud-config") === true)
    return "waits for the end of startup, which is a cloud-config, and nobody sees its end; use a shell script, or another check"
  if (/^\s*exec\s/.test(lastLineOf(startup)))
    return `waits for the end of startup, whose last line (${JSON.stringify(lastLineOf(startup).trim())}) goes on in its place; use another check, such as { tcp } or { log }`
  if (choosesEnd && whenDone.success !== "keep")
    return `waits for the end of startup, at which the worker ends (whenDone.success: "${whenDone.success}"); use another check, or keep it`
  return undefined
}

/** Comments and blank lines do nothing. */
function lastLineOf(script = ""): string {
  const lines = script.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"))
  return lines.at(-1) ?? ""
}

/** Checks are read on the workers: where nobody reaches those, nobody would know. */
function accessProblem(
  { access }: ClusterFields,
  groups: readonly ResolvedGroup[],
  providers: readonly ResolvedProvider[],
): readonly SpecProblem[] {
  const asking = groups.find(isWatched)
  const far = providers.find(isReachedBySsh)
  if (asking === undefined || far === undefined || (access !== undefined && access !== false)) return []
  const name = typeof far === "string" ? far : isNamed(far) ? far.named : far.name
  const option = asking.ready === undefined ? "health" : "ready"
  const message = `is ${access === false ? "false" : "missing"}, and ${option} of group ${asking.name} is read on its workers over ssh (${name}): add access: "here", which opens port 22 to this machine's own address`
  return [{ option: "cluster.access", ...(access === undefined ? {} : { value: access }), message }]
}

/** This machine's workers need no access; a provider without a way to its instances tells all by their consoles. */
function isReachedBySsh(provider: ResolvedProvider): boolean {
  if (typeof provider === "string") return provider !== "local"
  if (isNamed(provider)) return provider.named !== "local"
  return provider.name !== "local" && provider.route !== undefined
}
