/** How an answered code finds its row, and what an answer that never came is. */
import { describe, expect, test } from "vitest"
import { RejectedError, TransientError } from "../../../src/errors.js"
import { connectionError, unsentError } from "../../../src/tables/connection-errors.js"
import { type ErrorRow, findRow } from "../../../src/tables/error-rows.js"
import { retryAfterOf } from "../../../src/tables/retry-after.js"
import { scopeOf, type ScopeKind } from "../../../src/tables/scopes.js"

describe("the row of a code", () => {
  interface Row extends ErrorRow {
    readonly name: string
  }
  const ROWS: readonly Row[] = [
    { name: "by its message", codes: ["Refused"], message: /disk/i },
    { name: "by its status", codes: ["*"], status: 429 },
    { name: "by its code", codes: ["Refused", "Denied"] },
    { name: "by its beginning", codes: ["Pool.*"] },
    { name: "by its end", codes: ["*NotFound"] },
    { name: "by both ends", codes: ["Public*LimitReached"] },
  ]
  const rows: readonly (readonly [readonly string[], string, number | undefined, string | undefined])[] = [
    [["Refused"], "no Disk of that kind", undefined, "by its message"],
    [["Refused"], "no", undefined, "by its code"],
    [["Refused"], "no", 429, "by its status"],
    [["Refused"], "no", 400, "by its code"],
    [["New", "Denied"], "no", undefined, "by its code"],
    [["Pool.Empty"], "no", undefined, "by its beginning"],
    [["Pool"], "no", undefined, undefined],
    [["GroupNotFound"], "no", undefined, "by its end"],
    [["GroupNotFoundYet"], "no", undefined, undefined],
    [["PublicAddressLimitReached"], "no", undefined, "by both ends"],
    [["PublicAddressLimit"], "no", undefined, undefined],
    [[], "no", 429, undefined],
  ]
  test.each(rows)("%j, %j, %s: %s", (codes, message, status, expected) => {
    expect(findRow(ROWS, { codes, message, status })?.name).toBe(expected)
  })
})

describe("what a refusal is about", () => {
  const all = { provider: "gcp", region: "r" }
  const offer = { zone: "z", instanceType: "t", market: "spot", family: "f" } as const
  const { zone, instanceType, market, family } = offer
  const rows: readonly (readonly [ScopeKind | undefined, object])[] = [
    ["pool", { zone, instanceType, market }],
    ["type-in-zone", { zone, instanceType }],
    ["type", { instanceType }],
    ["zone", { zone }],
    ["family", { family, market }],
    ["market", { market }],
    ["region", {}],
    [undefined, {}],
  ]
  test.each(rows)("%s", (kind, expected) => {
    expect(scopeOf(all, kind, offer)).toEqual({ ...all, ...expected })
    expect(scopeOf(all, kind, undefined)).toEqual(all)
  })
})

describe("a request without an answer", () => {
  const attempted = { what: "listing", place: "http://cloud" }
  const thrown = (code: string, message = `connect ${code}`) => Object.assign(new Error(message), { code })

  test.each([
    [
      "ECONNREFUSED",
      TransientError,
      /^listing: http:\/\/cloud is unreachable \(connect ECONNREFUSED\); check the addr/,
    ],
    ["ENOTFOUND", TransientError, /unreachable .*; check the address and the network$/],
    ["EMFILE", TransientError, /ulimit -n/],
    ["CERT_HAS_EXPIRED", RejectedError, /certificate that is not trusted here .*NODE_EXTRA_CA_CERTS$/],
    ["SELF_SIGNED_CERT_IN_CHAIN", RejectedError, /not trusted/],
    [
      "ECONNRESET",
      TransientError,
      /no complete answer from http:\/\/cloud: connect ECONNRESET; the outcome is unknown$/,
    ],
  ])("%s", (code, kind, message) => {
    const error = connectionError(thrown(code), attempted)
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toMatch(message)
    expect(error.code).toBe(code)
    expect(error.cause).toMatchObject({ code })
  })

  test("hints of a cloud's own take the place of the common ones", () => {
    const hints = { unknownHost: "check the region", authority: "give ca" }
    expect(connectionError(thrown("ENOTFOUND"), { ...attempted, ...hints }).message).toMatch(/; check the region$/)
    expect(connectionError(thrown("CERT_X"), { ...attempted, ...hints }).message).toMatch(/; give ca$/)
    expect(connectionError(thrown("ECONNREFUSED"), { ...attempted, ...hints }).message).toMatch(/; check the address/)
  })

  test("only the first line of a message is shown, and anything may be thrown", () => {
    expect(connectionError(thrown("EPIPE", "broke\nat x"), attempted).message).toMatch(/: broke; the outcome/)
    expect(connectionError("broke", attempted).message).toMatch(/: broke; the outcome/)
    expect(connectionError(thrown("ECONNREFUSED", ""), attempted).message).toMatch(/\(ECONNREFUSED\)/)
  })

  test("a request that may have been sent is not called unsent", () => {
    expect(unsentError(thrown("ECONNRESET"), attempted)).toBeUndefined()
    expect(unsentError(new Error("no code"), attempted)).toBeUndefined()
    expect(unsentError(thrown("EHOSTUNREACH"), attempted)).toBeInstanceOf(TransientError)
  })
})

describe("how long an answer asks to wait", () => {
  const date = "Thu, 01 Jan 2026 00:00:00 GMT"
  const until = "Thu, 01 Jan 2026 00:01:30 GMT"
  test.each([
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after": until, date }, 90_000],
    [{ "retry-after": until }, undefined],
    [{ "retry-after": date, date: until }, undefined],
    [{ "retry-after": "0" }, undefined],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
    [undefined, undefined],
  ])("%j: %s ms", (headers, expected) => {
    expect(retryAfterOf(headers)).toEqual(expected === undefined ? {} : { retryAfterMs: expected })
  })
})
