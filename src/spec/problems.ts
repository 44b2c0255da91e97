/** The problems of a spec that no schema can find: options that exclude each other or contradict others. */
import type { SpecProblem } from "../errors.js"
import { isNamed, type NamedProvider, ownRegion, REGION_OPTION } from "./provider-data.js"
import { accessProblems, resolveAccess } from "./access.js"
import { filesProblems } from "./files.js"
import { readyProblems } from "./ready/fields.js"
import { secretsProblems } from "./secrets.js"
import { show } from "../input/parse.js"
import { type ProviderName, REGION_EXAMPLES } from "./provider-schema.js"
import type { ScriptVerdict } from "./script-check.js"
import type { ClusterFields } from "./types.js"
import { type ResolvedGroup, type ResolvedProvider, SIZES } from "./resolved.js"

/** A year: longer than any burst. */
const LONGEST_LIFETIME_MS = 365 * 86_400_000
/** Three renewals fit, each with its retries; a tag takes seconds to reach an instance's metadata. */
const SHORTEST_LEASE_MS = 30_000

/** A spec's values before they are checked. */
export interface Reading {
  readonly providers: readonly ResolvedProvider[]
  readonly groups: readonly ResolvedGroup[]
  readonly maxLifetimeMs: number
  readonly leaseMs: number | undefined
  /** Reads a script. */
  readonly check: (script: string) => ScriptVerdict
}

/** All of them at once. */
export function specProblems(spec: ClusterFields, reading: Reading): SpecProblem[] {
  const { providers, groups, maxLifetimeMs, leaseMs, check } = reading
  return [
    ...groups.flatMap((group) => selectionProblems(group, spec)),
    ...scriptProblems(spec, groups, check),
    ...endProblems(spec, groups),
    ...returnProblems(groups, spec),
    ...regionProblems(spec, providers),
    ...lifetimeProblems(spec, maxLifetimeMs),
    ...leaseProblems(spec, leaseMs, maxLifetimeMs),
    ...accessProblems(spec),
    ...sentProblems(spec, reading),
    ...readyProblems(spec, groups, providers),
  ]
}

/** The scripts of a group, each read by the shell that it is for. */
const SCRIPTS = ["startup", "setup", "onNotice"] as const

/** Once for all groups that have it from the top. */
function scriptProblems(spec: ClusterFields, groups: readonly ResolvedGroup[], check: Reading["check"]): SpecProblem[] {
  const wrong = groups.flatMap((group) =>
    SCRIPTS.flatMap((option) => {
      const script = group[option]
      const problem = script === undefined ? undefined : (kindProblem(option, group) ?? check(script).problem)
      return problem === undefined ? [] : [[pathOf(spec, group, option), problem] as const]
    }),
  )
  return [...new Map(wrong)].map(([option, message]) => ({ option, message }))
}

/** cloud-init itself carries out a cloud-config, on the host, and nobody sees its end. */
function kindProblem(option: (typeof SCRIPTS)[number], group: ResolvedGroup): string | undefined {
  if (group[option]?.startsWith("#cloud-config") !== true) return undefined
  if (option !== "startup") return "is a cloud-config, which only startup may be; use a shell script"
  const { setup, container, whenDone, choosesEnd } = group
  const beside = [
    ...(setup === undefined ? [] : ["setup"]),
    ...(container === undefined ? [] : ["container"]),
    ...(group.files.length === 0 ? [] : ["files"]),
    ...(group.secrets.size === 0 ? [] : ["secrets"]),
    ...(choosesEnd && (whenDone.success !== "keep" || whenDone.failure !== "keep") ? ["whenDone"] : []),
  ]
  if (beside.length === 0) return undefined
  return `is a cloud-config, which cloud-init carries out on the host, and whose end is not seen; with ${beside.join(", ")} use a shell script`
}

/** Where a group has it from. */
function pathOf(
  spec: ClusterFields,
  { name }: ResolvedGroup,
  option: (typeof SCRIPTS)[number] | "whenDone" | "files" | "secrets",
): string {
  return spec.groups?.[name]?.[option] === undefined ? `cluster.${option}` : `cluster.groups.${name}.${option}`
}

/** What is brought to workers. On a cloud nothing can be brought to them where they cannot be reached. */
function sentProblems(spec: ClusterFields, { groups, providers }: Reading): SpecProblem[] {
  const isReached = () => resolveAccess(spec.access) !== undefined || providers.every(isHere)
  const problems = groups.flatMap((group) => {
    const [files, secrets] = [pathOf(spec, group, "files"), pathOf(spec, group, "secrets")]
    const asked = [...(group.files.length === 0 ? [] : [files]), ...(group.secrets.size === 0 ? [] : [secrets])]
    const unreached =
      asked.length === 0 || isReached() ? [] : asked.map((option) => ({ option, message: NEEDS_ACCESS }))
    return [...filesProblems(files, group.files), ...secretsProblems(secrets, group), ...unreached]
  })
  return [...new Map(problems.map((problem) => [`${problem.option}: ${problem.message}`, problem])).values()]
}

/** What is brought over ssh. */
export const NEEDS_ACCESS = `is brought over ssh, and nobody may reach the workers; add this line to the spec: access: "here"`

function isHere(provider: ResolvedProvider): boolean {
  if (typeof provider === "string") return provider === "local"
  return isNamed(provider) ? provider.named === "local" : provider.limits.takesKeys === undefined
}

/** Of what never ends nothing can follow. What all groups have from the top is wrong where it is of use to none. */
function endProblems(spec: ClusterFields, groups: readonly ResolvedGroup[]): SpecProblem[] {
  const isIdle = ({ startup, setup, container, whenDone, choosesEnd }: ResolvedGroup) =>
    choosesEnd &&
    (whenDone.success !== "keep" || whenDone.failure !== "keep") &&
    container === undefined &&
    [startup, setup].every((script = "") => script.trim() === "")
  const idle = groups.filter(isIdle)
  const own = idle.filter(({ name }) => spec.groups?.[name]?.whenDone !== undefined)
  const chosen = idle.length === groups.length ? idle : own
  const message = "is given, but nothing that ends: give startup, setup or container, or leave it out"
  const options = chosen.map((group) => pathOf(spec, group, "whenDone"))
  return [...new Set(options)].map((option) => ({ option, message }))
}

/** What may be wrong with a script elsewhere. */
export function scriptNotes(group: ResolvedGroup, check: Reading["check"]): readonly string[] {
  return SCRIPTS.flatMap((option) => {
    const script = group[option]
    const note = script === undefined ? undefined : check(script).note
    return note === undefined ? [] : [`${option}: ${note}`]
  })
}

function lifetimeProblems(spec: ClusterFields, maxLifetimeMs: number): SpecProblem[] {
  const value = spec.maxLifetime ?? spec.maxLifetimeMs
  const isTwice = spec.maxLifetime !== undefined && spec.maxLifetimeMs !== undefined
  // Of two values it is unknown which one is intended.
  const isOut = !isTwice && (maxLifetimeMs < 1000 || maxLifetimeMs > LONGEST_LIFETIME_MS)
  const at = { option: "cluster.maxLifetime" }
  return [
    ...(isTwice ? [{ ...at, message: "is given together with maxLifetimeMs; give one of them" }] : []),
    ...(isOut ? [{ ...at, value, message: `is ${show(value)}; use "1s" to "365d"` }] : []),
  ]
}

function leaseProblems(spec: ClusterFields, leaseMs: number | undefined, maxLifetimeMs: number): SpecProblem[] {
  if (leaseMs === undefined) return []
  const value = spec.lease ?? spec.leaseMs
  const at = { option: "cluster.lease", value }
  if (spec.lease !== undefined && spec.leaseMs !== undefined) {
    return [{ ...at, message: "is given together with leaseMs; give one of them" }]
  }
  if (leaseMs >= SHORTEST_LEASE_MS && leaseMs <= maxLifetimeMs) return []
  return [{ ...at, message: `is ${show(value)}; use "30s" at least, and no more than maxLifetime` }]
}

/** Where every worker is on-demand, or every one spot, there is nothing to return to. */
function returnProblems(groups: readonly ResolvedGroup[], spec: ClusterFields): SpecProblem[] {
  const message = 'is for market "spot-with-fallback"; give that market, or leave it out'
  const falls = ({ market }: ResolvedGroup) => market === "spot-with-fallback"
  const isIdle = spec.returnToSpot !== undefined && !groups.some(falls)
  const own = groups.filter((group) => !falls(group) && spec.groups?.[group.name]?.returnToSpot !== undefined)
  return [
    ...(isIdle ? [{ option: "cluster.returnToSpot", value: spec.returnToSpot, message }] : []),
    ...own.map(({ name }) => ({ option: `cluster.groups.${name}.returnToSpot`, message })),
  ]
}

const KEPT_AS = { vcpus: "vcpus", memoryGiB: "memoryGiB", gpu: "gpu", localDisk: "localDiskGiB" } as const

function selectionProblems(group: ResolvedGroup, spec: ClusterFields) {
  const at = spec.groups === undefined ? "cluster" : `cluster.groups.${group.name}`
  const sizes = SIZES.filter((option) => group[KEPT_AS[option]] !== undefined)
  if (group.instanceTypes === undefined || sizes.length === 0) return []
  const value = group.instanceTypes.length === 1 ? group.instanceTypes[0] : group.instanceTypes
  const message = `is ${show(value)} and ${sizes.join(", ")} is given too; name types or describe them, not both`
  return [{ option: `${at}.instanceType`, value, message }]
}

/** A provider object has its region already; one given beside it must agree. This machine has one, and a cloud many. */
function regionProblems(spec: ClusterFields, providers: readonly ResolvedProvider[]): SpecProblem[] {
  const names = providers.flatMap(nameOf)
  if (spec.region === undefined) return providers.flatMap(missingRegion)
  const regions = [spec.region].flat()
  const strange = names.includes("local") ? regions.filter((region) => region !== "local") : []
  const isElsewhere =
    strange.length > 0 ? [{ option: "cluster.region", value: spec.region, message: localRegion(strange) }] : []
  const given = providers.flatMap((provider) => {
    const [own, name] = isNamed(provider) ? [ownRegion(provider), provider.named] : placeOf(provider)
    if (own === undefined || regions.includes(own)) return []
    const message = `is ${show(spec.region)}, but the ${name} provider given is for ${show(own)}; give the region once`
    return [{ option: "cluster.region", value: spec.region, message }]
  })
  return [...isElsewhere, ...given]
}

function nameOf(provider: ResolvedProvider): ProviderName[] {
  if (typeof provider === "string") return [provider]
  return isNamed(provider) ? [provider.named] : []
}

/** Where an object made by a factory is; a name alone is nowhere. */
function placeOf(provider: Exclude<ResolvedProvider, NamedProvider>) {
  return typeof provider === "string" ? [undefined, provider] : [provider.region, provider.name]
}

function missingRegion(provider: ResolvedProvider): SpecProblem[] {
  const [name] = nameOf(provider)
  if (name === undefined || name === "local") return []
  const message = `is missing; ${name} needs one, such as ${show(REGION_EXAMPLES[name])}`
  if (!isNamed(provider)) return [{ option: "cluster.region", message }]
  const key = REGION_OPTION[name]
  return provider.options[key] === undefined ? [{ option: `${provider.at}.${name}.${key}`, message }] : []
}

function localRegion(regions: readonly string[]): string {
  return `is ${show(regions.length === 1 ? regions[0] : regions)}; provider "local" is this machine, whose only region is "local": leave region out, or name a cloud`
}
