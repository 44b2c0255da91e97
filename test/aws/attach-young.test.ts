/** Another process of this machine attaches while what the first one made is not shown everywhere yet. */
import { expect, test } from "vitest"
import { aws } from "../../providers/aws/index.js"
import { Cluster } from "../../src/cluster.js"
import { ec2, optionsFor } from "./support/cloud.js"
import { folderForEachTest } from "../support/folder.js"

let journal: string

folderForEachTest((path) => {
  journal = path
})

test.each([
  ["spot", 5],
  ["on-demand", 5],
  ["on-demand", 0],
] as const)("%s, and %i are wanted: nothing is made twice, and all goes", async (market, count) => {
  const cloud = await ec2({ aws: { subnetIds: undefined }, wire: { setUpLagMs: 20_000 } })
  const { clock, provider, world } = cloud
  const spec = { name: "render", provider, instanceType: "m7i.large", market } as const
  const first = new Cluster(spec, { clock, seed: 1, journal })
  await cloud.run(first.scale(3))
  await cloud.run(first.detach())
  world.faults.lagLists(40_000)
  const other = { ...spec, provider: aws(optionsFor(cloud.wire, { subnetIds: undefined })) }
  const second = await cloud.run(Cluster.attach("render", other, { clock, seed: 2, journal }))
  expect(second.workers).toHaveLength(3)
  if (count > 0) expect(await cloud.run(second.scale(count))).toMatchObject({ running: count })
  expect(world.truth()).toHaveLength(Math.max(3, count))
  expect(await cloud.run(second.close())).toMatchObject({ leaked: [] })
  expect(world.truth({ states: ["pending", "running"] })).toEqual([])
  expect(world.resources.list({ kind: "launch-template" })).toEqual([])
})
