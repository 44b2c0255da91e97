/** The live walk on Azure, over its wire and through the real SDK. */
import { existsSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { adapterOf } from "../../../../providers/azure/adapter.js"
import { AZURE_WORLD } from "../../../../providers/azure/wire/index.js"
import { billOf } from "../../../../src/simulator/world/bill.js"
import { ASSUMPTIONS, UNTRIED } from "../../../../providers/azure/live/assumptions.js"
import { parseAzureOptions } from "../../../../providers/azure/options-check.js"
import { optionsFor, prepareOf, SUBSCRIPTION } from "../../../azure/support/cloud.js"
import { isLong, LONG } from "../../../support/long.js"
import { expectAll, expectPrices, told, verdicts } from "../support.js"
import { expectCleanSubscription, type Played, playWalk, type WalkCloudOptions } from "./cloud.js"

test("all that is assumed of Azure is confirmed, and nothing is left", async () => {
  // As long as Azure takes: VMs boot in 30 to 90 s.
  const { latency = {} } = AZURE_WORLD
  const played = await playWalk({ world: { latency } })
  const { outcome, most, cloud } = played
  expectAll(outcome)
  expect([outcome.problems, outcome.left], told(outcome)).toEqual([[], []])
  await expectCleanSubscription(played)
  expect(most).toBe(3)
  expect(outcome.ms).toBeLessThan(15 * 60_000)
  // The world bills machines; their disks and addresses cost what the walk says of them.
  const { usd, seconds } = billOf(cloud.world)
  const billed = usd + (seconds / 3600) * (32 * (0.075 / 730) + 0.005)
  expectPrices(outcome, billed)
  // What logs in, or could log in later, is in no exchange.
  const shown = JSON.stringify(outcome.exchanges)
  expect(shown).not.toMatch(/bearer|authorization"|sig=(?!\*\*\*)/i)
  expect(shown).toContain("sig=***")
  expect(outcome.exchanges.filter(({ api }) => api === "unknown")).toEqual([])
})

test("each assumption has a name of its own, and rests in files that there are", () => {
  const all = [...ASSUMPTIONS, ...UNTRIED]
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  for (const { id, says, code } of all) {
    expect([id, says]).toEqual([
      expect.stringMatching(/^azure(\.[a-z][a-z-]*)$/),
      expect.stringMatching(/^.{20,}[^.]$/),
    ])
    for (const path of code) expect(existsSync(path), `${id}: ${path}`).toBe(true)
  }
})

const seenIn = ({ outcome }: Played) =>
  Object.entries(verdicts(outcome)).flatMap(([id, is]) => (is === "confirmed" ? [] : [id]))

describe.runIf(isLong)(`with options of theirs (${LONG})`, () => {
  test("without an identity no guest ends its machine, and nothing is said of it", async () => {
    const played = await playWalk({ azure: { identity: undefined } })
    expect(seenIn(played), told(played.outcome)).toEqual(["azure.guest-deadline"])
    expect(verdicts(played.outcome)["azure.guest-deadline"]).toBe("not seen")
    await expectCleanSubscription(played)
  })

  test("in a group and a subnet of theirs nothing of these is touched", async () => {
    const subnetId = `/subscriptions/${SUBSCRIPTION}/resourceGroups/muster-westeurope/providers/Microsoft.Network/virtualNetworks/muster-westeurope/subnets/workers`
    // Another cluster has made them.
    const before: NonNullable<WalkCloudOptions["before"]> = ({ wire, ...cloud }) =>
      prepareOf({ ...cloud, wire, provider: adapterOf(parseAzureOptions(optionsFor(wire))) })
    const azure = { resourceGroup: "muster-westeurope", subnetId }
    const played = await playWalk({ azure, before }, { group: { publicAddress: false } })
    expect(seenIn(played), told(played.outcome)).toEqual([
      "azure.claim-once",
      ...[
        "azure.inline-address",
        "azure.static-address",
        "azure.address-tags",
        "azure.address-gone",
        "azure.group-deletion",
      ],
    ])
    expect(played.outcome.left).toEqual([])
    expect(Object.values(verdicts(played.outcome))).not.toContain("refuted")
  })
})
