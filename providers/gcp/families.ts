/** What a machine type's name tells: its series, the quota it counts against, the disk it boots from, its architecture. */
import type { Arch, Market, Offer, Scope } from "../../src/provider.js"
import type { ScopeKind } from "./codes.js"

/** Series that count against the common CPUS quota ("Allocation quotas", "CPU quota"); every other has one of its own. */
const COMMON = new Set(["e2", "n1", "f1", "g1"])
export const COMMON_FAMILY = "cpus"

/** Series that boot only from Hyperdisk ("Hyperdisk", machine series support). */
const HYPERDISK = /^(c4[ad]?|n4[ad]?|x4|m4|a4x?|h4d|z4d)$/
const ARM = /^(t2a|c4a|n4a|a4x)$/

/** "n2" of "n2-standard-4"; "n1" of "custom-4-8192", the first series' own spelling. */
export function seriesOf(instanceType: string): string {
  const series = instanceType.split("-")[0] ?? instanceType
  return series === "custom" ? "n1" : series
}

/** The family whose CPU quota an instance of this type counts against. */
export function familyOf(instanceType: string): string {
  const series = seriesOf(instanceType)
  return COMMON.has(series) ? COMMON_FAMILY : series
}

export function diskTypeOf(instanceType: string): string {
  return HYPERDISK.test(seriesOf(instanceType)) ? "hyperdisk-balanced" : "pd-balanced"
}

export function archOf(instanceType: string): Arch {
  return ARM.test(seriesOf(instanceType)) ? "arm64" : "x86_64"
}

/** Types whose GPUs are built in name their series by a or g ("GPU machine types"). */
export function hasBuiltInGpu(instanceType: string): boolean {
  return /^(a[2-9]|g[2-9])/.test(seriesOf(instanceType))
}

/** The name of the quota that limits vCPUs of this family on this market. */
export function cpuMetricOf(family: string, market: Market): string {
  if (market === "spot") return "PREEMPTIBLE_CPUS"
  return family === COMMON_FAMILY ? "CPUS" : `${family.toUpperCase()}_CPUS`
}

/** "L4" of "nvidia-l4", "T4" of "nvidia-tesla-t4", "H100-80GB" of "nvidia-h100-80gb". */
export function gpuNameOf(acceleratorType: string): string {
  return acceleratorType.replace(/^nvidia-(tesla-)?/, "").toUpperCase()
}

/** A partial offer as wide as the refusal; without a pool that was asked, the region. */
export function scopeOf(
  kind: ScopeKind | undefined,
  where: { readonly region: string; readonly offer?: Offer | undefined; readonly metric?: string | undefined },
): Scope {
  const { region, offer, metric } = where
  const all = { provider: "gcp", region }
  if (kind === "metric") return { ...all, ...metricScope(metric ?? "", offer) }
  if (offer === undefined) return all
  const { zone, instanceType, market } = offer
  switch (kind) {
    case "pool":
      return { ...all, zone, instanceType, market }
    case "type-in-zone":
      return { ...all, zone, instanceType }
    case "zone":
      return { ...all, zone }
    case "region":
    case undefined:
      return all
  }
}

/** What a quota's metric limits: "compute.googleapis.com/n2_cpus" or "N2_CPUS". One we cannot place limits the region. */
function metricScope(metric: string, offer: Offer | undefined): Scope {
  const name = metric.slice(metric.lastIndexOf("/") + 1).toUpperCase()
  const family = /^(?:PREEMPTIBLE_)?([A-Z]\d[A-Z]?)_CPUS$/.exec(name)?.[1]?.toLowerCase()
  if (family !== undefined) return { family, ...(name.startsWith("PREEMPTIBLE_") ? { market: "spot" } : {}) }
  // The preemptible quota is used where one was granted, by every series; else the standard one.
  if (name === "PREEMPTIBLE_CPUS") return { market: "spot" }
  if (name === "CPUS") return { family: COMMON_FAMILY }
  // GPUs of one model: an offer that has them is of one type.
  if (name.includes("GPUS") && offer !== undefined) return { instanceType: offer.instanceType, market: offer.market }
  return {}
}
