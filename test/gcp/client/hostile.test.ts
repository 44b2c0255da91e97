/** Names from outside: whatever they are, a filter asks for one label's value, and a URL leads to one place. */
import { asyncProperty, assert, constantFrom, oneof, property, string } from "../../support/property.js"
import { describe, expect, test } from "vitest"
import { filterOf } from "../../../providers/gcp/observe/labelled.js"
import { instanceName, partsOf } from "../../../providers/gcp/client/ids/names.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Instance, Selector } from "../../../src/provider.js"
import { gce, launchMany, OWNER, prepareOf, ZONE } from "../support/cloud.js"

const NASTY = [
  "..",
  "../..",
  "/",
  "%2e%2e",
  "?",
  "#",
  "&x=1",
  ") OR (name:*",
  '"',
  "*",
  ":*",
  " ",
  "\n",
  "\u0000",
  "'",
  ";",
]
const hostile = oneof(
  string({ unit: "binary" }),
  constantFrom(...NASTY),
  string({ unit: constantFrom(...NASTY, "a", "-", "1") }),
)

describe("filters", () => {
  test("nothing that is no label's value is asked for: it can be nobody's", async () => {
    const cloud = await gce({ gcp: { zones: [ZONE] } })
    await launchMany(cloud, 1)
    const isValue = (text: string) => /^[a-z0-9_-]{0,63}$/.test(text)
    const key = constantFrom("cluster", "uid", "owner", "launch")
    const before = cloud.world.ledger.count()
    await assert(
      asyncProperty(key, hostile, async (name, value) => {
        if (isValue(value)) return
        const selector: Selector = { uid: OWNER.uid, [name]: value }
        expect(await cloud.provider.list(selector, cloud.bare())).toEqual([])
        expect(await cloud.provider.leftovers?.(selector, cloud.bare())).toEqual([])
      }),
    )
    expect(cloud.world.ledger.count()).toBe(before)
  })

  test("what is asked for is one comparison for each label", () => {
    expect(filterOf({ cluster: "a", uid: "b" })).toBe(`(labels.${TAG.cluster}=a) AND (labels.${TAG.uid}=b)`)
    expect(filterOf({})).toBe(`labels.${TAG.uid}:*`)
  })

  test("the name of a type cannot widen what is read of types", async () => {
    const cloud = await gce({ gcp: { zones: [ZONE] } })
    await assert(
      asyncProperty(hostile, async (name) => {
        const query = { instanceTypes: [name], markets: ["on-demand"] as const }
        await expect(cloud.run(cloud.provider.offers(query, cloud.bare()))).rejects.toThrow(
          /instanceType|is in none of/,
        )
      }),
      { numRuns: 30 },
    )
  })
})

describe("URLs", () => {
  test("an id that is none of ours is never a part of one", async () => {
    const cloud = await gce()
    const [kept] = await launchMany(cloud, 1)
    const before = cloud.world.ledger.count()
    await assert(
      asyncProperty(hostile, hostile, async (zone, name) => {
        if (partsOf(`${zone}/${name}`) !== undefined) return
        const instance = { ...kept, id: `${zone}/${name}`, zone, name } as Instance
        const { accepted, failures } = await cloud.run(cloud.provider.terminate([instance], cloud.bare()))
        expect(accepted).toEqual([])
        expect(failures).toMatchObject([{ id: instance.id, code: "InvalidName" }])
        await expect(
          cloud.run(cloud.provider.consoleLog?.(instance, cloud.bare()) ?? Promise.resolve("")),
        ).rejects.toThrow()
        expect(await cloud.run(cloud.provider.list({ ids: [instance.id] }, cloud.bare()))).toEqual([])
        const url = new URL(cloud.provider.consoleUrl?.(instance) ?? "")
        expect(url.origin).toBe("https://console.cloud.google.com")
        expect([...url.searchParams.keys()]).toEqual(["project"])
      }),
      { numRuns: 60 },
    )
    expect(cloud.world.ledger.count()).toBe(before)
    expect(cloud.world.truth({ states: ["pending", "running"] })).toHaveLength(1)
  })

  test("a zone or an operation that is none is refused before anything is sent", async () => {
    const cloud = await gce()
    await assert(
      asyncProperty(hostile, async (zone) => {
        if (/^[A-Za-z0-9][\w.:-]*$/.test(zone)) return
        await expect(cloud.run(cloud.provider.list({ zones: [zone] }, cloud.bare()))).rejects.toThrow(/of no zone/)
        const call = {
          api: "instances.bulkInsert",
          zone: ZONE,
          group: "g",
          offers: [],
          count: 1,
          token: "0",
          body: {},
          cost: {},
        }
        const settling = cloud.provider.settle(call, { operation: zone }, cloud.bare())
        await expect(cloud.run(settling)).rejects.toThrow(/of no operation/)
      }),
      { numRuns: 60 },
    )
    expect(cloud.world.ledger.count()).toBe(0)
  })
})

test("tags that are no labels are refused, each by its name, before any request", async () => {
  const cloud = await gce()
  await assert(
    asyncProperty(hostile, hostile, async (key, value) => {
      const isFine =
        /^[a-z][a-z0-9_-]{0,62}$/.test(key) && !key.startsWith("muster-") && /^[a-z0-9_-]{0,63}$/.test(value)
      if (!isFine) await expect(prepareOf(cloud, { tags: { [key]: value } })).rejects.toThrow(/tags\./)
    }),
    { numRuns: 60 },
  )
  expect(cloud.world.ledger.count()).toBe(0)
})

test("names of instances are valid, whatever cluster and group are called", () => {
  const word = string({ unit: constantFrom("a", "z", "0", "9", "-"), maxLength: 70 })
  assert(
    property(word, hostile, (rest, identity) => {
      expect(instanceName(`a${rest}`, identity)).toMatch(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/)
    }),
  )
})
