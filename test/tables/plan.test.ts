import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { chooseSurplus, marketsOf, planGroup, rank } from "../../src/fleet/plan.js"
import type { WorkerRecord } from "../../src/fleet/roster.js"
import type { Unavailable } from "../../src/fleet/unavailable.js"
import type { Failure, Offer } from "../../src/provider.js"
import type { ResolvedGroup } from "../../src/spec.js"
import { failureOf, groupOf, NOW, offerOf, workerOf } from "./support.js"

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
    expect(zones(rank(offers.map(offerOf), groupOf(group), []))).toEqual(expected)
  })

  test("the zone where most of the group is already, when nothing else tells them apart", () => {
    const counted = ["b", "b", "a"].map((zone) => workerOf({ zone }))
    const offers = ["c", "a", "b"].map((zone) => offerOf({ zone }))
    expect(zones(rank(offers, groupOf(), counted))).toEqual(["b", "a", "c"])
    expect(zones(rank([...offers, offerOf({ zone: "d", pricePerHour: 1 })], groupOf(), counted))[0]).toBe("d")
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
    expect(planGroup({ ...now, desired }, [], NOW)).toEqual({
      wish: undefined,
      surplus,
      unplaced: 0,
      retryAt: undefined,
    })
  })

  test("what is barred is left out until its time is over, and the first of them says when to look again", () => {
    const memory = [memoryOf({ scope: { zone: "a" } }, NOW + 100), memoryOf({ scope: { zone: "b" } }, NOW + 50)]
    expect(planGroup(now, memory, NOW)).toEqual({ wish: undefined, surplus: 0, unplaced: 2, retryAt: NOW + 50 })
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

  test("what is wished, unplaced, counted and booked is what is desired, and never more", () => {
    const counts = fc.nat(20)
    fc.assert(
      fc.property(counts, counts, counts, fc.subarray(offers), (desired, counted, booked, some) => {
        const state = {
          ...now,
          desired,
          booked,
          offers: some,
          counted: Array.from({ length: counted }, () => workerOf()),
        }
        const { wish, surplus, unplaced } = planGroup(state, [], NOW)
        expect(counted + booked + (wish?.count ?? 0) + unplaced - surplus).toBe(desired)
        expect(surplus === 0 || (wish === undefined && unplaced === 0)).toBe(true)
      }),
    )
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
