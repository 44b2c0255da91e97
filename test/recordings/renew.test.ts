/**
 * `npm run recordings`: a walk over each cloud's wire, whose report is kept here as its recording. What was seen in words is left out
 * of it, to keep it small.
 */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { test } from "vitest"
import type { WalkOutcome } from "../../src/doctor/live/outcome.js"
import { reportOf } from "../../src/doctor/report/build.js"
import { jsonOf } from "../../src/doctor/report/files.js"
import type { JsonObject } from "../../src/provider.js"
import { awsWalk } from "../doctor/live/aws/cloud.js"
import { IDENTITY, playWalk } from "../doctor/live/azure/cloud.js"
import { walkOnGce } from "../doctor/live/gcp/scene.js"

/** Lists of a recording are further apart than a burst's, so that there are fewer. */
const EVERY_MS = 10_000

/** Of the double, in the place of a machine's. */
const VERSIONS = { muster: "0.1.0", node: "20.20.0", system: "linux x64", packages: {} }

const WALKS: Readonly<Record<string, () => Promise<WalkOutcome>>> = {
  aws: async () => (await awsWalk(undefined, { walk: { everyMs: EVERY_MS } })).outcome,
  gcp: async () => (await walkOnGce({ walk: { everyMs: EVERY_MS } })).outcome,
  azure: async () => withOptions((await playWalk({}, { everyMs: EVERY_MS })).outcome, { identity: IDENTITY }),
}

/** Such a test's credential is a function, so that its other options are not plain. */
function withOptions(outcome: WalkOutcome, options: JsonObject): WalkOutcome {
  return { ...outcome, options }
}

const isRenewed = process.env.MUSTER_RENEW === "1"

test.skipIf(!isRenewed).each(Object.entries(WALKS))("%s (npm run recordings)", async (cloud, walk) => {
  const report = reportOf({ outcome: await walk(), versions: VERSIONS })
  const assumptions = report.assumptions.map((one) => ({ ...one, seen: [] }))
  writeFileSync(fileURLToPath(new URL(`${cloud}-wire.json`, import.meta.url)), jsonOf({ ...report, assumptions }))
})
