/** The first of two providers refuses for good (an organisation's policy, a missing right): the second one is asked. */
import { expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { dearCloud } from "../support/second.js"
import { ec2 } from "./support/cloud.js"

const TYPE = "m7i.large"
const DENIED =
  "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:us-east-1:123456789012:instance/* with an explicit deny in a service control policy."

const REFUSALS = [
  ["RunInstances", "whole", "on-demand", "UnauthorizedOperation", DENIED],
  ["CreateFleet", "whole", "spot", "UnauthorizedOperation", DENIED],
  ["CreateFleet", "pool", "spot", "UnauthorizedOperation", DENIED],
  [
    "RunInstances",
    "whole",
    "on-demand",
    "PendingVerification",
    "Your request for accessing resources in this region is being validated.",
  ],
  ["RunInstances", "whole", "on-demand", "NobodyHasSeenThis", "Not with us."],
] as const

test.each(REFUSALS)("%s (%s, %s): %s", async (api, place, market, code, message) => {
  const cloud = await ec2({ aws: { subnetIds: undefined, prices: { [TYPE]: { onDemand: 0.1, spot: 0.03 } } } })
  cloud.wire.answers.give({ api, place, code, message })
  const second = dearCloud(cloud.clock, TYPE)
  const spec = { name: "render", provider: [cloud.provider, second.provider], instanceType: TYPE, market } as const
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  const problems: string[] = []
  cluster.on("problem", ({ message: said }) => void problems.push(said))
  const begun = cloud.clock.now()
  expect(await cloud.run(cluster.scale(4))).toMatchObject({ running: 4 })
  expect(cloud.clock.now() - begun).toBeLessThan(30_000)
  expect(cloud.world.ledger.count(api)).toBeLessThanOrEqual(3)
  expect(second.world.truth({ states: ["running"] })).toHaveLength(4)
  expect(problems.join()).toContain(message.replace(/\.$/, ""))
  expect(String(cluster.explain())).toContain(message.replace(/\.$/, ""))
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
  expect(second.world.truth({ states: ["pending", "running"] })).toEqual([])
})
