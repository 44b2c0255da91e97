/** `azure({ tags })`: on everything that is made, in Azure's rules, and the same bytes when a launch is sent again. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { adapterOf } from "../../../providers/azure/adapter.js"
import { azure, type AzureOptions } from "../../../providers/azure/index.js"
import { parseAzureOptions } from "../../../providers/azure/options-check.js"
import { Cluster } from "../../../src/cluster.js"
import { RejectedError } from "../../../src/errors.js"
import { abandon, killedAt } from "../../support/killed.js"
import { azureCloud, type Cloud, optionsFor, prepareOf, SUBSCRIPTION } from "../support/cloud.js"
import { errorOf } from "../support/scripted.js"

const TAGS = { CostCentre: "R&D 7, a.b@example.org", Größe: "klein", team: "ours" }
const PUT = "VirtualMachines_CreateOrUpdate"

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`T${index}`, "v"]))

describe("refused before any call", () => {
  test.each([
    [{ "a/b": "v" }, /azure\.tags\.a\/b: is no tag's name/],
    [{ ["x".repeat(513)]: "v" }, /is no tag's name; Azure takes up to 512/],
    [{ Name: "v".repeat(257) }, /azure\.tags\.Name: is 257 characters long; Azure takes 256/],
    [{ Name: "v", name: "w" }, /azure\.tags\.name: is the same as "Name"/],
    [{ "Muster-Uid": "v" }, /azure\.tags\.Muster-Uid: begins with muster-/],
    [{ azureThing: "v" }, /azure\.tags\.azureThing: begins with a word/],
    [{ Name: 7 }, /azure\.tags\.Name: is 7/],
    [many(43), /azure\.tags: has 43 tags; Azure takes 50, of which Muster needs 8/],
  ])("%o", (tags, message) => {
    const options = { subscriptionId: SUBSCRIPTION, location: "westeurope", tags } as unknown as AzureOptions
    expect(() => azure(options)).toThrow(message)
  })

  test("with the group's own: one more than there is room for; the same name counts once", async () => {
    const cloud = await azureCloud({ azure: { tags: many(42) } })
    await expect(prepareOf(cloud, { tags: { one: "a" } })).rejects.toThrow(
      /groups\.default\.tags: has 43 tags with those of azure\.tags/,
    )
    const { body } = await prepareOf(cloud, { tags: { t1: "a" } })
    expect(body.tags).toEqual({ ...many(42), T1: undefined, t1: "a" })
  })
})

function clusterOn(cloud: Cloud, changes: object = {}) {
  const spec = { name: "render", provider: cloud.provider, instanceType: "Standard_D2s_v5", ...changes } as const
  return new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
}

test("policies want them on groups and on all resources: a burst runs, ends, and leaves nothing", async () => {
  const cloud = await azureCloud({ azure: { tags: TAGS } })
  Object.assign(cloud.wire.quirks, { requiredTag: "costcentre", requiredGroupTag: "COSTCENTRE" })
  const cluster = clusterOn(cloud, { tags: { team: "video" } })
  expect(await cloud.run(cluster.scale(3))).toMatchObject({ running: 3 })
  // What a VM's request has no place for, its OS disk, has none in the wire.
  const made = cloud.wire.remains().filter(({ kind }) => kind !== "disk")
  expect(new Set(made.map(({ kind }) => kind))).toEqual(
    new Set(["group", "scale-set", "vm", "nic", "address", "virtualNetworks", "networkSecurityGroups"]),
  )
  for (const { kind, tags } of made)
    expect([kind, tags]).toMatchObject([kind, { ...TAGS, team: /vm|nic|address/.test(kind) ? "video" : "ours" }])
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
  await cloud.run(cloud.clock.sleep(5 * 60_000))
  expect(cloud.wire.remains().filter(({ id }) => !id.includes("muster-westeurope"))).toEqual([])
})

test.each(["requiredTag", "requiredGroupTag"] as const)("%s, and none is given: what to do", async (quirk) => {
  const cloud = await azureCloud()
  cloud.wire.quirks[quirk] = "costcentre"
  const cluster = clusterOn(cloud)
  const error = await errorOf(cloud.run(cluster.scale(1)))
  expect(error).toBeInstanceOf(RejectedError)
  expect(error.message).toMatch(/Require the tag costcentre.*give the tags that it wants with azure\(\{ tags \}\)/)
  await cloud.run(cluster.close())
})

describe("an owner is killed while its launches are on the wire", () => {
  let journal = ""
  beforeEach(() => {
    journal = mkdtempSync(join(tmpdir(), "muster-tags-"))
  })
  afterEach(() => rmSync(journal, { recursive: true, force: true }))

  test("whoever takes over sends their bytes again, also with other tags of its own", async () => {
    const cloud = await azureCloud({ azure: { tags: TAGS }, world: { listLagMs: 60_000 } })
    const { clock, provider, wire, world } = cloud
    const spec = { name: "render", provider, instanceType: "Standard_D2s_v5", existing: "connect" } as const
    await killedAt(cloud, PUT, (life) =>
      new Cluster({ ...spec, provider: life.provider(provider) }, { clock: life.clock, journal, seed: 1 }).scale(3),
    )
    abandon(journal)
    const sent = world.ledger.of(PUT).map(({ parameters }) => JSON.stringify(parameters))
    const other = adapterOf(parseAzureOptions(optionsFor(wire, { tags: { CostCentre: "other" } })))
    const taker = new Cluster({ ...spec, provider: other }, { clock, journal, seed: 2 })
    expect(await cloud.run(taker.scale(4))).toMatchObject({ running: 4 })
    const later = world.ledger.of(PUT).slice(sent.length)
    const again = later.map(({ parameters }) => JSON.stringify(parameters))
    expect(again.filter((bytes) => sent.includes(bytes)).length).toBeGreaterThan(0)
    const centres = world.truth({ states: ["running"] }).map(({ tags }) => tags.CostCentre)
    expect(centres.sort()).toEqual([...Array(3).fill(TAGS.CostCentre), "other"])
    expect((await cloud.run(taker.close())).leaked).toEqual([])
  })
})
