/** EC2's quota families and what the type's name says (EC2 User Guide, "Amazon EC2 instance type naming conventions"). */

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
