/** What a walk on Compute Engine makes beside its launches: it is ended whenever the walk is, and counts where a market has no room. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { gcp } from "../../../../providers/gcp/index.js"
import { GCE_TYPES, gceWorld } from "../../../../providers/gcp/wire/index.js"
import { liveDoctor, type LiveReport } from "../../../../src/doctor.js"
import { gce, optionsFor, ZONE } from "../../../gcp/support/cloud.js"
import { isLong } from "../../../support/long.js"
import { told, verdicts } from "../support.js"
import { PRICE, TYPE, walkOnGce } from "./scene.js"

const types = GCE_TYPES.map((type) => (type.name === TYPE ? { ...type, price: PRICE } : type))

/** A walk with a journal, as the command line's: by it a sweep knows what launches may still make, and of nothing else. Lists are late. */
async function stoppedAt(ms: number): Promise<LiveReport> {
  const directory = mkdtempSync(join(tmpdir(), "muster-beside-"))
  const { latency = {} } = gceWorld()
  const world = { types, latency, listLagMs: [5_000, 30_000] } as const
  const cloud = await gce({ world, wire: { operationMs: [3_000, 15_000] } })
  const provider = gcp(optionsFor(cloud.wire, { zones: [ZONE], prices: { [TYPE]: PRICE } }))
  const abort = new AbortController()
  const confirm = () => {
    cloud.clock.timer(ms, () => abort.abort(new Error("interrupted")))
    return true
  }
  const given = { clock: cloud.clock, journal: directory, env: {}, instanceType: TYPE, signal: abort.signal, confirm }
  try {
    const report = await cloud.run(liveDoctor({ provider }, given))
    expect(report.walk?.left, `at ${ms} ms`).toEqual([])
    expect(cloud.world.truth({ states: ["pending", "running"] }), `at ${ms} ms`).toEqual([])
    return report
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test("an instance that no list shows yet when the walk is interrupted", async () => {
  const { walk } = await stoppedAt(15_000)
  expect(walk?.stopped).toBe("interrupted")
  expect(walk?.exchanges.some(({ request }) => /-partial-/.test(request.body))).toBe(true)
  expect(walk?.problems).toEqual(["interrupted"])
})

test.runIf(isLong)("at any moment of the first minute", async () => {
  for (let ms = 11_000; ms < 60_000; ms += 1_000) await stoppedAt(ms)
})

/** With room for so many on spot, and all the rest on demand. */
async function brokenWith(breaks: string, spot: number) {
  const { latency = {} } = gceWorld()
  const capacity = [{ market: "spot", count: spot }] as const
  const wire = { operationMs: [3_000, 15_000] } as const
  const { outcome, most } = await walkOnGce({
    ...{ everyMs: 10_000, lie: { breaks, mode: "always" }, wire },
    world: { latency, capacity },
  })
  const refuted = Object.entries(verdicts(outcome)).flatMap(([id, verdict]) => (verdict === "refuted" ? [id] : []))
  return { outcome, most, refuted }
}

test.runIf(isLong)("three at most, also where each of them brings two others and ends slowly", async () => {
  const { outcome, most, refuted } = await brokenWith("gcp.request-id-other-body", 0)
  expect([most, refuted], told(outcome)).toEqual([3, ["gcp.request-id-other-body"]])
})

test.runIf(isLong)("no count is held against an operation that does not say why it made none", async () => {
  const { outcome, refuted } = await brokenWith("gcp.cause-of-one", 1)
  expect(refuted, told(outcome)).toEqual(["gcp.cause-of-one"])
})
