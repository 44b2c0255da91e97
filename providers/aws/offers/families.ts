/** EC2's quota families and what the type's name tells (EC2 User Guide, "Amazon EC2 instance type naming conventions"). */
import type { Market } from "../../../src/provider.js"

/** Service Quotas codes of the running-instance limits, in vCPUs. */
const QUOTA_CODES: Readonly<Record<string, { readonly [M in Market]?: string }>> = {
  standard: { "on-demand": "L-1216C47A", spot: "L-34B43A08" },
  "g-vt": { "on-demand": "L-DB2E81BA", spot: "L-3819A6DF" },
  p: { "on-demand": "L-417A185B", spot: "L-7212CCBC" },
  inf: { "on-demand": "L-1945791B", spot: "L-B5D1601B" },
  trn: { "on-demand": "L-2C3B7624", spot: "L-6B0D517C" },
  dl: { "on-demand": "L-6E869C2A", spot: "L-85EED4F7" },
  f: { "on-demand": "L-74FC7D96", spot: "L-88CF9481" },
  x: { "on-demand": "L-7295265B", spot: "L-E3A00192" },
  "high-memory": { "on-demand": "L-43DA4232" },
  hpc: { "on-demand": "L-F7808C92" },
}

/** The longest prefix counts: `im4gn` and `inf2` both begin with i, and are of different families. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^(u-|u\d)/, "high-memory"],
  [/^hpc\d/, "hpc"],
  [/^(g|gr|vt)\d/, "g-vt"],
  [/^p\d/, "p"],
  [/^inf\d/, "inf"],
  [/^trn\d/, "trn"],
  [/^dl\d/, "dl"],
  [/^f\d/, "f"],
  [/^x\d/, "x"],
  [/^(a|c|d|h|i|im|is|m|r|t|z)\d/, "standard"],
]

/** The family whose quota an instance of this type counts against; a type that fits no known one is a family by itself. */
export function familyOf(instanceType: string): string {
  const row = FAMILIES.find(([pattern]) => pattern.test(instanceType))
  return row?.[1] ?? (instanceType.split(".")[0] || instanceType)
}

export function quotaCodeOf(family: string, market: Market): string | undefined {
  return QUOTA_CODES[family]?.[market]
}
