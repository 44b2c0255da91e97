/** Address ranges as a rule takes them. */
import type { SpecProblem } from "../../../src/errors.js"
import type { AccessRequest } from "../../../src/provider.js"
import { canonicalRange, isInRange } from "../../../src/input/ranges.js"

/** Workers have IPv4 addresses alone: a range of IPv6 lets nobody in. */
export function isIpv4(range: string): boolean {
  return !range.includes(":")
}

/** Of ranges none of which could let anybody in. */
export function ipv4Problems({ from }: Pick<AccessRequest, "from">): readonly SpecProblem[] {
  if (from.some(isIpv4)) return []
  const message = "has IPv6 ranges alone, and Muster's network on Azure has IPv4 addresses alone; add your IPv4 range"
  return [{ option: "access.from", value: from.join(", "), message }]
}

/** Whether everything in a range is in another. */
export function isWithin(inner: string, outer: string): boolean {
  const [address = "", length = "0"] = canonicalRange(inner).split("/")
  return Number(length) >= Number(outer.split("/")[1]) && isInRange(address, outer)
}

/**
 * Each once, without those that are in others, and without bits behind the prefix: Azure refuses both in one rule
 * (`OverlappingSubnetsNotPermittedInSecurityRule`, kubernetes-sigs/cloud-provider-azure#6775; `SecurityRuleInvalidAddressPrefix`,
 * Azure/azure-powershell#4557).
 */
export function united(ranges: readonly string[]): readonly string[] {
  const all = [...new Set(ranges.map(canonicalRange))].sort()
  return all.filter((range) => !all.some((other) => other !== range && isWithin(range, other)))
}
