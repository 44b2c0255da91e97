/** The first of two providers refuses for good (a policy, a missing right): the second one is asked. */
import { expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { dearCloud } from "../support/second.js"
import { azureCloud } from "./support/cloud.js"

const TYPE = "Standard_D2s_v5"
const POLICY = "Resource 'default-1' was disallowed by policy. Policy identifiers: 'Allowed virtual machine size SKUs'"

const REFUSALS = [
  ["VirtualMachines_CreateOrUpdate", "whole", 403, "RequestDisallowedByPolicy", POLICY],
  ["VirtualMachines_CreateOrUpdate", "failed-view", 200, "RequestDisallowedByPolicy", POLICY],
  ["VirtualMachines_CreateOrUpdate", "whole", 403, "AuthorizationFailed", "The client does not have authorization"],
  ["VirtualMachines_CreateOrUpdate", "whole", 409, "OperationNotAllowed", "The specified disk size 50 GB is smaller"],
  ["ResourceGroups_CreateOrUpdate", "whole", 403, "RequestDisallowedByPolicy", POLICY],
  ["VirtualNetworks_CreateOrUpdate", "whole", 403, "RequestDisallowedByPolicy", POLICY],
  ["VirtualNetworks_CreateOrUpdate", "operation", 200, "RequestDisallowedByPolicy", POLICY],
] as const

test.each(REFUSALS)("%s (%s, %i): %s", async (api, place, status, code, message) => {
  const cloud = await azureCloud()
  cloud.wire.answer({ api, place, status, code, message })
  const second = dearCloud(cloud.clock, TYPE)
  const spec = { name: "render", provider: [cloud.provider, second.provider], instanceType: TYPE }
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  const problems: string[] = []
  cluster.on("problem", ({ message: said }) => void problems.push(said))
  const begun = cloud.clock.now()
  expect(await cloud.run(cluster.scale(4))).toMatchObject({ running: 4 })
  expect(cloud.clock.now() - begun).toBeLessThan(60_000)
  expect(cloud.world.ledger.count(api)).toBeLessThanOrEqual(10)
  expect(second.world.truth({ states: ["running"] })).toHaveLength(4)
  expect(problems.join()).toContain(message)
  expect(String(cluster.explain())).toContain(message)
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
  expect(second.world.truth({ states: ["pending", "running"] })).toEqual([])
  await cloud.run(cloud.clock.sleep(5 * 60_000))
  expect(cloud.wire.remains().filter(({ id }) => !id.includes("muster-westeurope"))).toEqual([])
})
