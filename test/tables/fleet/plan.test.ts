import * as fc from "../../support/property.js"
import { describe, expect, test } from "vitest"
import { chooseSurplus, planGroup } from "../../../src/fleet/plan.js"
import type { GroupNow } from "../../../src/fleet/planning/types.js"
import { marketsOf, rank } from "../../../src/fleet/planning/rank.js"
import type { WorkerRecord } from "../../../src/fleet/roster/worker-record.js"
import type { Unavailable } from "../../../src/fleet/unavailable.js"
import type { Failure, Offer } from "../../../src/provider.js"
import type { ResolvedGroup } from "../../../src/spec/resolved.js"
import { failureOf, groupOf, NOW, offerOf, workerOf } from "../support.js"

const zones = (offers: readonly Offer[]) => offers.map((offer) => offer.zone)
const memoryOf = (failure: Partial<Failure>, until: number): Unavailable => ({
  scope: failure.scope ?? {},
  until,
  failure: failureOf(failure),
})

describe("rank: best first", () => {
  const spotFirst: Partial<ResolvedGroup> = { market: "spot-with-fallback" }
  const rows: readonly (readonly [string, Partial<ResolvedGroup>, readonly Partial<Offer>[], readonly string[]])[] = [
    [
      "the cheaper",
      {},
      [
        { zone: "a", pricePerHour: 2 },
        { zone: "b", pricePerHour: 1 },
      ],
      ["b", "a"],
    ],
    ["one with a price before one without", {}, [{ zone: "a" }, { zone: "b", pricePerHour: 9 }], ["b", "a"]],
    ["a price of zero is a price", {}, [{ zone: "a" }, { zone: "b", pricePerHour: 0 }], ["b", "a"]],
    [
      "spot before on-demand, also when it is dearer",
      spotFirst,
      [
        { zone: "a", pricePerHour: 1 },
        { zone: "b", pricePerHour: 2, market: "spot" },
      ],
      ["b", "a"],
    ],
    [
      "the type named first when prices are the same",
      { instanceTypes: ["big", "small"] },
      [
        { zone: "a", instanceType: "small", vcpus: 1 },
        { zone: "b", instanceType: "big", vcpus: 8 },
      ],
      ["b", "a"],
    ],
    [
      "the smaller",
      {},
      [
        { zone: "a", vcpus: 8 },
        { zone: "b", vcpus: 2 },
      ],
      ["b", "a"],
    ],
    ["as the cloud lists them", {}, [{ zone: "b" }, { zone: "a" }, { zone: "c" }], ["b", "a", "c"]],
  ]
  test.each(rows)("%s", (_title, group, offers, expected) => {
    expect(zones(rank(offers.map(offerOf), groupOf(group), { counted: [] }))).toEqual(expected)
  })

  test("the zone where most of the group is already, when nothing else tells them apart", () => {
    const counted = ["b", "b", "a"].map((zone) => workerOf({ zone }))
    const offers = ["c", "a", "b"].map((zone) => offerOf({ zone }))
    expect(zones(rank(offers, groupOf(), { counted }))).toEqual(["b", "a", "c"])
    expect(zones(rank([...offers, offerOf({ zone: "d", pricePerHour: 1 })], groupOf(), { counted }))[0]).toBe("d")
  })

  test("markets in the order in which they are tried", () => {
    expect(["spot", "on-demand", "spot-with-fallback"].map((market) => marketsOf(market as "spot"))).toEqual([
      ["spot"],
      ["on-demand"],
      ["spot", "on-demand"],
    ])
  })
})

describe("planGroup", () => {
  const offers = [offerOf({ zone: "a", pricePerHour: 1 }), offerOf({ zone: "b", pricePerHour: 2 })]
  const now = { group: groupOf(), desired: 5, counted: [workerOf(), workerOf()], booked: 1, offers }

  test("what is missing, from every offer that is not barred", () => {
    const { wish, surplus, unplaced } = planGroup(now, [], NOW)
    expect(wish).toMatchObject({ group: "default", count: 2, market: "on-demand", arch: "x86_64", region: "r" })
    expect(zones(wish?.offers ?? [])).toEqual(["a", "b"])
    expect([surplus, unplaced]).toEqual([0, 0])
  })

  test.each([
    [3, 0],
    [2, 1],
    [0, 3],
  ])("%i desired of three that are or may come: %i too many", (desired, surplus) => {
    const plan = planGroup({ ...now, desired }, [], NOW)
    expect(plan).toMatchObject({
      wish: undefined,
      surplus,
      unplaced: 0,
      later: 0,
      retryAt: undefined,
      wakeAt: undefined,
    })
  })

  test("what is barred is left out until its time is over, and the first of them says when to look again", () => {
    const memory = [memoryOf({ scope: { zone: "a" } }, NOW + 100), memoryOf({ scope: { zone: "b" } }, NOW + 50)]
    const plan = planGroup(now, memory, NOW)
    expect(plan).toMatchObject({ wish: undefined, surplus: 0, unplaced: 2, retryAt: NOW + 50, wakeAt: NOW + 50 })
    expect(zones(planGroup(now, memory, NOW + 50).wish?.offers ?? [])).toEqual(["b"])
    expect(zones(planGroup(now, memory, NOW + 100).wish?.offers ?? [])).toEqual(["a", "b"])
  })

  test("nothing is sold: all is unplaced, and no time will help", () => {
    expect(planGroup({ ...now, offers: [] }, [], NOW)).toMatchObject({ unplaced: 2, retryAt: undefined })
  })

  test("a wish is of one provider, region, market and architecture: the best offer's", () => {
    const others = [
      offerOf({ zone: "x", pricePerHour: 1, arch: "arm64" }),
      offerOf({ zone: "y", pricePerHour: 1, market: "spot" }),
      offerOf({ zone: "z", pricePerHour: 1, region: "far" }),
      offerOf({ zone: "w", pricePerHour: 1, provider: "other" }),
    ]
    const group = groupOf({ market: "spot-with-fallback" })
    const { wish } = planGroup({ ...now, group, offers: [...offers, ...others] }, [], NOW)
    expect(zones(wish?.offers ?? [])).toEqual(["y"])
    const { wish: plain } = planGroup(
      { ...now, offers: [...offers, ...others.filter(({ market }) => market !== "spot")] },
      [],
      NOW,
    )
    expect(zones(plain?.offers ?? [])).toEqual(["a", "b"])
  })

  test("what is wished, left for later, unplaced, counted and booked is what is desired, and never more", () => {
    const counts = fc.nat(20)
    const spreads = fc.constantFrom("one-zone" as const, "zones" as const)
    fc.assert(
      fc.property(counts, counts, counts, fc.subarray(offers), spreads, (desired, counted, booked, some, spread) => {
        const group = groupOf({ spread })
        const state = { ...now, group, desired, booked, offers: some, counted: workersIn({ a: counted }) }
        const { wish, surplus, unplaced, later } = planGroup(state, [], NOW)
        expect(counted + booked + (wish?.count ?? 0) + later + unplaced - surplus).toBe(desired)
        expect(surplus === 0 || (wish === undefined && unplaced === 0 && later === 0)).toBe(true)
        expect(wish === undefined || wish.count > 0).toBe(true)
      }),
    )
  })

  test("nothing is launched while it is held back, and it says when it goes on", () => {
    const held = planGroup({ ...now, pausedUntil: NOW + 30 }, [], NOW)
    expect(held).toMatchObject({ wish: undefined, later: 2, unplaced: 0, wakeAt: NOW + 30 })
    expect(planGroup({ ...now, pausedUntil: NOW }, [], NOW).wish?.count).toBe(2)
  })
})

function workersIn(
  counts: Readonly<Record<string, number>>,
  change: Parameters<typeof workerOf>[0] = {},
): WorkerRecord[] {
  return Object.entries(counts).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, index) => workerOf({ id: `${zone}-${index}`, zone, ...change })),
  )
}

describe("order", () => {
  const names = (offers: readonly Offer[]) =>
    offers.map(
      ({ provider, region, zone, instanceType, market }) => `${provider}/${region}${zone}/${instanceType}/${market}`,
    )
  const everywhere = (["p/r", "q/s", "q/u"] as const).flatMap((place, at) =>
    (["big", "small"] as const).flatMap((instanceType) =>
      (["on-demand", "spot"] as const).map((market) => {
        const [provider = "", region = ""] = place.split("/")
        const pricePerHour = (instanceType === "big" ? 4 : 2) * (market === "spot" ? 0.5 : 1) - at / 10
        return offerOf({ provider, region, instanceType, market, pricePerHour })
      }),
    ),
  )

  test("cheapest: one list over all places, every spot offer before every on-demand one", () => {
    const ranked = rank(everywhere, groupOf({ market: "spot-with-fallback" }), { counted: [] })
    expect(ranked.map(({ market }) => market)).toEqual([...Array(6).fill("spot"), ...Array(6).fill("on-demand")])
    for (const market of ["spot", "on-demand"]) {
      const prices = ranked.filter((offer) => offer.market === market).map(({ pricePerHour = 0 }) => pricePerHour)
      expect(prices).toEqual([...prices].sort((a, b) => a - b))
    }
  })

  test("as-listed: place, type as written, then spot and on-demand inside each, whatever they cost", () => {
    const group = groupOf({ market: "spot-with-fallback", order: "as-listed", instanceTypes: ["small", "big"] })
    expect(names(rank([...everywhere], group, { counted: [] })).slice(0, 6)).toEqual([
      "p/ra/small/spot",
      "p/ra/small/on-demand",
      "p/ra/big/spot",
      "p/ra/big/on-demand",
      "q/sa/small/spot",
      "q/sa/small/on-demand",
    ])
  })

  test("as-listed is kept inside a request: no type that comes after another market goes with it", () => {
    const group = groupOf({ market: "spot-with-fallback", order: "as-listed", instanceTypes: ["small", "big"] })
    const state: GroupNow = { group, desired: 3, counted: [], booked: 0, offers: everywhere }
    expect(names(planGroup(state, [], NOW).wish?.offers ?? [])).toEqual(["p/ra/small/spot"])
    const spotOnly = { ...state, group: { ...group, market: "spot" as const } }
    const spot = everywhere.filter(({ market }) => market === "spot")
    expect(names(planGroup({ ...spotOnly, offers: spot }, [], NOW).wish?.offers ?? [])).toEqual([
      "p/ra/small/spot",
      "p/ra/big/spot",
    ])
  })

  test("fewest-calls: where the whole count takes the fewest requests, then the cheaper", () => {
    const group = groupOf({ order: "fewest-calls" })
    const onDemand = everywhere.filter(({ market }) => market === "on-demand")
    const first = (missing: number, batches: Record<string, number>) =>
      names(rank(onDemand, group, { counted: [], missing, batches: new Map(Object.entries(batches)) }))[0]
    expect(first(100, { "p/r": 250, "q/s": 1, "q/u": 25 })).toBe("p/ra/small/on-demand")
    expect(first(600, { "p/r": 250, "q/s": 1000, "q/u": 25 })).toBe("q/sa/small/on-demand")
    expect(first(20, { "p/r": 250, "q/s": 1, "q/u": 25 })).toBe("q/ua/small/on-demand")
    expect(first(1, {})).toBe("q/ua/small/on-demand")
  })
})

test("what was refused is behind what was not tried yet, also when it may be tried again, the latest last", () => {
  const offers = ["a", "b", "c"].map((zone) => offerOf({ zone, pricePerHour: 1 }))
  const refusals = [
    { scope: { zone: "a" }, at: NOW - 5 },
    { scope: { zone: "b" }, at: NOW - 9 },
  ]
  expect(zones(rank(offers, groupOf(), { counted: [], refusals }))).toEqual(["c", "b", "a"])
})

describe("spread", () => {
  const at = (zone: string, pricePerHour: number, rest: Partial<Offer> = {}) => offerOf({ zone, pricePerHour, ...rest })
  const state = (change: Partial<GroupNow>): GroupNow => ({
    group: groupOf(),
    desired: 10,
    counted: [],
    booked: 0,
    offers: [],
    ...change,
  })

  test("one-zone: a group stays where it is, unless another zone is far cheaper", () => {
    const counted = workersIn({ b: 4 })
    const first = (...offers: Offer[]) => zones(planGroup(state({ counted, offers }), [], NOW).wish?.offers ?? [])[0]
    expect(first(at("a", 1), at("b", 1.2))).toBe("b")
    expect(first(at("a", 1), at("b", 1.3))).toBe("a")
    expect(first(at("a", 1), at("b", 5), at("b", 1.1, { instanceType: "u" }))).toBe("b")
  })

  test("one-zone: what is asked of a zone and not there yet counts, and a zone of the same name elsewhere does not", () => {
    const offers = [at("a", 1), at("b", 1.1)]
    const bookedIn = new Map([["p/r/b", 3]])
    expect(zones(planGroup(state({ offers, booked: 3, bookedIn }), [], NOW).wish?.offers ?? [])).toEqual(["b", "a"])
    const elsewhere = new Map([["p/far/b", 3]])
    expect(zones(planGroup(state({ offers, booked: 3, bookedIn: elsewhere }), [], NOW).wish?.offers ?? [])).toEqual([
      "a",
      "b",
    ])
  })

  test("zones: an even group asks all zones at once, an uneven one those that lack most, one after the other", () => {
    const group = groupOf({ spread: "zones" })
    const offers = ["a", "b", "c"].map((zone) => at(zone, 1))
    const even = planGroup(state({ group, offers, counted: workersIn({ a: 2, b: 2, c: 1 }) }), [], NOW)
    expect([even.wish?.count, even.wish?.offers.length, even.later]).toEqual([5, 3, 0])
    const uneven = planGroup(state({ group, offers, counted: workersIn({ a: 5, b: 1 }) }), [], NOW)
    expect([uneven.wish?.count, zones(uneven.wish?.offers ?? []), uneven.later]).toEqual([3, ["c"], 1])
  })

  test("zones: whatever stands where, the wishes end as even as it can be", () => {
    const group = groupOf({ spread: "zones" })
    const offers = ["a", "b", "c"].map((zone) => at(zone, 1))
    const levels = fc.record({ a: fc.nat(12), b: fc.nat(12), c: fc.nat(12) })
    fc.assert(
      fc.property(levels, fc.integer({ min: 1, max: 30 }), (before, missing) => {
        const after: Record<string, number> = { ...before }
        let left = missing
        for (let round = 0; left > 0; round += 1) {
          const counted = workersIn(after)
          const { wish, later } = planGroup(state({ group, offers, counted, desired: counted.length + left }), [], NOW)
          expect([(wish?.count ?? 0) + later, round < 10]).toEqual([left, true])
          const asked = [...new Set(zones(wish?.offers ?? []))].sort((a, b) => (after[a] ?? 0) - (after[b] ?? 0))
          for (let each = 0; each < (wish?.count ?? 0); each += 1) {
            const zone = asked[each % asked.length] ?? ""
            after[zone] = (after[zone] ?? 0) + 1
          }
          left = later
        }
        const untouched = (["a", "b", "c"] as const).filter((zone) => after[zone] === before[zone])
        const touched = (["a", "b", "c"] as const).filter((zone) => after[zone] !== before[zone])
        const highest = Math.max(...touched.map((zone) => after[zone] ?? 0))
        const lowest = Math.min(...Object.values(after))
        expect(highest - lowest).toBeLessThanOrEqual(1)
        expect(untouched.every((zone) => before[zone] >= highest - 1)).toBe(true)
      }),
    )
  })
})

describe("return to spot", () => {
  const HOUR_MS = 3_600_000
  const group = groupOf({ market: "spot-with-fallback", returnToSpotMs: HOUR_MS, maxUnavailable: 3 })
  const offers = [offerOf({ market: "spot", pricePerHour: 1 }), offerOf({ pricePerHour: 3 })]
  const standIns = (count: number, launchedAt: number) => workersIn({ a: count }, { launchedAt })
  const spot = (count: number, state: "pending" | "running") =>
    Array.from({ length: count }, (_, index) => workerOf({ id: `s-${index}`, market: "spot" }, { state }))
  const at = (counted: WorkerRecord[], change: Partial<GroupNow> = {}): GroupNow => ({
    group,
    desired: 10,
    counted,
    booked: 0,
    offers,
    ...change,
  })
  const OLD = NOW - HOUR_MS
  const barred = [memoryOf({ scope: { market: "spot" } }, NOW + 50)]

  test("before its time nothing happens, and it says when that is", () => {
    const plan = planGroup(at(standIns(10, OLD + 500)), [], NOW)
    expect(plan).toMatchObject({ wish: undefined, surplus: 0, wakeAt: NOW + 500, exchange: { extra: 0, ending: [] } })
  })

  test("then spot comes first, no more of it than may be taken away", () => {
    const { wish, surplus, exchange } = planGroup(at(standIns(10, OLD)), [], NOW)
    expect([wish?.count, wish?.market, wish?.offers.length, surplus]).toEqual([3, "spot", 1, 0])
    expect(exchange).toMatchObject({ extra: 3, ending: [] })
  })

  test("while it boots nobody goes and no more is launched", () => {
    const plan = planGroup(at([...standIns(10, OLD), ...spot(3, "pending")]), [], NOW)
    expect(plan).toMatchObject({ wish: undefined, surplus: 0, exchange: { ending: [] } })
  })

  test("as many stand-ins go as spot workers run; the target runs all the time", () => {
    const { exchange, wish } = planGroup(
      at([...standIns(10, OLD), ...spot(2, "running"), ...spot(1, "pending")]),
      [],
      NOW,
    )
    expect(exchange.ending.map(({ instance }) => instance.market)).toEqual(["on-demand", "on-demand"])
    expect(wish).toBeUndefined()
  })

  test("those that are on their way out count as taken away", () => {
    expect(planGroup(at(standIns(10, OLD), { leaving: 2 }), [], NOW).wish?.count).toBe(1)
    expect(planGroup(at(standIns(10, OLD), { leaving: 3 }), [], NOW).wish).toBeUndefined()
  })

  test("no spot, no exchange; it looks again when spot may be tried", () => {
    const plan = planGroup(at(standIns(10, OLD)), barred, NOW)
    expect(plan).toMatchObject({ wish: undefined, surplus: 0, unplaced: 0, wakeAt: NOW + 50, exchange: { ending: [] } })
  })

  test("a target that was lowered takes away what is above it, stand-ins too", () => {
    const { surplus, exchange } = planGroup(at(standIns(10, OLD), { desired: 4 }), barred, NOW)
    expect([surplus, exchange.ending.length]).toEqual([3, 3])
  })

  test("what is missing goes before what might be exchanged", () => {
    const { wish, exchange } = planGroup(at(standIns(8, OLD)), [], NOW)
    expect([wish?.count, exchange.ending]).toEqual([2, []])
  })

  test("a group that did not ask for it keeps its stand-ins", () => {
    const plain = { ...group, returnToSpotMs: undefined }
    expect(planGroup({ ...at(standIns(10, OLD)), group: plain }, [], NOW)).toMatchObject({
      wish: undefined,
      surplus: 0,
    })
  })
})

test("chooseSurplus: what does not run yet, then the dearest, then the newest", () => {
  const workers = [
    workerOf({ id: "old", launchedAt: 1 }),
    workerOf({ id: "new", launchedAt: 2 }),
    { ...workerOf({ id: "dear", launchedAt: 0 }), pricePerHour: 3 },
    workerOf({ id: "boots", launchedAt: 0 }, { state: "pending" }),
  ]
  const chosen = (count: number): string[] =>
    chooseSurplus(workers, count).map(({ instance }: WorkerRecord) => instance.id)
  expect(chosen(9)).toEqual(["boots", "dear", "new", "old"])
  expect(chosen(2)).toEqual(["boots", "dear"])
  expect(chosen(0)).toEqual([])
})
