/** Two reports side by side. */
import { expect, test } from "vitest"
import { compare, comparisonText } from "../../../src/doctor/report/compare.js"
import type { WalkReport } from "../../../src/doctor/report/format.js"
import { packed } from "../../../src/doctor/report/packing.js"
import { outcome, report, worker } from "./outcomes.js"
import { exchange } from "./planted.js"

const withVerdict = (verdict: "confirmed" | "refuted"): WalkReport => {
  const one = report()
  return {
    ...one,
    assumptions: one.assumptions.map((each) => (each.id === "aws.limits" ? { ...each, verdict } : each)),
  }
}

test("two of the same verdicts are equal, however long machines took", () => {
  const slow = report({ outcome: outcome({ workers: [worker(1, { runningAt: 90_000 })] }) })
  const { isEqual, changes, timings } = compare(report(), slow)
  expect([isEqual, changes]).toEqual([true, []])
  expect(timings[0]).toEqual({ what: "batch: running", seconds: [10, 89] })
  expect(comparisonText(compare(report(), slow))).toMatch(
    /Every assumption has the same verdict in both\.[\s\S]*batch: running: 10\.0 -> 89\.0/,
  )
})

test("another verdict, and an assumption that one does not have, are changes", () => {
  const changed = withVerdict("confirmed")
  const less = { ...changed, assumptions: changed.assumptions.slice(1) }
  const found = compare(report(), less)
  expect(found.isEqual).toBe(false)
  expect(found.changes.map(({ id, verdicts }) => [id, ...verdicts])).toEqual([
    ["aws.token-replay", "confirmed", undefined],
    ["aws.limits", "not seen", "confirmed"],
  ])
  expect(comparisonText(found)).toMatch(
    /aws\.token-replay: confirmed -> -[\s\S]*aws\.limits: not seen -> confirmed {2}\(Limits are told\)/,
  )
})

const told = (...all: readonly Readonly<Record<string, string>>[]) =>
  packed(all.map((headers, at) => exchange(at, {}, "", headers)))

test("limits that answers told, the least of each, and versions that differ", () => {
  const name = "x-ms-ratelimit-remaining-subscription-reads"
  const policies = {
    "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/PutVM3Min;239,Microsoft.Compute/PutVMResource;11",
  }
  const a = { ...report(), ...told({ [name]: "199" }, { [name]: "12" }) }
  const b = { ...report(), ...told(policies), versions: { ...report().versions, node: "24.1.0" } }
  const { limits, walks } = compare(a, b)
  expect(limits).toEqual([
    { name, least: [12, undefined] },
    { name: "Microsoft.Compute/PutVM3Min", least: [undefined, 239] },
    { name: "Microsoft.Compute/PutVMResource", least: [undefined, 11] },
  ])
  expect(walks[1].versions.node).toBe("24.1.0")
  expect(comparisonText(compare(a, b))).toContain("node: 20.20.0 -> 24.1.0")
})

test("what a report has of a terminal's own signs is not printed", () => {
  const foreign = { ...report(), region: "\u001b[2Jus-east-1\u0007" }
  expect(comparisonText(compare(report(), foreign))).toContain(" ?[2Jus-east-1? ")
})

test("two clouds are not compared", () => {
  expect(() => compare(report(), { ...report(), provider: "gcp" })).toThrow(
    "one report is of aws, the other of gcp; compare two of the same cloud",
  )
})
