/** Tags that users give, by the rules of a cloud; and moments as clouds write them. */
import { describe, expect, test } from "vitest"
import { CONTAINER_TAG } from "../../../src/fleet/tags.js"
import { groupTagProblems, ownTagProblems, type TagRules, type Tags } from "../../../src/tables/tag-rules.js"
import { isoTime, parseHttpDate, parseTime } from "../../../src/tables/times.js"

const RULES: TagRules = {
  option: "cloud.tags",
  noun: "tags",
  takes: "the cloud takes 5",
  most: 5,
  ours: 2,
  problemOf: (key, value) => (value === "bad" ? `${key} is bad` : undefined),
}
const CASELESS: TagRules = { ...RULES, caseless: "names have no case" }
const KEPT = "begins with muster-, which is kept for Muster's own tags; rename it"
const many = (count: number): Tags => Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, "v"]))

describe("the provider's own tags", () => {
  test.each<[unknown, TagRules, readonly string[]]>([
    [undefined, RULES, []],
    ["text", RULES, []],
    [{ a: 1 }, RULES, []],
    [many(3), RULES, []],
    [many(4), RULES, ["cloud.tags has 4 tags; the cloud takes 5, of which Muster needs 2"]],
    [{ a: "bad" }, RULES, ["cloud.tags.a a is bad"]],
    [{ "muster-x": "v" }, RULES, [`cloud.tags.muster-x ${KEPT}`]],
    [{ "Muster-x": "v" }, RULES, []],
    [{ "Muster-x": "v" }, CASELESS, [`cloud.tags.Muster-x ${KEPT}`]],
    [{ a: "v", A: "v" }, RULES, []],
    [{ a: "v", A: "v" }, CASELESS, ['cloud.tags.A is the same as "a": names have no case']],
  ])("%j", (tags, rules, expected) => {
    expect(ownTagProblems(tags, rules).map(({ option, message }) => `${option} ${message}`)).toEqual(expected)
  })
})

describe("a group's tags beside them", () => {
  const beside = "groups.g.tags has 4 tags with those of cloud.tags; the cloud takes 5, of which Muster needs 2"
  test.each<[Tags, Tags, TagRules, readonly string[]]>([
    [many(3), {}, RULES, []],
    [many(4), {}, RULES, ["groups.g.tags has 4 tags; the cloud takes 5, of which Muster needs 2"]],
    [many(3), { k1: "other" }, RULES, []],
    [many(3), { K1: "other" }, CASELESS, []],
    [many(3), { K1: "other" }, RULES, [beside]],
    [{ a: "bad" }, {}, RULES, ["groups.g.tags.a a is bad"]],
    [{ a: "v" }, { b: "bad" }, RULES, []],
    [{ "muster-x": "v" }, {}, RULES, [`groups.g.tags.muster-x ${KEPT}`]],
    [CONTAINER_TAG, {}, RULES, []],
    [{ ...many(3), ...CONTAINER_TAG }, { k1: "other" }, RULES, [beside]],
  ])("%j beside %j", (tags, own, rules, expected) => {
    const problems = groupTagProblems({ name: "g", tags }, own, rules)
    expect(problems.map(({ option, message }) => `${option} ${message}`)).toEqual(expected)
  })
})

describe("moments", () => {
  test.each([
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"],
    ["2024-02-29T23:59:59.1234567+00:00", "2024-02-29T23:59:59.123Z"],
    ["2025-12-31T16:00:00.000-08:00", "2026-01-01T00:00:00.000Z"],
    ["1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z"],
  ])("%s is %s", (text, iso) => {
    expect(isoTime(parseTime(text) ?? Number.NaN)).toBe(iso)
  })

  test.each([undefined, "", "2026-01-01", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00"])("%s is none", (text) => {
    expect(parseTime(text)).toBeUndefined()
  })

  test("as HTTP writes them", () => {
    expect(parseHttpDate(" Thu, 01 Jan 2026 00:00:07 GMT ")).toBe(parseTime("2026-01-01T00:00:07Z"))
    expect(parseHttpDate("Thu, 01 Abc 2026 00:00:07 GMT")).toBeUndefined()
    expect(parseHttpDate("7")).toBeUndefined()
  })
})
