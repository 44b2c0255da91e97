/**
 * The adapters are held to every recording in this folder: a report that `muster doctor --live` has written. The walk over what was
 * recorded comes to the same verdicts, asks for all of it and for nothing else, and reads it. A user's report is tried by being put here.
 */
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { isLong, LONG } from "../support/long.js"
import { reportOf } from "../../src/doctor/report/build.js"
import { jsonOf, readReport, reportIn } from "../../src/doctor/report/files.js"
import { walkOnGce } from "../doctor/live/gcp/scene.js"
import { expectAll } from "../doctor/live/support.js"
import type { WalkReport } from "../../src/doctor/report/format.js"
import { exchangesOf } from "../../src/doctor/report/packing.js"
import { played } from "./play.js"

/** Of the double, in the place of a machine's. */
const VERSIONS = { muster: "0.1.0", node: "20.20.0", system: "linux x64", packages: {} }

const FOLDER = fileURLToPath(new URL(".", import.meta.url))
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".json"))

/**
 * A replay leaves out by design what asks for offers, by whose answers a walk chooses its type and knows its price: a report has only a
 * few lines of a catalogue, by which another type could be chosen. The walk over it takes the offers that are in the report.
 */
const OF_OFFERS = [
  ...["DescribeInstanceTypes", "DescribeInstanceTypeOfferings", "DescribeSpotPriceHistory", "GetProducts"],
  ...["DescribeImages", "DescribeSubnets"],
  ...["machineTypes.list", "regions.get", "cloudbilling.services.skus.list"],
  ...["ResourceSkus_List", "RetailPrices"],
  ...["VirtualMachineImages_List", "VirtualMachineImages_Get", "Images_Get", "GalleryImages_Get"],
]

test("there is one of each cloud that is asked over HTTP", () => {
  for (const cloud of ["aws", "gcp", "azure"])
    expect(
      FILES.some((name) => name.includes(cloud)),
      cloud,
    ).toBe(true)
})

test("those of the doubles are small", () => {
  for (const name of FILES.filter((one) => one.endsWith("-wire.json")))
    expect(statSync(join(FOLDER, name)).size, name).toBeLessThanOrEqual(150 * 1024)
})

describe.each(isLong ? FILES : FILES.filter((name) => name.startsWith("gcp")))(
  `%s${isLong ? "" : ` (the others: ${LONG})`}`,
  (file) => {
    test("comes to the verdicts that are in it, asks for all of it and nothing else, and all is read", async () => {
      const report = await readReport(join(FOLDER, file), "the recording")
      const { outcome, unknown, unplayed, unread } = await played(report)
      expect(unknown.slice(0, 3)).toEqual([])
      const inTrouble = troubledIn(report)
      expect(unread.filter(({ api }) => !inTrouble.has(api))).toEqual([])
      expect(unplayed.map(({ api }) => api).filter((api) => !OF_OFFERS.includes(api))).toEqual([])
      expect(outcome.problems.length, outcome.problems.join("; ")).toBe(report.problems.length)
      const verdicts = (all: readonly { readonly id: string; readonly verdict: string }[]) =>
        Object.fromEntries(all.map(({ id, verdict }) => [id, verdict]))
      const recorded = verdicts(report.assumptions)
      expect(Object.keys(recorded), "the recording has no assumptions").not.toEqual([])
      const known = outcome.assumptions.filter(({ id }) => id in recorded)
      expect(verdicts(known), JSON.stringify(outcome.problems)).toEqual(recorded)
      expect(outcome.left.length).toBe(report.left.length)
    })
  },
)

/** What was once not answered, or by a server in trouble, could not be read by the walk that is recorded either. */
function troubledIn(report: WalkReport): ReadonlySet<string> {
  const troubled = exchangesOf(report).filter(({ answer }) => answer === undefined || answer.status >= 500)
  return new Set(troubled.map(({ api }) => api))
}

describe.runIf(isLong)("a recording of a cloud that breaks an assumption", () => {
  test.each(["gcp.date-header", "gcp.states-in-order", "gcp.deadline"])(
    "has %s refuted when it is played",
    async (id) => {
      const { outcome: walked } = await walkOnGce({
        wire: { lie: { breaks: id, mode: "always" } },
        walk: { everyMs: 10_000 },
      })
      const report = reportIn(jsonOf(reportOf({ outcome: walked, versions: VERSIONS })))
      if (typeof report === "string") throw new Error(report)
      const { outcome, unknown } = await played(report)
      expect(unknown).toEqual([])
      expectAll(outcome, { [id]: "refuted" })
    },
  )
})
