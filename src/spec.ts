/** The request: what a user writes, with its defaults and its rules. Schemas are functions of zod, which loads at first use. */
import type * as Zod from "zod"
import { momentOf } from "./calls/clock.js"
import { SpecError } from "./errors.js"
import { type Budget, budgetSchema, type ResolvedBudget, resolveBudget } from "./money/budget.js"
import { parseOptions, type Z, zod } from "./parse.js"
import type { Arch, Market, Provider, Range } from "./provider.js"
import { type ProviderName, providerSchema } from "./provider-schema.js"
import { specProblems } from "./spec-problems.js"

export { PROVIDER_NAMES, type ProviderName } from "./provider-schema.js"

/** A duration with its unit: "90s", "10m", "12h", "2d". */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`

export type MarketWish = Market | "spot-with-fallback"

/** In which order offers are tried. */
export type Order = "cheapest" | "as-listed" | "fewest-calls"

/** So many workers, or so much of the target: "10%". */
export type Share = number | `${number}%`

/** What the workers of a group are. Fields given at the top of a spec are the defaults of every group. */
export interface WorkerSpec {
  /** Types by name; of those that cost the same the first one. Not together with sizes (`vcpus`, `memoryGiB`, …). */
  readonly instanceType?: string | readonly string[]
  readonly vcpus?: number | { readonly min?: number; readonly max?: number }
  readonly memoryGiB?: number | { readonly min?: number; readonly max?: number }
  readonly gpu?: { readonly name?: string; readonly count?: number }
  /** Types with at least so much local (not network) disk. */
  readonly localDisk?: { readonly minGiB: number }
  readonly arch?: Arch
  /** `on-demand` by default. */
  readonly market?: MarketWish
  readonly zones?: readonly string[]
  /**
   * `one-zone` (the default) keeps traffic between workers free: more are asked for where the group is already. `zones`
   * survives the outage of one: workers are spread evenly, also when some are added later.
   */
  readonly spread?: "one-zone" | "zones"
  /**
   * `cheapest` (the default): one list over all providers and regions; with `spot-with-fallback` every spot offer goes
   * before every on-demand one. `as-listed`: provider, region and type as written, spot then on-demand inside each.
   * `fewest-calls`: first where the whole count takes the fewest requests.
   */
  readonly order?: Order
  /**
   * With `spot-with-fallback`: so long after its launch an on-demand worker is exchanged for a spot one, when there is
   * spot again. The new one runs before the old one goes. Left out: on-demand workers stay.
   */
  readonly returnToSpot?: Duration
  /**
   * The most workers that are taken away at one time by our own choice (to return to spot), a number or a part of the
   * target: "10%" by default, one at least. What the cloud takes away is not counted, nor a target that was lowered.
   */
  readonly maxUnavailable?: Share
  readonly image?: string
  /** A shell script that each instance runs once when it has started. */
  readonly startup?: string
  readonly environment?: Readonly<Record<string, string>>
  /** `auto` (the default) gives an address only where the subnet has no other way out. */
  readonly publicAddress?: "auto" | boolean
  readonly tags?: Readonly<Record<string, string>>
}

export interface ClusterSpec extends WorkerSpec {
  /** Re-attach by this name from anywhere; random when left out. */
  readonly name?: string
  readonly provider: ProviderName | Provider | readonly (ProviderName | Provider)[]
  readonly region?: string | readonly string[]
  /** Whose cluster it is, as a tag: "default" by default. */
  readonly owner?: string
  /** What to do when a cluster of this name lives already; `refuse` by default. */
  readonly existing?: "refuse" | "connect"
  /** The cluster's own deadline, counted from its creation: "12h" by default. */
  readonly maxLifetime?: Duration
  readonly maxLifetimeMs?: number
  /**
   * Each instance ends itself so long after this process last renewed it ("30s" at least); none by default. Only where
   * instances can read their own tags without credentials (AWS, local).
   */
  readonly lease?: Duration
  readonly leaseMs?: number
  /**
   * The first SIGINT or SIGTERM, or an exception that nobody caught, closes the cluster within a minute before the process
   * ends; a second signal leaves that to a process of its own. Off by default.
   */
  readonly closeOnExit?: boolean
  /** What the cluster may cost, in USD, estimated from the prices of its instances; no limit by default. */
  readonly budget?: Budget
  /** The most instances at any moment, of all groups together, those on their way and on their way out counted. */
  readonly maxWorkers?: number
  /** Groups of workers, each with what differs from the fields above. One group named `default` when left out. */
  readonly groups?: Readonly<Record<string, WorkerSpec>>
}

/** A group as the core works with it: every default filled in. */
export interface ResolvedGroup {
  readonly name: string
  readonly instanceTypes: readonly string[] | undefined
  readonly vcpus: Range | undefined
  readonly memoryGiB: Range | undefined
  readonly gpu: { readonly name?: string; readonly count?: number } | undefined
  readonly localDiskGiB: Range | undefined
  readonly arch: Arch | undefined
  readonly market: MarketWish
  readonly zones: readonly string[] | undefined
  readonly spread: "one-zone" | "zones"
  readonly order: Order
  readonly returnToSpotMs: number | undefined
  readonly maxUnavailable: Share
  readonly image: string | undefined
  readonly startup: string | undefined
  readonly environment: Readonly<Record<string, string>>
  readonly publicAddress: "auto" | boolean
  readonly tags: Readonly<Record<string, string>>
  /** What the user wrote of it, with the defaults of the whole spec: plain JSON, for whoever attaches later. */
  readonly asked: WorkerSpec
  /** Known from the tags of its instances only: it can be watched and ended, but nothing says what to launch. */
  readonly isBare: boolean
}

export interface ResolvedSpec {
  readonly name: string | undefined
  readonly providers: readonly (ProviderName | Provider)[]
  readonly regions: readonly string[] | undefined
  readonly owner: string
  readonly existing: "refuse" | "connect"
  readonly maxLifetimeMs: number
  readonly leaseMs: number | undefined
  readonly closeOnExit: boolean
  /** It says what its workers are; one that attaches need not. */
  readonly describesWorkers: boolean
  readonly budget: ResolvedBudget
  readonly maxWorkers: number | undefined
  readonly groups: readonly ResolvedGroup[]
}

/** More than any cloud's regional limit of one fleet (100,000 in "Quotas for EC2 Fleet and Spot Fleet"): surely a slip. */
export const MOST_WORKERS = 100_000

const DEFAULT_LIFETIME_MS = 12 * 3_600_000

/** Valid as a GCP label, an Azure resource name and a part of a host name. */
const NAME = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/
const NAME_RULE = "use 1 to 40 lower-case letters, digits and hyphens, beginning with a letter"
const TAG_KEY = /^(?!muster-)[a-z][a-z0-9_-]{0,62}$/
const TAG_KEY_RULE = `use 1 to 63 lower-case letters, digits, "_" and "-", beginning with a letter, and not with "muster-"`
const TAG_VALUE = /^[a-z0-9_-]{0,63}$/
const TAG_VALUE_RULE = `use at most 63 lower-case letters, digits, "_" and "-", the common rules of all clouds`
const ENVIRONMENT_NAME = /^(?!MUSTER_)[A-Za-z_][A-Za-z0-9_]*$/
const ENVIRONMENT_RULE = `use letters, digits and "_", not beginning with a digit or "MUSTER_"`

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A duration in milliseconds; undefined when the text is none. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (match === null) return undefined
  return Number(match[1]) * UNITS_MS[match[2] as keyof typeof UNITS_MS]
}

const DURATION_RULE = 'use a number with a unit: "90s", "10m", "12h", "2d"'

export const durationSchema = (z: Z) =>
  z.string(DURATION_RULE).refine((text) => durationMs(text) !== undefined, DURATION_RULE)

const SHARE_RULE = 'use a whole number of workers from 1 on, or a part of the target: "10%"'

function isShare(value: string | number): boolean {
  if (typeof value === "number") return true
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(value)?.[1]
  return percent !== undefined && Number(percent) > 0 && Number(percent) <= 100
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
    maxUnavailable: z.union([z.int().positive(), z.string()]).refine(isShare, SHARE_RULE).optional(),
    image: word.optional(),
    startup: z.string().optional(),
    environment: z.record(z.string().regex(ENVIRONMENT_NAME, ENVIRONMENT_RULE), z.string()).optional(),
    publicAddress: z.union([z.boolean(), z.literal("auto")]).optional(),
    tags: z.record(z.string().regex(TAG_KEY, TAG_KEY_RULE), z.string().regex(TAG_VALUE, TAG_VALUE_RULE)).optional(),
  }
}

const clusterSchema = (z: Z): Zod.ZodType => {
  const name = z.string().regex(NAME, NAME_RULE)
  const provider = providerSchema(z)
  return z.strictObject({
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
    budget: budgetSchema(z, momentOf).optional(),
    maxWorkers: z
      .int("use a whole number")
      .positive("use 1 or more")
      .max(MOST_WORKERS, `use at most ${MOST_WORKERS}`)
      .optional(),
    groups: z
      .record(name, z.strictObject(workerShape(z)))
      .refine((groups) => Object.keys(groups).length > 0, "name at least one group, or leave it out")
      .optional(),
    ...workerShape(z),
  })
}

/**
 * Checks a spec and fills in its defaults.
 *
 * @throws SpecError with every problem at once.
 */
export function resolveSpec(input: ClusterSpec): ResolvedSpec {
  const spec = parseOptions("cluster", clusterSchema, input) as ClusterSpec
  const providers = [spec.provider].flat() as readonly (ProviderName | Provider)[]
  const groups = Object.entries(spec.groups ?? { default: {} }).map(([name, own]) => resolveGroup(name, spec, own))
  const maxLifetimeMs = spec.maxLifetimeMs ?? durationMs(spec.maxLifetime ?? "") ?? DEFAULT_LIFETIME_MS
  const leaseMs = spec.leaseMs ?? (spec.lease === undefined ? undefined : durationMs(spec.lease))
  const problems = specProblems(spec, { providers, groups, maxLifetimeMs, leaseMs })
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
    groups,
  }
}

/** The options that describe a machine instead of naming its type. */
export const SIZES = ["vcpus", "memoryGiB", "gpu", "localDisk"] as const
const DESCRIBING = [...SIZES, "instanceType", "image", "startup", "groups"] as const

function resolveGroup(name: string, spec: WorkerSpec, own: WorkerSpec): ResolvedGroup {
  // A group that chooses its machines in one way does not inherit the other way from the top.
  const choosesType = own.instanceType !== undefined
  const choosesSize = SIZES.some((option) => own[option] !== undefined)
  const { vcpus, memoryGiB, gpu, localDisk, instanceType, ...shared } = spec
  const sizes = { vcpus, memoryGiB, gpu, localDisk }
  const inherited = { ...(choosesType ? {} : sizes), ...(choosesSize ? {} : { instanceType }) }
  const group: WorkerSpec = { ...shared, ...(inherited as WorkerSpec), ...own }
  return {
    name,
    asked: askedOf(group, { ...spec.environment, ...own.environment }, { ...spec.tags, ...own.tags }),
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
    startup: group.startup,
    environment: { ...spec.environment, ...own.environment },
    publicAddress: group.publicAddress ?? "auto",
    tags: { ...spec.tags, ...own.tags },
  }
}

/** The fields of a worker's spec that were given, and nothing of the cluster's own. */
function askedOf(group: WorkerSpec, environment: Record<string, string>, tags: Record<string, string>): WorkerSpec {
  const given = Object.keys(workerShape(zod())).flatMap((key) => {
    const value = { ...group, environment, tags }[key as keyof WorkerSpec]
    const isEmpty = value === undefined || (typeof value === "object" && Object.keys(value).length === 0)
    return isEmpty ? [] : [[key, value]]
  })
  return Object.fromEntries(given) as WorkerSpec
}

/** A group whose spec was kept somewhere. @throws SpecError when it is not one that this version knows. */
export function groupOf(name: string, asked: WorkerSpec): ResolvedGroup {
  const [group] = resolveSpec({ provider: "local", groups: { [name]: asked } }).groups
  return group ?? bareGroup(name)
}

/** A group of which only its instances' tags are known. */
export function bareGroup(name: string): ResolvedGroup {
  return { ...resolveGroup(name, {}, {}), isBare: true }
}

/** Whether a spec says anything of what its workers are. */
function describesWorkers(spec: WorkerSpec & Pick<ClusterSpec, "groups">): boolean {
  return DESCRIBING.some((option) => spec[option] !== undefined)
}
