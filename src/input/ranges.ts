/** Address ranges: their one spelling, and what is inside them. Pure; what is no range must have been refused before. */

interface Bits {
  readonly value: bigint
  readonly width: 32 | 128
}

/**
 * The range as clouds show it: "192.0.2.7/24" is "192.0.2.0/24", "2001:DB8:0::/48" is "2001:db8::/48". AWS writes what it is given so
 * ("canonicalizes IPv4 and IPv6 CIDRs", IpRange in the EC2 API Reference).
 */
export function canonicalRange(range: string): string {
  const { value, width, length } = partsOf(range)
  const rest = BigInt(width - length)
  return `${textOf({ value: (value >> rest) << rest, width })}/${length}`
}

/** Whether an address of the same kind is in the range. */
export function isInRange(address: string, range: string): boolean {
  const { value, width, length } = partsOf(range)
  const other = bitsOf(address)
  const rest = BigInt(width - length)
  return other.width === width && other.value >> rest === value >> rest
}

function partsOf(range: string): Bits & { readonly length: number } {
  const [address = "", length = ""] = range.split("/")
  return { ...bitsOf(address), length: Number(length) }
}

function bitsOf(address: string): Bits {
  if (!address.includes(":")) return { value: join(address.split(".").map(Number), 8), width: 32 }
  const [head = "", tail] = address.split("::")
  const [before, after] = [groupsOf(head), groupsOf(tail ?? "")]
  const missing = tail === undefined ? 0 : 8 - before.length - after.length
  return { value: join([...before, ...Array.from({ length: missing }, () => 0), ...after], 16), width: 128 }
}

/** The last two groups may be an IPv4 address (RFC 4291, section 2.2). */
function groupsOf(text: string): readonly number[] {
  return text.split(":").flatMap((group) => {
    if (group === "") return []
    if (!group.includes(".")) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

function join(parts: readonly number[], bits: number): bigint {
  return parts.reduce((sum, part) => (sum << BigInt(bits)) + BigInt(part), 0n)
}

/** IPv6 as RFC 5952 has it, which is how URLs write their hosts. */
function textOf({ value, width }: Bits): string {
  const size = width === 32 ? 8 : 16
  const parts = Array.from({ length: width / size }, (_, index) =>
    Number((value >> BigInt(width - size * (index + 1))) & ((1n << BigInt(size)) - 1n)),
  )
  if (width === 32) return parts.join(".")
  return new URL(`http://[${parts.map((part) => part.toString(16)).join(":")}]`).hostname.slice(1, -1)
}
