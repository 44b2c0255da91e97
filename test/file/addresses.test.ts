/** Patterns that a schema for editors can say, beside what reads the same texts in Node. */
import { isIPv4, isIPv6 } from "node:net"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { momentOf } from "../../src/calls/clock.js"
import { HTTPS_URL, NARROW_CIDR, SAFE_URL } from "../../src/input/addresses.js"

const RUNS = { numRuns: 2000, seed: 17 }

describe("an address range", () => {
  /** Node's own check of the address; of the size, what was asked for. */
  const isNarrow = (address: string, size: number) =>
    (isIPv4(address) && size >= 8 && size <= 32) || (isIPv6(address) && size >= 32 && size <= 128)
  const part = fc.constantFrom("", "0", "1", "ff", "FFFF", "10000", "g", "255", "256", "01", "1.2.3.4")
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.array(part, { maxLength: 9 }).map((parts) => parts.join(":")),
    fc.array(part, { minLength: 3, maxLength: 5 }).map((parts) => parts.join(".")),
  )

  test("is what Node takes for an address, and of a size that one owner can have", () => {
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 140 }), (text, size) => {
        expect([text, size, NARROW_CIDR.test(`${text}/${size}`)]).toEqual([text, size, isNarrow(text, size)])
      }),
      RUNS,
    )
  })
})

describe("a URL", () => {
  const host = fc.oneof(
    fc.domain(),
    fc.ipV4(),
    fc.ipV6().map((text) => `[${text}]`),
    fc.constantFrom(
      "localhost",
      "127.0.0.1",
      "[::1]",
      "1.2.3",
      "256.1.1.1",
      "a_b.c",
      "xn--a",
      "-",
      "a..b",
      "0x1",
      "ec2.internal.",
    ),
  )
  const url = fc
    .tuple(
      fc.constantFrom("https", "http", "ftp", ""),
      host,
      fc.constantFrom("", ":443", ":0", ":65535", ":65536", ":x"),
      fc.webPath(),
    )
    .map(([scheme, name, port, path]) => `${scheme}://${name}${port}${path}`)

  test("that is taken can be read, and is https, or plain http to this machine", () => {
    const count = { taken: 0, refused: 0 }
    fc.assert(
      fc.property(url, (text) => {
        const isTaken = SAFE_URL.test(text)
        count[isTaken ? "taken" : "refused"] += 1
        if (!isTaken) return
        const { protocol, hostname } = new URL(text)
        if (protocol === "https:") expect(HTTPS_URL.test(text)).toBe(true)
        else expect([protocol, hostname]).toEqual(["http:", expect.stringMatching(/^(localhost|\[::1\]|127\.)/)])
      }),
      RUNS,
    )
    expect(Math.min(count.taken, count.refused)).toBeGreaterThan(200)
  })

  test.each([
    "https://ec2.eu-west-2.amazonaws.com",
    "https://10.0.0.7:8443/a?b#c",
    "https://[2001:db8::1]/",
    "http://localhost:4566",
  ])("%s is taken", (text) => expect(SAFE_URL.test(text)).toBe(true))
})

describe("a moment", () => {
  const two = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, "0"))
  const year = fc.constantFrom("0000", "1900", "2000", "2024", "2026", "2100", "9999")
  const zone = fc.oneof(
    fc.constantFrom("Z", "", "z", "+01"),
    fc.tuple(two(25), two(61)).map(([h, m]) => `+${h}:${m}`),
  )
  const rest = fc.constantFrom("", ":00", ":59.5", ":60", ":0")

  test("is a day of the calendar with a time and a zone, and can be read", () => {
    const count = { taken: 0, refused: 0 }
    fc.assert(
      fc.property(year, two(13), two(32), two(25), two(61), rest, zone, (y, mo, d, h, mi, s, z) => {
        const text = `${y}-${mo}-${d}T${h}:${mi}${s}${z}`
        const at = momentOf(text)
        count[at === undefined ? "refused" : "taken"] += 1
        const isDay = new Date(`${y}-${mo}-${d}T00:00Z`).getUTCDate() === Number(d)
        const isTime = !Number.isNaN(Date.parse(text)) && /(Z|[+-]\d\d:\d\d)$/.test(text)
        expect([text, at !== undefined]).toEqual([text, isDay && isTime])
        if (at !== undefined) expect(at).toBe(Date.parse(text))
      }),
      { numRuns: 5000, seed: 17 },
    )
    expect(Math.min(count.taken, count.refused)).toBeGreaterThan(200)
  })
})
