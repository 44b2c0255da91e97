/** When a worker's bill begins, by what was seen of its instance. */
import { describe, expect, test } from "vitest"
import { newWorker, notePending, noteRunning } from "../../../src/fleet/roster/observations.js"
import type { Launch } from "../../../src/fleet/roster/launches.js"
import type { Provider } from "../../../src/provider.js"
import { Roster } from "../../../src/fleet/roster/roster.js"
import { instanceOf, NOW, workerOf } from "../support.js"

const HOUR_MS = 3_600_000
const windowMs = 30_000
const provider = { name: "p", region: "r", limits: { consistencyMs: windowMs } } as unknown as Provider
const [SENT, HEARD] = [NOW, NOW + 2_000]

function billedFrom(launchedAt: number, launch?: Partial<Launch>): number {
  const instance = instanceOf({ state: "pending", launchedAt })
  const sight = { provider, instance, now: HEARD, listed: false, bootsFrom: HEARD, state: "pending" } as const
  return newWorker({ ...sight, readyBy: "running", begun: SENT, launch: launch as Launch | undefined }).billedFrom
}

describe("when it was launched at the earliest", () => {
  test.each([
    ["as the cloud says", NOW + 1_000, NOW + 1_000],
    ["not before our call was sent, where the cloud's clock is an hour behind", NOW - HOUR_MS, SENT],
    ["not after we have heard of it, where the cloud's clock is an hour ahead", NOW + HOUR_MS, HEARD],
  ])("%s", (_title, launchedAt, expected) => {
    expect(billedFrom(launchedAt, { firstSentAt: SENT })).toBe(expected)
  })

  test("of an instance that another process has launched: what the cloud says", () => {
    expect(billedFrom(NOW - HOUR_MS)).toBe(NOW - HOUR_MS)
  })
})

describe("a list that shows it not running yet", () => {
  const young = () => workerOf({ state: "pending" }, { provider, state: "pending", billedFrom: NOW })

  test("says so of the moment at which it was begun, as late as it may be", () => {
    const worker = young()
    expect([notePending(worker, NOW + windowMs + 5_000), worker.billedFrom]).toEqual([true, NOW + 5_000])
    // One that was begun earlier says less.
    expect([notePending(worker, NOW + windowMs), worker.billedFrom]).toEqual([false, NOW + 5_000])
  })

  test("says nothing where it may be older than the launch, and once it was seen to run", () => {
    const worker = young()
    expect([notePending(worker, NOW + windowMs), worker.billedFrom]).toEqual([false, NOW])
    noteRunning(worker, instanceOf({ state: "running" }), NOW + windowMs)
    expect([notePending(worker, NOW + 3 * windowMs + 5_000), worker.billedFrom]).toEqual([false, NOW])
  })
})

describe("whether it boots for too long", () => {
  const bootMs = 180_000
  const slow = {
    ...provider,
    limits: { consistencyMs: windowMs, bootMs, goneStates: ["terminated"] },
  } as unknown as Provider
  const booting = instanceOf({ state: "pending", launchedAt: NOW })
  const made = () => {
    const roster = new Roster(
      () => {},
      () => undefined,
    )
    return { roster, worker: roster.recordInstance(slow, booting, NOW, false, SENT) }
  }

  test.each([
    ["a list", true],
    ["a reply", false],
  ])("is not told by %s that was heard after this machine has slept", (_title, listed) => {
    const { roster, worker } = made()
    roster.recordInstance(slow, booting, NOW + bootMs + 60_000, listed, NOW + 5_000)
    expect([worker.state, worker.pendingAt]).toEqual(["pending", NOW + 5_000])
  })

  test("is told by a list that was begun after its time", () => {
    const { roster, worker } = made()
    roster.recordInstance(slow, booting, NOW + bootMs + 2_000, true, NOW + bootMs + 1_000)
    expect(worker.state).toBe("failed")
  })

  test("leaves out an hour in which nobody looked, from the look before it to the one after it", () => {
    const { roster, worker } = made()
    roster.recordInstance(slow, booting, NOW + HOUR_MS, true, NOW + 5_000)
    roster.recordInstance(slow, booting, NOW + HOUR_MS + 2_000, true, NOW + HOUR_MS + 1_000)
    expect(worker.state).toBe("pending")
    roster.recordInstance(slow, booting, NOW + HOUR_MS + bootMs + 3_000, true, NOW + HOUR_MS + bootMs + 2_000)
    expect(worker.state).toBe("failed")
  })
})
