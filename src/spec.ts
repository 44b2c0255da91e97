/** The request, with its defaults and its rules. Schemas are functions of zod, which loads at first use. */
import {
  type ResolvedEngine,
  type ResolvedGroup,
  type ResolvedProvider,
  type ResolvedSpec,
  SIZES,
} from "./spec/resolved.js"
import type * as Zod from "zod"
import { MOMENT, momentOf } from "./calls/clock.js"
import { SpecError, type SpecProblem } from "./errors.js"
import { accessNotes, accessSchema, resolveAccess } from "./spec/access.js"
import { engineDataProblems } from "./spec/engine/engine-data.js"
import {
  engineNotes,
  engineProblems,
  engineSchema,
  HEAD,
  headFieldsOf,
  resolveEngine,
  withImplied,
} from "./spec/engine/engine.js"
import { headLifeShape, resolveHeadLife } from "./spec/engine/head-life.js"
import { MOST_WORKERS } from "./input/count.js"
import { keepLogsNotes } from "./spec/keep-logs.js"
import { OTHER_NAMES } from "./spec/other-names.js"
import { budgetSchema, resolveBudget } from "./money/budget.js"
import { parseOptions, type Z, zod } from "./input/parse.js"
import type { Provider } from "./provider.js"
import { dataProblems, isNamed, isProviderData, providersOf } from "./spec/provider-data.js"
import { optionNameProblems } from "./spec/provider-options.js"
import { type ProviderName, providerSchema } from "./spec/provider-schema.js"
import type { ScriptVerdict } from "./spec/script-check.js"
import { tidyScript } from "./spec/script.js"
import { durationMs, durationSchema } from "./spec/duration.js"
import { filesSchema, keptFiles, resolveFiles } from "./spec/files.js"
import { guestShape, resolveGuest } from "./spec/guest-fields.js"
import { readyShape, resolveReady } from "./spec/ready/fields.js"
import { keptSecrets, type ResolvedSecrets, resolveSecrets, secretsSchema } from "./spec/secrets.js"
import { scriptNotes, specProblems } from "./spec/problems.js"
import type { ClusterFields, WorkerFields } from "./spec/types.js"

export { PROVIDER_NAMES, type ProviderName } from "./spec/provider-schema.js"
export type * from "./spec/types.js"

const DEFAULT_LIFETIME_MS = 12 * 3_600_000

/** Valid as a GCP label, an Azure resource name and a part of a host name. */
const NAME = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/
const NAME_RULE = "use 1 to 40 lower-case letters, digits and hyphens, beginning with a letter"
const TAG_KEY = /^(?!muster-)[a-z][a-z0-9_-]{0,62}$/
const TAG_KEY_RULE = `use 1 to 63 lower-case letters, digits, "_" and "-", beginning with a letter, and not with "muster-"`
const TAG_VALUE = /^[a-z0-9_-]{0,63}$/
const TAG_VALUE_RULE = `use at most 63 lower-case letters, digits, "_" and "-", the common rules of all clouds`
const ENVIRONMENT_NAME = /^(?!MUSTER_|__proto__$)[A-Za-z_][A-Za-z0-9_]*$/
const ENVIRONMENT_RULE = `use letters, digits and "_", not beginning with a digit or "MUSTER_"`

export { durationMs, durationSchema } from "./spec/duration.js"

const SHARE_RULE = 'use a whole number of workers from 1 on, or a part of the target: "10%"'

/** More than nothing, and no more than all. */
const SHARE = /^(?!0+(?:\.0+)?%)(?:0*\d{1,2}(?:\.\d+)?|0*100(?:\.0+)?)%$/

function isShare(value: string | number): boolean {
  if (typeof value === "number") return true
  return SHARE.test(value)
}

const workerShape = (z: Z) => {
  const range = z.union([
    z.number().positive(),
    z
      .strictObject({ min: z.number().positive().optional(), max: z.number().positive().optional() })
      .refine((range) => (range.min ?? 0) <= (range.max ?? Number.POSITIVE_INFINITY), "min must not be above max"),
  ])
  const word = z.string().min(1, "must not be empty")
  return {
    instanceType: z.union([word, z.array(word).min(1, "name at least one type")]).optional(),
    vcpus: range.optional(),
    memoryGiB: range.optional(),
    gpu: z.strictObject({ name: word.optional(), count: z.int().positive().optional() }).optional(),
    localDisk: z.strictObject({ minGiB: z.number().positive() }).optional(),
    arch: z.enum(["x86_64", "arm64"], 'use "x86_64" (also called amd64) or "arm64" (also called aarch64)').optional(),
    market: z.enum(["on-demand", "spot", "spot-with-fallback"]).optional(),
    zones: z.array(word).min(1, "name at least one zone, or leave it out").optional(),
    spread: z.enum(["one-zone", "zones"]).optional(),
    order: z.enum(["cheapest", "as-listed", "fewest-calls"]).optional(),
    returnToSpot: durationSchema(z).optional(),
    maxUnavailable: z
      .union([z.int().positive(), z.string()])
      .refine(isShare, SHARE_RULE)
      .meta({ pattern: SHARE.source })
      .optional(),
    image: word.optional(),
    ...guestShape(z),
    ...readyShape(z),
    environment: z.record(z.string().regex(ENVIRONMENT_NAME, ENVIRONMENT_RULE), z.string()).optional(),
    files: filesSchema(z).optional(),
    secrets: secretsSchema(z).optional(),
    publicAddress: z.union([z.boolean(), z.literal("auto")]).optional(),
    tags: z.record(z.string().regex(TAG_KEY, TAG_KEY_RULE), z.string().regex(TAG_VALUE, TAG_VALUE_RULE)).optional(),
  }
}

/** Of a cluster's name, and of a group's. */
export const nameSchema = (z: Z) => z.string().regex(NAME, NAME_RULE)

const clusterSchema = (z: Z): Zod.ZodType => z.strictObject(clusterShape(z, providerSchema(z, isProviderData)))

/** @param provider says what one cloud may be given as. @param engine the same of an engine. */
export const clusterShape = (z: Z, provider: Zod.ZodType, engine: Zod.ZodType = engineSchema(z)) => {
  const name = nameSchema(z)
  return {
    name: name.optional(),
    provider: z.union([provider, z.array(provider).min(1, "name at least one provider")]),
    region: z.union([z.string().min(1), z.array(z.string().min(1)).min(1, "name at least one region")]).optional(),
    owner: name.optional(),
    existing: z.enum(["refuse", "connect"]).optional(),
    maxLifetime: durationSchema(z).optional(),
    maxLifetimeMs: z.number().positive().optional(),
    lease: durationSchema(z).optional(),
    leaseMs: z.number().positive().optional(),
    closeOnExit: z.boolean().optional(),
    budget: budgetSchema(z, MOMENT).optional(),
    maxWorkers: z
      .int("use a whole number")
      .positive("use 1 or more")
      .max(MOST_WORKERS, `use at most ${MOST_WORKERS}`)
      .optional(),
    access: accessSchema(z).optional(),
    keepLogs: z.string().min(1, "name a directory").optional(),
    peers: z.boolean().optional(),
    engine: engine.optional(),
    ...headLifeShape(z),
    groups: z
      .record(name, z.strictObject(workerShape(z)))
      .refine((groups) => Object.keys(groups).length > 0, "name at least one group, or leave it out")
      .meta({ minProperties: 1 })
      .optional(),
    ...workerShape(z),
  }
}

/**
 * Checks a spec and fills in its defaults.
 *
 * @param check reads each startup. By default no startup is read.
 * @throws SpecError with every problem at once.
 */
export function resolveSpec(input: ClusterFields, check: (script: string) => ScriptVerdict = () => ({})): ResolvedSpec {
  const given = parseOptions("cluster", clusterSchema, input, wrongDataIn(input), OTHER_NAMES) as ClusterFields
  const providers = providersOf<ProviderName | Provider>(given.provider)
  const isElsewhere = !providers.every(isLocal)
  const spec = withImplied(given, isElsewhere)
  const groups = Object.entries(spec.groups ?? { default: {} }).map(([name, own]) => resolveGroup(name, spec, own))
  const maxLifetimeMs = spec.maxLifetimeMs ?? durationMs(spec.maxLifetime ?? "") ?? DEFAULT_LIFETIME_MS
  const leaseMs = spec.leaseMs ?? (spec.lease === undefined ? undefined : durationMs(spec.lease))
  const access = resolveAccess(spec.access)
  const named = providers.flatMap((one) => (isNamed(one) ? optionNameProblems(one) : []))
  const cluster = [
    ...engineNotes(given, spec),
    ...accessNotes(access, isElsewhere),
    ...keepLogsNotes(spec, access, isElsewhere),
  ]
  const problems = [
    ...named,
    ...engineProblems(spec, groups, providers, isElsewhere),
    ...specProblems(spec, { providers, groups, maxLifetimeMs, leaseMs, check }),
  ]
  if (problems.length > 0) throw new SpecError(problems)
  return {
    name: spec.name,
    providers,
    regions: spec.region === undefined ? undefined : [spec.region].flat(),
    owner: spec.owner ?? "default",
    existing: spec.existing ?? "refuse",
    maxLifetimeMs,
    leaseMs,
    closeOnExit: spec.closeOnExit ?? false,
    describesWorkers: describesWorkers(spec),
    budget: resolveBudget(spec.budget, momentOf),
    maxWorkers: spec.maxWorkers,
    access,
    peers: spec.peers ?? false,
    engine: resolveEngine(spec, isElsewhere),
    headLife: resolveHeadLife(spec),
    keepLogs: spec.keepLogs,
    groups: groups.map((group) => ({
      ...group,
      notes: [...group.notes, ...scriptNotes(group, check), ...cluster],
    })),
  }
}

/** Of what is given as plain data in place of what a factory returns. */
function wrongDataIn(input: ClusterFields): readonly SpecProblem[] {
  const { provider, engine } = (input ?? {}) as Partial<ClusterFields>
  return [...dataProblems(provider), ...engineDataProblems(engine)]
}

function isLocal(provider: ResolvedProvider): boolean {
  return (typeof provider === "string" ? provider : isNamed(provider) ? provider.named : provider.name) === "local"
}

const DESCRIBING = [...SIZES, "instanceType", "image", "startup", "container", "groups"] as const

const NO_SCRIPT = { text: undefined, changes: [] } as const

function resolveGroup(name: string, spec: WorkerFields, own: WorkerFields): ResolvedGroup {
  // A group that chooses its machines in one way does not inherit the other way from the top.
  const choosesType = own.instanceType !== undefined
  const choosesSize = SIZES.some((option) => own[option] !== undefined)
  const { vcpus, memoryGiB, gpu, localDisk, instanceType, ...shared } = spec
  const sizes = { vcpus, memoryGiB, gpu, localDisk }
  const inherited = { ...(choosesType ? {} : sizes), ...(choosesSize ? {} : { instanceType }) }
  const given: WorkerFields = { ...shared, ...(inherited as WorkerFields), ...own }
  const { text: startup, changes } = given.startup === undefined ? NO_SCRIPT : tidyScript(given.startup)
  const group: WorkerFields = startup === undefined ? given : { ...given, startup }
  const secrets = resolveSecrets(spec.secrets, own.secrets)
  return {
    name,
    asked: askedOf(group, {
      environment: { ...spec.environment, ...own.environment },
      tags: { ...spec.tags, ...own.tags },
      secrets,
    }),
    joins: false,
    engine: undefined,
    isBare: false,
    instanceTypes: group.instanceType === undefined ? undefined : [group.instanceType].flat(),
    vcpus: typeof group.vcpus === "number" ? { min: group.vcpus, max: group.vcpus } : group.vcpus,
    memoryGiB: typeof group.memoryGiB === "number" ? { min: group.memoryGiB, max: group.memoryGiB } : group.memoryGiB,
    gpu: group.gpu,
    localDiskGiB: group.localDisk === undefined ? undefined : { min: group.localDisk.minGiB },
    arch: group.arch,
    market: group.market ?? "on-demand",
    zones: group.zones,
    spread: group.spread ?? "one-zone",
    order: group.order ?? "cheapest",
    returnToSpotMs: group.returnToSpot === undefined ? undefined : durationMs(group.returnToSpot),
    maxUnavailable: group.maxUnavailable ?? "10%",
    image: group.image,
    ...resolveGuest(group),
    ...resolveReady(group),
    notes: changes.length === 0 ? [] : [`startup was converted: ${changes.join("; ")}`],
    environment: { ...spec.environment, ...own.environment },
    files: resolveFiles(group.files),
    secrets,
    publicAddress: group.publicAddress ?? "auto",
    tags: { ...spec.tags, ...own.tags },
  }
}

/** What of the whole spec a group has beside its own. */
interface Joined extends Required<Pick<WorkerFields, "environment" | "tags">> {
  readonly secrets: ResolvedSecrets
}

/** The fields of a worker's spec that were given, and nothing of the cluster's own. */
function askedOf(group: WorkerFields, joined: Joined): WorkerFields {
  const kept = { ...group, ...joined, files: keptFiles(group.files), secrets: keptSecrets(joined.secrets) }
  const given = Object.keys(workerShape(zod())).flatMap((key) => {
    const value = kept[key as keyof WorkerFields]
    const isEmpty = value === undefined || (typeof value === "object" && Object.keys(value).length === 0)
    return isEmpty ? [] : [[key, value]]
  })
  return Object.fromEntries(given) as WorkerFields
}

/** A group whose spec was kept somewhere. @throws SpecError when it is not one that this version knows. */
export function groupOf(name: string, asked: WorkerFields): ResolvedGroup {
  const [group] = resolveSpec({ provider: "local", groups: { [name]: asked } }).groups
  return group ?? bareGroup(name)
}

/** The group of an engine's head. @param own what the engine says of it. */
export function headGroupOf(engine: ResolvedEngine, own?: WorkerFields): ResolvedGroup {
  return resolveGroup(HEAD, {}, headFieldsOf(engine, own))
}

/** A group of which only its instances' tags are known. */
export function bareGroup(name: string): ResolvedGroup {
  return { ...resolveGroup(name, {}, {}), isBare: true }
}

/** Whether a spec says anything of what its workers are. */
function describesWorkers(spec: WorkerFields & Pick<ClusterFields, "groups">): boolean {
  return DESCRIBING.some((option) => spec[option] !== undefined)
}
