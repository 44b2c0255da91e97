import { describe, expect, test } from "vitest"
import type { JournalHistory } from "../../../src/fleet/journal/journal.js"
import { pendingIn, possiblyPending, pendingOfUnreadable } from "../../../src/fleet/leftovers/pending-launches.js"
import { windowMs } from "../../../src/fleet/state/windows.js"
import type { Instance, Leftover, Limits, Provider } from "../../../src/provider.js"

const LIMITS = { attemptMs: 60_000, consistencyMs: 40_000 } as Limits
const PROVIDER = { name: "p", region: "r", limits: LIMITS } as Provider
const HERE = { provider: "p", region: "r", generation: 1 } as const
const NOW = 10_000_000
const WHEN = { now: NOW, begun: NOW - 10_000 }

type OpenIntent = JournalHistory["open"][number]
type Made = JournalHistory["made"][number]

const openAt = (sentAt: number, more: Partial<OpenIntent> = {}) =>
  ({ ...HERE, wish: "w", at: sentAt, sentAt, outcome: "none", call: { token: "t", count: 3 }, ...more }) as OpenIntent
const madeAt = (at: number, id: string, token = "t") =>
  ({ ...HERE, at, group: "g", token, instance: { id } }) as unknown as Made

function history(more: Partial<JournalHistory>): JournalHistory {
  const nothing = { open: [], made: [], givenUp: [], bills: [] }
  return { uid: "u", generation: 1, deadline: "9", isAbandoned: true, ...nothing, ...more }
}

test.each([
  [{ attemptMs: 60_000, consistencyMs: 40_000 }, 100_000],
  [{ attemptMs: 60_000, arrivalMs: 0, consistencyMs: 40_000 }, 40_000],
])("the window of %j is %i ms", (limits, ms) => {
  expect(windowMs(limits as Limits)).toBe(ms)
})

describe("what a journal announces", () => {
  const find = () => Promise.resolve(undefined)
  const rows = [
    ["a call without an outcome, to the end of its window", { open: [openAt(NOW - 1)] }, {}, ["call t 99999"]],
    ["one of a clock that has been set back", { open: [openAt(NOW + 9_000_000)] }, {}, ["call t 90000"]],
    ["nothing once the window is over", { open: [openAt(NOW - 100_000)] }, {}, []],
    ["one more look where it can be asked for", { open: [openAt(NOW - 100_000)] }, { find }, ["call t 0"]],
    ["not after the cloud has forgotten it", { open: [openAt(NOW - 3_300_000)] }, { find }, []],
    ["one of another place: nothing", { open: [openAt(NOW, { region: "other" })] }, {}, []],
    ["an accepted one until it is settled", { open: [openAt(NOW - 200_000, { ref: "op" })] }, {}, ["call t -100000"]],
    ["six minutes more where its process may live", { open: [openAt(NOW)], isAbandoned: false }, {}, ["call t 460000"]],
    ["instances that an answer named", { made: [madeAt(NOW, "a"), madeAt(NOW, "b")] }, {}, ["instances t 100000"]],
    ["none that lists must show", { made: [madeAt(NOW - 100_000, "a")] }, {}, []],
  ] as const
  test.each(rows)("%s", (_what, said, more, expected) => {
    const arrivals = pendingIn(history(said), { ...PROVIDER, ...more } as Provider, WHEN)
    expect(arrivals.map(({ kind, id, until }) => `${kind} ${id} ${until - NOW}`)).toEqual(expected)
  })
})

describe("what nobody announces", () => {
  const tags = { "muster-uid": "u", "muster-generation": "2" }
  const instance = (ageMs: number) => ({ id: "i", launchedAt: NOW - ageMs, tags }) as unknown as Instance
  const claim = { kind: "claim", id: "c", tags, shared: false } as unknown as Leftover
  const rows = [
    ["set-up and no instance", [], [claim], false, 1],
    ["an instance launched lately", [instance(99_999)], [claim], false, 1],
    ["only older ones", [instance(100_001)], [claim], false, 0],
    ["the youngest counts", [instance(900_000), instance(1)], [], false, 1],
    ["covered by a journal", [], [claim], true, 0],
    ["shared set-up is nobody's", [], [{ ...claim, shared: true }], false, 0],
    ["nothing", [], [], false, 0],
  ] as const
  test.each(rows)("%s", (_what, instances, leftovers, isCovered, count) => {
    const asked: unknown[] = []
    const covered = (...given: unknown[]) => asked.push(given) > 0 && isCovered
    const arrivals = possiblyPending({ instances, leftovers }, covered, LIMITS, NOW)
    expect(arrivals.map(({ until }) => until - NOW)).toEqual(Array.from({ length: count }, () => 100_000))
    if (isCovered) expect(asked).toEqual([["u", 2]])
  })

  test("a journal that cannot be read, so long after it was written last", () => {
    expect(pendingOfUnreadable("u", NOW, LIMITS, WHEN)).toMatchObject([{ uid: "u", until: NOW + 460_000 }])
    expect(pendingOfUnreadable("u", NOW + 1, LIMITS, WHEN)).toMatchObject([{ until: NOW + 450_000 }])
    expect(pendingOfUnreadable("u", NOW - 460_000, LIMITS, WHEN)).toEqual([])
  })
})
