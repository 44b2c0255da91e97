/** What a refusal is about: the offer that was asked for, or more. Pure. */
import type { Offer, Scope } from "../../../../src/provider.js"
import { type ScopeKind as CloudScopeKind, scopeOf as cloudScope } from "../../../../src/tables/scopes.js"
import { COMMON_FAMILY, familyOf } from "./series.js"

/** How much a refusal is about. `metric`: what the quota limits that it names. */
export type ScopeKind = Exclude<CloudScopeKind, "family"> | "metric"

interface Where {
  readonly region: string
  readonly offer?: Offer | undefined
  readonly metric?: string | undefined
  /** The series that a quota is of, where it names one. */
  readonly family?: string | undefined
}

/** A partial offer as wide as the refusal; without a pool that was asked, the region. */
export function scopeOf(kind: ScopeKind | undefined, where: Where): Scope {
  const { region, offer } = where
  const all = { provider: "gcp", region }
  return kind === "metric" ? metricScope(where) : cloudScope(all, kind, offer)
}

/** What a quota's metric limits: "compute.googleapis.com/n2_cpus" or "N2_CPUS". One we cannot place limits the region. */
function metricScope({ region, offer, metric = "", family }: Where): Scope {
  const name = metric.slice(metric.lastIndexOf("/") + 1).toUpperCase()
  const isSpot = name.startsWith("PREEMPTIBLE_")
  const all = { provider: "gcp", ...(name.endsWith("_ALL_REGIONS") ? {} : { region }) }
  const series = /^(?:PREEMPTIBLE_)?([A-Z]\d[A-Z]?)_CPUS$/.exec(name)?.[1]?.toLowerCase() ?? family
  if (series !== undefined) return { ...all, family: familyOf(series), ...(isSpot ? { market: "spot" } : {}) }
  // The preemptible quota is used where one was granted, by every series; else the standard one.
  if (name === "PREEMPTIBLE_CPUS") return { ...all, market: "spot" }
  if (name === "CPUS") return { ...all, family: COMMON_FAMILY }
  if (offer === undefined) return all
  // Newer series have a quota of their own under one name, of which only a dimension that is missing here names the series.
  if (name.endsWith("_PER_VM_FAMILY")) return { ...all, family: offer.family }
  // GPUs of one model, or local SSDs: an offer that has them is of one type.
  if (/GPU|LOCAL_SSD/.test(name)) return { ...all, instanceType: offer.instanceType, market: offer.market }
  return all
}
