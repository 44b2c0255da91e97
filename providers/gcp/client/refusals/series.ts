/** Which series a machine type is of, and which quota of vCPUs it counts against, by its name. */
import type { Market } from "../../../../src/provider.js"

/** Series that count against the common CPUS quota ("Allocation quotas", "CPU quota"); every other has one of its own. */
const COMMON = new Set(["e2", "n1", "f1", "g1"])
export const COMMON_FAMILY = "cpus"

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

/** The name of the quota that limits vCPUs of this family on this market. */
export function cpuMetricOf(family: string, market: Market): string {
  if (market === "spot") return "PREEMPTIBLE_CPUS"
  return family === COMMON_FAMILY ? "CPUS" : `${family.toUpperCase()}_CPUS`
}
