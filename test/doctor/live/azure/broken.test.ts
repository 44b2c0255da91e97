/** Azure that breaks one assumption at a time: exactly that one is refuted, and hidden behind failures it is not seen. */
import { describe, expect, test } from "vitest"
import { ASSUMPTIONS } from "../../../../providers/azure/live/assumptions.js"
import { LIES } from "../../../../providers/azure/wire/index.js"
import { LIE_MODES, type LieMode } from "../../../../src/simulator/requests/lies.js"
import { isLong } from "../../../support/long.js"
import { expectAll, expectNothingLeft, told, verdicts } from "../support.js"
import { expectCleanSubscription, type Played, playWalk, type WalkCloudOptions } from "./cloud.js"
import { failing, GUEST_LIES } from "./guests.js"

test("every assumption has its switch, and every switch its assumption", () => {
  const switches = [...LIES, ...GUEST_LIES.map(({ breaks }) => breaks)]
  expect([...switches].sort()).toEqual(ASSUMPTIONS.map(({ id }) => id).sort())
})

/** In `npm test` one of each kind. */
const SHORT: readonly (readonly [string, LieMode])[] = [
  ["azure.deleting-state", "once"],
  ["azure.power-states", "hidden"],
]

const ROWS = ASSUMPTIONS.flatMap(({ id }) => LIE_MODES.map((mode) => [id, mode] as const))

const lookEveryMs = 10_000

function optionsFor(breaks: string, mode: LieMode): WalkCloudOptions {
  const lie = GUEST_LIES.find((one) => one.breaks === breaks)
  if (lie === undefined) return { lookEveryMs, wire: { lie: { breaks, mode } } }
  return mode === "hidden" ? { lookEveryMs, answers: [failing(lie.behind)] } : { lookEveryMs, guest: { lie, mode } }
}

describe.each(isLong ? ROWS : SHORT)("%s broken: %s", (id, mode) => {
  test(mode === "hidden" ? "it is not seen, and nothing is refuted" : "exactly that is refuted", async () => {
    const played = await playWalk(optionsFor(id, mode))
    await (mode === "hidden" ? expectHidden(played, id) : expectRefuted(played, id))
    expect(played.most).toBeLessThanOrEqual(3)
  })
})

async function expectRefuted(played: Played, id: string): Promise<void> {
  expectAll(played.outcome, { [id]: "refuted" })
  expect(played.outcome.left, told(played.outcome)).toEqual([])
  await expectCleanSubscription(played)
}

/** What cannot be ended is ended by its guest: its deadline comes first. */
const DEADLINES_MS = 15 * 60_000

async function expectHidden({ outcome, cloud }: Played, id: string): Promise<void> {
  const found = verdicts(outcome)
  expect(found[id], told(outcome)).toBe("not seen")
  expect(Object.values(found), told(outcome)).not.toContain("refuted")
  await cloud.run(cloud.clock.sleep(DEADLINES_MS))
  expectNothingLeft(cloud.world)
}

test.runIf(isLong)("refusals for want of quota say nothing of images, sizes and locations", async () => {
  const message = "Operation could not be completed as it results in exceeding approved Total Regional Cores quota."
  const answer = { api: "VirtualMachines_CreateOrUpdate", place: "whole", status: 409 } as const
  const { outcome } = await playWalk({
    lookEveryMs,
    answers: [{ ...answer, code: "OperationNotAllowed", message, times: 9 }],
  })
  const unseen = ["image", "size", "location"].map((what) => [`azure.${what}-not-known`, "not seen"])
  expectAll(outcome, Object.fromEntries(unseen))
})
