/** The parts that compute, and the roots that cannot be used. */
import { chmod, readFile, writeFile } from "node:fs/promises"
import { afterEach, describe, expect, test, vi } from "vitest"
import { toCloudError } from "../../providers/local/client/errors.js"
import { local } from "../../providers/local/index.js"
import { type Facts, stateOf } from "../../providers/local/observe/instance.js"
import { localOffers } from "../../providers/local/offers/offers.js"
import { configOf } from "../../providers/local/options.js"
import { splitWish } from "../../providers/local/launch/split.js"
import { gracePauses } from "../../providers/local/launch/settings.js"
import { word as quote } from "../../src/guest/text.js"
import { CapacityError, RejectedError, SpecError, TransientError } from "../../src/errors.js"
import type { Offer, Wish } from "../../src/provider.js"
import { calls, cleanUp, freshPlace, groupOf, ownerOf, placeAt } from "./support.js"

afterEach(cleanUp)

describe("stateOf", () => {
  const nothing: Facts = {
    started: false,
    anchored: false,
    supervised: false,
    populated: false,
    ending: false,
    endedItself: false,
  }
  test.each<[Partial<Facts>, string]>([
    [{}, "pending"],
    [{ started: true, supervised: true, populated: true }, "pending"],
    [{ started: true, supervised: true, populated: true, anchored: true }, "running"],
    [{ started: true, supervised: true, populated: true, anchored: true, ending: true }, "terminating"],
    [{ started: true, populated: true, anchored: true }, "running"],
    [{ started: true, populated: true, anchored: true, ending: true }, "running"],
    [{ started: true, populated: true, anchored: true, ending: true, endedItself: true }, "running"],
    [{ started: true, anchored: true, ending: true, endedItself: true }, "terminated"],
    [{ started: true, anchored: true }, "gone"],
    [{ started: true, anchored: true, ending: true }, "gone"],
    [{ ending: true }, "gone"],
  ])("%o is %s", (facts, state) => {
    expect(stateOf({ ...nothing, ...facts })).toBe(state)
  })
})

describe("offers", () => {
  const config = { ...configOf({ root: "/nowhere", vcpus: 6, memoryGiB: 12, prices: { "local-2": 0.5 } }) }
  const onDemand = { markets: ["on-demand"] } as const
  const types = (query: Parameters<typeof localOffers>[2]) =>
    localOffers(config, "arm64", query).map((offer) => offer.instanceType)

  test("are the powers of two and the whole machine, with their share of the memory", () => {
    expect(types(onDemand)).toEqual(["local-1", "local-2", "local-4", "local-6"])
    const [one, two] = localOffers(config, "arm64", onDemand)
    expect(one).toMatchObject({ vcpus: 1, memoryGiB: 2, arch: "arm64", zone: "local-a", market: "on-demand" })
    expect(one).not.toHaveProperty("pricePerHour")
    expect(two?.pricePerHour).toBe(0.5)
  })

  test.each([
    [{ ...onDemand, vcpus: { min: 2, max: 4 } }, ["local-2", "local-4"]],
    [{ ...onDemand, memoryGiB: { min: 8 } }, ["local-4", "local-6"]],
    [{ ...onDemand, instanceTypes: ["local-6", "m7i.large"] }, ["local-6"]],
    [{ ...onDemand, arch: "x86_64" as const }, []],
    [{ ...onDemand, gpu: { count: 1 } }, []],
    [{ ...onDemand, zones: ["local-b"] }, []],
    [{ ...onDemand, localDiskGiB: { min: 1 } }, []],
    [{ markets: ["spot" as const] }, []],
  ])("fit %o", (query, expected) => {
    expect(types(query)).toEqual(expected)
  })
})

describe("split", () => {
  const offers = localOffers(configOf({ vcpus: 2, zones: ["a", "b", "c"] }), "x86_64", { markets: ["on-demand"] })
  const prepared = { notes: [], body: { owner: {}, group: {} } }
  const wish = (change: Partial<Wish>): Wish => ({
    id: "w1",
    uid: "u1",
    group: "default",
    count: 60,
    offers: offers as readonly Offer[],
    market: "on-demand",
    arch: "x86_64",
    spread: "one-zone",
    ...change,
  })

  test("cuts a wish into calls whose counts, tokens and names are right", () => {
    const split = splitWish(wish({}), prepared)
    expect(split.map((call) => call.count)).toEqual([25, 25, 10])
    const names = split.flatMap((call) => call.names ?? [])
    expect(new Set(names).size).toBe(60)
    for (const name of names) expect(name).toMatch(/^default-[0-9a-f]{8}$/)
    for (const call of split) expect(call.token).toMatch(/^[0-9a-f]{32}$/)
    expect(splitWish(wish({}), prepared)).toEqual(split)
    expect(splitWish(wish({ id: "w2" }), prepared)[0]?.token).not.toBe(split[0]?.token)
  })

  test("spreads over zones evenly", () => {
    const split = splitWish(wish({ count: 7, spread: "zones" }), prepared)
    expect(split.map((call) => [call.zone, call.count])).toEqual([
      ["a", 3],
      ["b", 2],
      ["c", 2],
    ])
  })

  test("of nothing is nothing", () => {
    expect(splitWish(wish({ count: 0 }), prepared)).toEqual([])
    expect(splitWish(wish({ offers: [] }), prepared)).toEqual([])
  })
})

test("the grace is cut into pauses that add up to it", () => {
  expect(gracePauses(0)).toBe("")
  expect(gracePauses(1000)).toBe("0.050 0.100 0.200 0.400 0.250")
  for (const graceMs of [1, 400, 30_000]) {
    const sum = gracePauses(graceMs)
      .split(" ")
      .reduce((total, pause) => total + Number(pause), 0)
    expect(sum).toBeCloseTo(graceMs / 1000, 3)
  }
})

test("a quoted word survives the shell", () => {
  expect(quote("it's $HOME `x`")).toBe("'it'\\''s $HOME `x`'")
})

describe("errors", () => {
  const failed = (code: string) => Object.assign(new Error(`${code}: words`), { code, errno: -1 })
  test.each([
    ["ENOSPC", RejectedError],
    ["EROFS", RejectedError],
    ["EAGAIN", CapacityError],
    ["EMFILE", TransientError],
    ["EWHATEVER", TransientError],
  ])("%s becomes %o", (code, type) => {
    const error = toCloudError("launching 2 x local-1", failed(code), { zone: "a" })
    expect(error).toBeInstanceOf(type)
    expect(error.message).toContain("launching 2 x local-1: ")
  })

  test("that are no system call's stay what they are", () => {
    const bug = new TypeError("oops")
    expect(toCloudError("listing", bug, {})).toBe(bug)
  })
})

describe("a root that cannot be used", () => {
  test.each(["/proc/muster", "/dev/full/muster", "/dev/null"])("%s is refused with what to do", async (root) => {
    const place = placeAt(root)
    const refused = await place.provider.prepare(ownerOf(), groupOf(), calls).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(RejectedError)
    expect((refused as Error).message).toContain(root)
    expect((refused as Error).message).toMatch(/E[A-Z]+: .*local\(\{ root \}\)/)
  })

  test("is refused when others can write to it", async () => {
    const place = await freshPlace()
    await chmod(place.root, 0o777)
    await expect(place.launch()).rejects.toThrow(/others can write to it .*mode 777/)
  })

  test("is a file: refused, and left as it is", async () => {
    const place = await freshPlace()
    await writeFile(place.path("file"), "mine")
    const inside = placeAt(place.path("file"))
    await expect(inside.launch()).rejects.toBeInstanceOf(RejectedError)
  })

  test("does not exist yet: there are no instances", async () => {
    const place = await freshPlace()
    expect(await placeAt(place.path("not", "yet")).list()).toEqual([])
  })

  test("with a record that cannot be read is no short list", async () => {
    const place = await freshPlace()
    const { instances } = await place.launch()
    const id = instances[0]?.id ?? ""
    await place.reach(id, "running")
    const path = place.path("instances", id, "instance.json")
    const text = await readFile(path, "utf8")
    await writeFile(path, "{")
    await expect(place.list()).rejects.toThrow(/instance.json/)
    await writeFile(path, text)
    expect(await place.list()).toHaveLength(1)
  })
})

describe("the factory", () => {
  test("says all that is wrong with its options at once", () => {
    const wrong = { capacity: 0, graceMs: -1, zone: "a", prices: { "local-1": "free" } } as never
    const error = (() => {
      try {
        return local(wrong)
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(SpecError)
    expect((error as SpecError).problems.map((problem) => problem.option).sort()).toEqual([
      "local.capacity",
      "local.graceMs",
      "local.prices.local-1",
      "local.zone",
    ])
  })

  test("refuses Windows with the reason", () => {
    const platform = vi.spyOn(process, "platform", "get").mockReturnValue("win32")
    try {
      expect(() => local()).toThrow(/on win32: .*WSL/)
    } finally {
      platform.mockRestore()
    }
  })

  test("puts its state where the XDG Base Directory Specification says", () => {
    vi.stubEnv("XDG_STATE_HOME", "/state")
    expect(configOf(undefined).root).toBe("/state/muster/local")
    vi.stubEnv("XDG_STATE_HOME", "relative")
    vi.stubEnv("HOME", "/home/somebody")
    expect(configOf(undefined).root).toBe("/home/somebody/.local/state/muster/local")
    vi.unstubAllEnvs()
  })
})

test("a group that no shell can run is refused with all its problems", async () => {
  const place = await freshPlace()
  const group = groupOf({ startup: "x".repeat(262_145), environment: { "NOT-A-NAME": "1", FINE: "2", NUL: "a\0b" } })
  const refused = place.provider.prepare(ownerOf(), group, calls)
  await expect(refused).rejects.toMatchObject({ problems: { length: 3 } })
})

test("what a process of this machine cannot have is said in notes", async () => {
  const place = await freshPlace()
  const group = groupOf({ image: "ami-1", publicAddress: true })
  expect((await place.provider.prepare(ownerOf(), group, calls)).notes).toHaveLength(2)
})
