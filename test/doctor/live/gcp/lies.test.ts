/** Each assumption about Compute Engine is broken alone: exactly that one is refuted, and nothing is left. */
import { describe, expect, test } from "vitest"
import { assumptions } from "../../../../providers/gcp/live/assumptions.js"
import { isLong } from "../../../support/long.js"
import { expectAll, expectNothingLeft, told, verdicts } from "../support.js"
import { walkOnGce } from "./scene.js"

const ALL = assumptions.map(({ id }) => id)
const FEW = { broken: ["gcp.operation-counts:late"], hidden: ["gcp.pages"] }
const only = process.env.MUSTER_LIE

const broken = ALL.flatMap((id) => (["always", "late", "once"] as const).map((mode) => [id, mode] as const)).filter(
  ([id, mode]) => (isLong ? only === undefined || id === only : FEW.broken.includes(`${id}:${mode}`)),
)
const hidden = ALL.filter((id) => (isLong ? only === undefined || id === only : FEW.hidden.includes(id)))

/** Lists that are further apart find all of it as well. */
const EVERY_MS = 10_000

describe.each(broken)("%s, broken %s", (breaks, mode) => {
  test("is refuted, and all others are confirmed", async () => {
    const { cloud, outcome, most } = await walkOnGce({ lie: { breaks, mode }, everyMs: EVERY_MS })
    expectAll(outcome, { [breaks]: "refuted" })
    expectNothingLeft(cloud.world)
    expect(outcome.left).toEqual([])
    expect(most).toBeLessThanOrEqual(4)
  })
})

describe.each(hidden)("%s, hidden behind failures", (breaks) => {
  test("is not seen, and none is refuted", async () => {
    const { cloud, outcome } = await walkOnGce({ lie: { breaks, mode: "hidden" }, everyMs: EVERY_MS })
    const all = verdicts(outcome)
    expect(all[breaks], told(outcome)).toBe("not seen")
    expect(Object.values(all), told(outcome)).not.toContain("refuted")
    // What deletions that fail leave ends at its deadline.
    await cloud.run(cloud.clock.sleep(15 * 60_000))
    expectNothingLeft(cloud.world)
  })
})
