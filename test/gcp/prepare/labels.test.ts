/** `gcp({ labels })`: on everything that is made, in Google's rules, and the same bytes when a launch is sent again. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type GcpOptions, gcp } from "../../../providers/gcp/index.js"
import { Cluster } from "../../../src/cluster.js"
import type { JsonObject } from "../../../src/provider.js"
import { abandon, killedAt } from "../../support/killed.js"
import { callsFor, type Cloud, gce, optionsFor, prepareOf, TYPE } from "../support/cloud.js"

const LABELS = { "cost-centre": "r_and_d-7", größe: "klein", team: "ours" }

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, ""]))

interface Body {
  readonly instanceProperties: {
    readonly labels: Readonly<Record<string, string>>
    readonly disks: readonly { readonly initializeParams: { readonly labels?: Readonly<Record<string, string>> } }[]
  }
}

describe("refused before any call", () => {
  test.each([
    [{ CostCentre: "a" }, /gcp\.labels\.CostCentre: is no key of a label/],
    [{ "1a": "a" }, /gcp\.labels\.1a: is no key/],
    [{ a: "Big" }, /gcp\.labels\.a: is "Big", no value of a label/],
    [{ a: "x".repeat(64) }, /gcp\.labels\.a: is "x+", no value/],
    [{ a: "字".repeat(43) }, /gcp\.labels\.a: is ".+", no value/],
    [{ "muster-uid": "a" }, /gcp\.labels\.muster-uid: begins with muster-/],
    [{ a: 7 }, /gcp\.labels\.a: is 7/],
    [many(57), /gcp\.labels: has 57 labels; Compute Engine takes 64 labels, of which Muster needs 8/],
  ])("%o", (labels, message) => {
    expect(() => gcp({ region: "us-central1", labels } as unknown as GcpOptions)).toThrow(message)
  })

  test("with the group's own: one more than there is room for", async () => {
    const cloud = await gce({ gcp: { labels: many(55) } })
    await expect(prepareOf(cloud, { tags: { one: "a", two: "b" } })).rejects.toThrow(
      /groups\.default\.tags: has 57 tags with those of gcp\.labels/,
    )
    expect((await prepareOf(cloud, { tags: { one: "a", l1: "b" } })).body.labels).toMatchObject({ one: "a", l1: "b" })
  })
})

test("instances and disks carry them from the create call on; the group's own goes first, and ours are ours", async () => {
  const cloud = await gce({ gcp: { labels: LABELS } })
  const [call] = await callsFor(cloud, 2)
  if (call === undefined) throw new Error("no launch call")
  const { instanceProperties } = call.body as unknown as Body
  const expected = { ...LABELS, team: "video", "muster-cluster": "render" }
  expect(instanceProperties.labels).toMatchObject(expected)
  expect(instanceProperties.disks[0]?.initializeParams.labels).toEqual(instanceProperties.labels)
})

describe("an owner is killed while its launch is on the wire", () => {
  let journal = ""
  beforeEach(() => {
    journal = mkdtempSync(join(tmpdir(), "muster-labels-"))
  })
  afterEach(() => rmSync(journal, { recursive: true, force: true }))

  const bodiesOf = ({ world }: Cloud) =>
    world.ledger.of("instances.bulkInsert").map(({ parameters }) => (parameters as { body: JsonObject }).body)

  test("whoever takes over sends its bytes again, also with other labels of its own", async () => {
    const cloud = await gce({ gcp: { labels: LABELS, zones: ["us-central1-a"] }, world: { listLagMs: 60_000 } })
    const { clock, provider, wire, world } = cloud
    const spec = { name: "render", provider, instanceType: TYPE, existing: "connect" } as const
    await killedAt(cloud, "instances.bulkInsert", (life) =>
      new Cluster({ ...spec, provider: life.provider(provider) }, { clock: life.clock, journal, seed: 1 }).scale(3),
    )
    abandon(journal)
    const other = gcp(optionsFor(wire, { labels: { "cost-centre": "other" }, zones: ["us-central1-a"] }))
    const taker = new Cluster({ ...spec, provider: other }, { clock, journal, seed: 2 })
    expect(await cloud.run(taker.scale(4))).toMatchObject({ running: 4 })
    const [first, again, rest] = bodiesOf(cloud)
    expect(again).toEqual(first)
    expect(rest).toMatchObject({ count: "1" })
    const centres = world.truth({ states: ["running"] }).map(({ tags }) => tags["cost-centre"])
    expect(centres.sort()).toEqual(["other", "r_and_d-7", "r_and_d-7", "r_and_d-7"])
    expect((await cloud.run(taker.close())).leaked).toEqual([])
  })
})
