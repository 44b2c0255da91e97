/** The architecture of an engine's head: that of its workers, so that it boots their image. */
import { expect, test } from "vitest"
import { IMAGES } from "../../providers/aws/wire/index.js"
import { Cluster } from "../../src/cluster.js"
import type { Engine } from "../../src/engines/engine.js"
import type { ClusterSpec } from "../../src/spec.js"
import { ec2 } from "../aws/support/cloud.js"
import { rig, SMALL } from "../cluster/support.js"
import { isLong } from "../support/long.js"
import { EngineDouble } from "./support/double.js"

const ENGINE: Engine = {
  ...{ name: "toy", ports: { scheduler: 1 }, recipe: {} },
  head: () => ({ startup: "exec head" }),
  worker: () => ({ startup: "exec worker" }),
  state: () => Promise.reject(new Error("nobody asks")),
  drain: () => Promise.resolve([]),
  client: () => Promise.reject(new Error("nobody asks")),
}

test.runIf(isLong).each([
  ["m7i.large", IMAGES.x86_64, "x86_64"],
  ["m7g.large", IMAGES.arm64, "arm64"],
] as const)("on EC2 the head of %s boots the image of its workers", async (instanceType, image, arch) => {
  const { provider, clock } = await ec2({ aws: { imageId: undefined } })
  const spec = { provider, engine: ENGINE, access: "192.0.2.1/32", instanceType, image } as const
  const cluster = new Cluster(spec, { clock, journal: false })
  const { groups } = await clock.run(cluster.plan(1))
  expect(groups.map(({ group, offers }) => [group, ...new Set(offers.map((offer) => offer.arch))])).toEqual([
    ["head", arch],
    ["default", arch],
  ])
  await clock.run(cluster.close())
})

test.each<readonly [string, Partial<ClusterSpec>, string]>([
  ["that of its workers", { instanceType: SMALL }, "x86_64"],
  [
    "that of its workers in all groups",
    { instanceType: SMALL, groups: { a: { instanceType: "a1.4xlarge" }, b: { instanceType: "a1.large" } } },
    "arm64",
  ],
  ["the cheapest where theirs are several", { instanceType: ["m1.large", "a1.large"] }, "arm64"],
  ["the spec's", { instanceType: ["m1.large", "a1.large"], arch: "x86_64" }, "x86_64"],
])("a head has %s", async (_whose, fields, arch) => {
  const made = rig()
  const { engine } = new EngineDouble(made)
  const { clock } = made
  const cluster = made.cluster({ engine, ...fields })
  await clock.run(cluster.scale(fields.groups === undefined ? 1 : { a: 1, b: 1 }))
  expect(made.world.truth({ tags: { "muster-group": "head" } }).map(({ offer }) => offer.arch)).toEqual([arch])
  await clock.run(cluster.close())
})
