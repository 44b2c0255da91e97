import { describe, expect, test } from "vitest"
import { canonicalRange, isInRange } from "../../../src/input/ranges.js"

describe("a range", () => {
  test.each([
    ["192.0.2.7/24", "192.0.2.0/24"],
    ["203.0.113.7/32", "203.0.113.7/32"],
    ["255.255.255.255/31", "255.255.255.254/31"],
    ["198.51.100.9/0", "0.0.0.0/0"],
    ["2001:DB8:0::/48", "2001:db8::/48"],
    ["2001:db8::1/64", "2001:db8::/64"],
    ["::ffff:192.0.2.1/128", "::ffff:c000:201/128"],
    ["::/0", "::/0"],
    ["1:2:3:4:5:6:7:8/127", "1:2:3:4:5:6:7:8/127"],
  ])("%s is written %s", (range, canonical) => {
    expect(canonicalRange(range)).toBe(canonical)
    expect(canonicalRange(canonical)).toBe(canonical)
  })

  test.each([
    ["192.0.2.9", "192.0.2.7/24", true],
    ["192.0.3.9", "192.0.2.7/24", false],
    ["203.0.113.7", "203.0.113.7/32", true],
    ["203.0.113.8", "203.0.113.7/32", false],
    ["198.51.100.1", "0.0.0.0/0", true],
    ["2001:db8::9", "2001:db8::/48", true],
    ["2001:db8:1::9", "2001:db8::/48", false],
    ["192.0.2.1", "::/0", false],
    ["2001:db8::1", "0.0.0.0/0", false],
  ])("%s in %s: %s", (address, range, isInside) => {
    expect(isInRange(address, range)).toBe(isInside)
  })
})
