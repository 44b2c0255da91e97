import { expect, test } from "vitest"
import { launchTags } from "../../../src/fleet/tags.js"
import { ec2, launchMany, OWNER, ZONE } from "../support/cloud.js"

test("up and down through the real SDK", async () => {
  const cloud = await ec2()
  const instances = await launchMany(cloud, 3)
  expect(instances).toHaveLength(3)
  expect(instances[0]).toMatchObject({
    provider: "aws",
    state: "pending",
    zone: ZONE,
    instanceType: "m7i.large",
    market: "on-demand",
  })
  const { "muster-launch": token = "", ...tags } = instances[0]?.tags ?? {}
  expect({ ...tags, "muster-launch": token }).toEqual({ team: "video", ...launchTags(OWNER, "default", token) })
  await cloud.run(cloud.clock.sleep(6_000))
  const running = await cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))
  expect(running.map((instance) => instance.state)).toEqual(["running", "running", "running"])
  const { accepted, failures } = await cloud.run(cloud.provider.terminate(running, cloud.bare()))
  expect(failures).toEqual([])
  expect(accepted.map(({ state }) => state)).toEqual(["terminating", "terminating", "terminating"])
})

test.each([1, 100, 250, 251, 1000, 1001])("%i workers take the least calls", async (count) => {
  const cloud = await ec2()
  const instances = await launchMany(cloud, count, cloud.calls())
  expect(instances).toHaveLength(count)
  expect(cloud.world.ledger.count("RunInstances")).toBe(Math.ceil(count / 250))
  await cloud.run(cloud.provider.terminate(instances, cloud.calls()))
  expect(cloud.world.ledger.count("TerminateInstances")).toBe(Math.ceil(count / 1000))
  expect(cloud.world.ledger.count("CreateTags")).toBe(0)
  expect(cloud.world.truth().every(({ state }) => state === "terminating" || state === "terminated")).toBe(true)
  expect(cloud.world.ledger.entries.filter(({ outcome }) => outcome !== "ok")).toEqual([])
})
