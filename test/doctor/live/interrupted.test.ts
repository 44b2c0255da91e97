/** Walks over the wires that are interrupted: what they saw until then is told, nothing is held against a cloud, and nothing is left. */
import { expect, test } from "vitest"
import type { WalkOutcome } from "../../../src/doctor/live/outcome.js"
import type { World } from "../../../src/simulator/index.js"
import { isLong } from "../../support/long.js"
import { awsWalk, mostAlive } from "./aws/cloud.js"
import { playWalk } from "./azure/cloud.js"
import { walkOnGce } from "./gcp/scene.js"
import { expectNothingLeft, told, verdicts } from "./support.js"

interface Seen {
  readonly outcome: WalkOutcome
  readonly world: World
}

const WALKS: Readonly<Record<string, (stopAtMs: number) => Promise<Seen>>> = {
  aws: async (stopAtMs) => {
    const { outcome, cloud } = await awsWalk(undefined, { walk: { stopAtMs }, world: { listLagMs: [0, 3_000] } })
    return { outcome, world: cloud.world }
  },
  gcp: async (stopAtMs) => {
    const { outcome, cloud } = await walkOnGce({ walk: { stopAtMs }, world: { listLagMs: [0, 3_000] } })
    return { outcome, world: cloud.world }
  },
  azure: async (stopAtMs) => {
    const { outcome, cloud } = await playWalk({}, { stopAtMs })
    return { outcome, world: cloud.world }
  },
}

/** Of each cloud, what the lists show of machines that are gone. */
const FROM_LISTS: Readonly<Record<string, string>> = {
  aws: "aws.tags-in-first-list",
  gcp: "gcp.labels-at-once",
  azure: "azure.tags-first-list",
}

const SECONDS = [1, 7, 25, 60, 100, 170, 250, 300, 350, 390, 440]

test.runIf(isLong).each(Object.keys(WALKS))("on %s, at any moment", async (cloud) => {
  for (const second of SECONDS) {
    const { outcome, world } = (await WALKS[cloud]?.(second * 1_000)) ?? { outcome: undefined, world: undefined }
    if (outcome === undefined || world === undefined) throw new Error("no such cloud")
    const when = `${second} s: ${told(outcome)}`
    expectNothingLeft(world, when)
    expect(outcome.left, when).toEqual([])
    expect(mostAlive(world), when).toBeLessThanOrEqual(3)
    expect(Object.values(verdicts(outcome)), when).not.toContain("refuted")
    const gone = outcome.workers.filter(({ endedAt }) => endedAt !== undefined && endedAt < second * 500)
    if (outcome.stopped !== undefined && gone.length >= 3)
      expect(verdicts(outcome)[FROM_LISTS[cloud] ?? ""], when).toBe("confirmed")
  }
})
