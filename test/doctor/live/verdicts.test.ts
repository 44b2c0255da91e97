/** What clouds in good order answer now and then refutes nothing, and what shows nothing confirms nothing. */
import { expect, test } from "vitest"
import { VirtualClock } from "../../../src/calls/clock.js"
import { Witness } from "../../../src/doctor/live/witness.js"
import { lookAtRemains } from "../../../providers/aws/live/looks/remains.js"
import type { Site } from "../../../providers/aws/live/site.js"
import { judgeWaits } from "../../../providers/gcp/live/probes/operations.js"
import { judgeConsistency, judgeDeadlines, judgeStates } from "../../../src/live/judges.js"
import { verdictOf } from "../../../src/live/verdicts.js"
import type { Exchange, Instance, InstanceState, Limits, Sight, WalkStage, WalkWorker } from "../../../src/provider.js"

const INSTANCE = { id: "i-1", name: "one", tags: {} } as unknown as Instance
const WORKER = { made: INSTANCE, runningAt: 0, call: { offers: [] } } as unknown as WalkWorker

/** A walk with one machine that lists have shown so, a second apart. */
function stageOf(states: readonly InstanceState[], more: Partial<WalkStage> = {}) {
  const seen: (readonly [string, boolean])[] = []
  const sights = states.map((state, at): Sight => ({ at: at * 1000, instances: [{ ...INSTANCE, state }] }))
  let now = states.length * 1000
  const later = (ms: number) => {
    now += ms
  }
  const stage = {
    ...{ workers: [WORKER], sights, exchanges: [], now: () => now, watch: async (ask: () => unknown) => await ask() },
    wait: (ms: number) => Promise.resolve(later(ms)),
    saw: (id: string, held: boolean) => void seen.push([id, held]),
    ...more,
  } as unknown as WalkStage
  return { stage, seen, later }
}

const ENDED: readonly InstanceState[] = ["pending", "running", "terminating", "terminated"]

test.each([
  ["in order", ENDED, true],
  ["one list that lags", ["pending", "running", "pending", "running", "terminating", "running", "terminated"], true],
  ["back for two lists", ["pending", "running", "pending", "pending", "running", "terminated"], false],
  ["back in the end", ["pending", "running", "terminated", "running"], false],
] as const)("the states of a machine, %s", (_, states, held) => {
  const { stage, seen } = stageOf(states)
  judgeStates(stage, "any.states")
  expect(seen).toEqual([["any.states", held]])
})

test.each([
  ["by an answer that took long", 20_000, true],
  ["at once", 1_000, false],
] as const)("a machine that lists show 22 s after its launch, and that was told of %s", (_, toldAt, held) => {
  const lists = Array.from({ length: 30 }, (_none, second): Sight => {
    return { at: second * 1000, instances: second < 22 ? [] : [{ ...INSTANCE, state: "pending" }] }
  })
  const worker = { ...WORKER, sentAt: 0, toldAt } as unknown as WalkWorker
  const { stage, seen } = stageOf([], { workers: [worker], sights: lists })
  judgeConsistency(stage, "any.lists", 10_000)
  expect(seen).toEqual([["any.lists", held]])
})

test("of two lists in a row that miss what nobody meant to make, the first tells when it went", () => {
  const witness = new Witness(new VirtualClock({ seed: 1 }))
  const limits = { goneStates: ["terminated"], consistencyMs: 10_000 } as unknown as Limits
  const counts = [[INSTANCE], [], [INSTANCE], [], []].map((instances, at) => {
    witness.listed(at * 1000, instances, limits)
    return witness.livingCount()
  })
  expect([counts, witness.strays.get("i-1")?.to]).toEqual([[1, 1, 1, 1, 0], 3000])
})

test.each([
  ["some seconds after it", 305_000, [true]],
  ["minutes before it, as what is taken back", 120_000, []],
  ["never, as far as lists tell", undefined, []],
] as const)("a machine that went at its deadline %s", (_, goneAt, held) => {
  const timed = { wave: "timed", deadlineAt: 300_000, ...(goneAt === undefined ? {} : { goneAt }) }
  const { stage, seen } = stageOf(["running"], { workers: [{ ...WORKER, ...timed } as unknown as WalkWorker] })
  judgeDeadlines(stage, "any.deadline", 60_000)
  expect(seen).toEqual(held.map((one) => ["any.deadline", one]))
})

test.each([
  ["of one kind alone", ["spot", "spot", "spot", "spot"], "not seen"],
  ["of both, too seldom", ["spot", "fleet"], "not seen"],
  ["of both", ["spot", "spot", "fleet"], "confirmed"],
] as const)("what is assumed of two kinds and seen %s is %3$s", (_, kinds, verdict) => {
  const seen = kinds.map((kind) => ({ assumption: "any", held: true, words: "", at: 0, exchanges: [], kind }))
  expect(verdictOf({ kinds: ["spot", "fleet"] }, seen)).toBe(verdict)
  const broken = seen.map((one, at) => ({ ...one, held: at > 0 }))
  expect(verdictOf({ kinds: ["spot", "fleet"] }, broken)).toBe("refuted")
})

function waitFor(operation: string, status: string, ms: number): Exchange {
  const url = `https://compute.googleapis.com/compute/v1/projects/p/zones/z/operations/${operation}/wait`
  const body = JSON.stringify({ kind: "compute#operation", status })
  const request = { method: "POST", url, headers: {}, body: "" }
  return { number: 0, api: "zoneOperations.wait", at: 0, ms, request, answer: { status: 200, headers: {}, body } }
}

test.each([
  ["held until it was done", [waitFor("a", "DONE", 3000)], [true]],
  ["back at once, and held the next time", [waitFor("a", "RUNNING", 0), waitFor("a", "DONE", 3000)], [true]],
  ["back at once for two operations", [waitFor("a", "RUNNING", 0), waitFor("b", "RUNNING", 0)], []],
  ["back at once twice", [waitFor("a", "RUNNING", 0), waitFor("a", "RUNNING", 0)], [false]],
] as const)("a wait of Compute Engine that came %s", (_, exchanges, held) => {
  const { stage, seen } = stageOf([], { exchanges })
  judgeWaits(stage)
  expect(seen).toEqual(held.map((one) => ["gcp.operation-wait", one]))
})

interface Remains {
  readonly answer: unknown
  /** Between its end and the look. */
  readonly afterMs: number
}

async function remains({ answer, afterMs }: Remains): Promise<readonly (readonly [string, boolean])[]> {
  const call = { offers: [{ market: "spot" }] }
  const { stage, seen, later } = stageOf(ENDED, { workers: [{ ...WORKER, call } as unknown as WalkWorker] })
  later(afterMs)
  const attached = { volumes: new Map([["vol-1", "i-1"]]), interfaces: new Map() }
  const watch = async (ask: () => Promise<unknown>) => ({ value: await ask(), exchanges: [] })
  const site = { send: () => Promise.resolve(answer), attached } as unknown as Site
  await lookAtRemains(site, { ...stage, watch } as unknown as WalkStage)
  return seen
}

const request = (State: string) => ({ InstanceId: "i-1", State })

test.each([
  ["gone", 0, { Volumes: [] }, [["aws.volume-goes", true]]],
  ["on its way out", 30_000, { Volumes: [{ VolumeId: "vol-1" }] }, []],
  ["there for minutes", 300_000, { Volumes: [{ VolumeId: "vol-1" }] }, [["aws.volume-goes", false]]],
  ["not in an answer at all", 300_000, {}, []],
  ["closed", 0, { SpotInstanceRequests: [request("closed")] }, [["aws.spot-request-ends", true]]],
  ["not listed", 300_000, { SpotInstanceRequests: [] }, []],
  ["still active", 30_000, { SpotInstanceRequests: [request("active")] }, []],
  ["active for minutes", 300_000, { SpotInstanceRequests: [request("active")] }, [["aws.spot-request-ends", false]]],
  [
    "closed, with another that is open",
    300_000,
    { SpotInstanceRequests: [request("closed"), request("open")] },
    [["aws.spot-request-ends", false]],
  ],
] as const)("what goes with an EC2 instance is %s", async (_, afterMs, answer, seen) => {
  expect(await remains({ answer, afterMs })).toEqual(seen)
})
