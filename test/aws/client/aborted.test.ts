/** A cluster closes while EC2 is being asked for what launches need: it is made all the same, answered later, and removed. */
import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { ec2 } from "../support/cloud.js"

/** A group's template is made after the cluster's claim, which is one as well. */
const ASKED = [
  ["CreateLaunchTemplate", "on-demand", 1, 0],
  ["CreateSecurityGroup", "on-demand", 1, 0],
  ["AuthorizeSecurityGroupIngress", "on-demand", 1, 0],
  ["CreateLaunchTemplate", "spot", 2, 0],
  ["CreateFleet", "spot", 1, 2],
  ["RunInstances", "on-demand", 1, 2],
] as const

const cases = ASKED.flatMap((asked) => [100, 5_000, 25_000].map((ms) => [...asked, ms] as const))

test.each(cases)("%s (%s, number %i, with %i instances), answered after %i ms: nothing is left", async (...given) => {
  const [api, market, nth, count, ms] = given
  // It is done half way, when the cluster has long begun to close.
  const latency = { requestMs: ms, createMs: ms, bootMs: 5_000, stopMs: 5_000 }
  const { clock, provider, run, world } = await ec2({ world: { latency }, aws: { subnetIds: undefined } })
  const spec = { name: "render", provider, instanceType: "m7i.large", market } as const
  const cluster = new Cluster(spec, { clock, seed: 1, journal: false })
  const scaling = cluster.scale(2, { timeout: "20m" }).catch((error: Error) => error)
  while (world.ledger.count(api) < nth) await run(clock.sleep(10))
  world.setLatency({ requestMs: 20, createMs: 50 })
  const begun = clock.now()
  const receipt = await run(cluster.close())
  expect(clock.now() - begun).toBeLessThan(ms + 5_000)
  expect([receipt.instances.length, receipt.leaked]).toEqual([count, []])
  await run(scaling)
  expect(world.ledger.of(api).map(({ outcome }) => outcome)).not.toContain("aborted")
  await run(clock.sleep(5 * 60_000))
  expect(world.truth({ states: ["pending", "running"] })).toEqual([])
  expect(world.resources.list({ kind: "launch-template" })).toEqual([])
})
