/** Live walks where a market or a quota has no room for all: less is seen, but nothing is taken for refuted, and nothing is left. */
import { describe, expect, test } from "vitest"
import { ec2World } from "../../../providers/aws/wire/index.js"
import { AZURE_WORLD } from "../../../providers/azure/wire/index.js"
import { gceWorld } from "../../../providers/gcp/wire/index.js"
import type { WalkOutcome } from "../../../src/doctor/live/outcome.js"
import type { WorldOptions } from "../../../src/simulator/index.js"
import { isLong, LONG } from "../../support/long.js"
import { awsWalk, mostAlive } from "./aws/cloud.js"
import { playWalk } from "./azure/cloud.js"
import { walkOnGce } from "./gcp/scene.js"
import { told, verdicts } from "./support.js"

type Room = Pick<WorldOptions, "capacity" | "quotas">

interface Walked {
  readonly outcome: WalkOutcome
  readonly most: number
}

const CLOUDS: Readonly<Record<string, (room: Room) => Promise<Walked>>> = {
  aws: async (room) => {
    const { outcome, cloud } = await awsWalk(undefined, { world: { latency: ec2World().latency ?? {}, ...room } })
    return { outcome, most: mostAlive(cloud.world) }
  },
  gcp: (room) => {
    const auth = { getRequestHeaders: () => Promise.resolve({ authorization: "Bearer planted" }) }
    const wire = { operationMs: [3_000, 15_000], token: "planted" } as const
    return walkOnGce({ world: { latency: gceWorld().latency ?? {}, ...room }, wire, gcp: { auth } })
  },
  azure: (room) => playWalk({ world: { latency: AZURE_WORLD.latency ?? {}, ...room } }),
}

const of = (market: "spot" | "on-demand", count: number) => ({ market, count })
const vcpus = (count: number) => (["spot", "on-demand"] as const).map((market) => ({ market, vcpus: count }))

const ROOMS: Readonly<Record<string, Room>> = {
  "no spot": { capacity: [of("spot", 0)] },
  "room for one on spot": { capacity: [of("spot", 1)] },
  "room for two on spot": { capacity: [of("spot", 2)] },
  "nothing on demand": { capacity: [of("on-demand", 0)] },
  "room for one on demand": { capacity: [of("on-demand", 1)] },
  "room for one in all": { capacity: [of("spot", 1), of("on-demand", 0)] },
  nothing: { capacity: [of("spot", 0), of("on-demand", 0)] },
  "a quota for two": { quotas: vcpus(4) },
  "a quota for one": { quotas: vcpus(2) },
}

const ROWS = Object.keys(CLOUDS).flatMap((cloud) => Object.keys(ROOMS).map((room) => [cloud, room] as const))

/** What is said of one kind of machine, and must not be taken for shown by the other. */
const OF_ONE: readonly (readonly [cloud: string, room: string, unseen: readonly string[]])[] = [
  ["aws", "no spot", ["aws.spot-is-listed", "aws.guest-deadline", "aws.guest-user-data"]],
  ["aws", "nothing on demand", ["aws.guest-user-data"]],
  ["gcp", "no spot", ["gcp.market-shown"]],
]

const walkIn = (cloud: string, room: string) =>
  CLOUDS[cloud]?.(ROOMS[room] ?? {}) ?? Promise.reject(new Error(`no cloud ${cloud}`))

test.runIf(isLong).each(OF_ONE)("on %s with %s, %j are not seen", async (cloud, room, unseen) => {
  const { outcome } = await walkIn(cloud, room)
  expect(verdicts(outcome), told(outcome)).toMatchObject(Object.fromEntries(unseen.map((id) => [id, "not seen"])))
})

describe.runIf(isLong)(`a live walk${isLong ? "" : ` (${LONG})`}`, () => {
  test.each(ROWS)("on %s with %s refutes nothing", async (cloud, room) => {
    const { outcome, most } = await walkIn(cloud, room)
    const seen = Object.entries(verdicts(outcome))
    expect(
      seen.filter(([, verdict]) => verdict === "refuted"),
      told(outcome),
    ).toEqual([])
    expect(seen.some(([, verdict]) => verdict === "confirmed")).toBe(true)
    expect(outcome.left).toEqual([])
    expect(most).toBeLessThanOrEqual(3)
    const gone = outcome.workers.map(({ goneAt }) => goneAt ?? Number.POSITIVE_INFINITY)
    expect(Math.max(0, ...gone)).toBeLessThan(15 * 60_000)
  })
})
