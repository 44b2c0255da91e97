/** A zone that never answers launches: it is left after two minutes, and what it was asked for comes once no list can miss it. */
import { expect, test } from "vitest"
import { subnetOf } from "../../../providers/aws/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import { ec2, ZONE } from "../support/cloud.js"

const PATIENCE_MS = 2 * 60_000

test.each([
  ["which is the only one asked", "one-zone", 1, 2],
  ["as one of four", "zones", 4, 2],
] as const)("%s: another has all within two minutes and the window", async (_what, spread, calls, tries) => {
  const cloud = await ec2({ aws: { subnetIds: undefined } })
  const { clock, provider, world } = cloud
  // A request names the subnet, not its zone.
  const inZone = (parameters: unknown) => JSON.stringify(parameters).includes(subnetOf(ZONE))
  world.faults.rate("RunInstances", 1, { kind: "hang" }, inZone)
  const spec = { name: "render", provider, instanceType: "m7i.large", spread } as const
  const cluster = new Cluster(spec, { clock, seed: 1, journal: false })
  const problems: string[] = []
  cluster.on("problem", ({ message }) => void problems.push(message))
  const begun = clock.now()
  expect(await cloud.run(cluster.scale(4, { timeout: "1h" }))).toMatchObject({ running: 4 })
  // Seconds are for two lists after the window, and for the boot.
  expect(clock.now() - begun).toBeLessThan(PATIENCE_MS + provider.limits.consistencyMs + 12_000)
  expect(world.truth()).toHaveLength(4)
  expect(world.truth({ zones: [ZONE] })).toEqual([])
  const sent = world.ledger.of("RunInstances").filter(({ parameters }) => inZone(parameters))
  expect([sent.length, world.ledger.count("RunInstances")]).toEqual([tries, tries + calls])
  expect(problems.join()).toContain("for 120 s no answer said whether it was done")
  // It is looked for, and not without a pause.
  expect(world.ledger.count("DescribeInstances")).toBeLessThan(160)
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
})

test.each([
  ["fleets over four zones", undefined],
  ["one zone after the other", false],
] as const)("spot answered with errors of EC2's own for ever (%s): on demand runs", async (_what, fleet) => {
  const cloud = await ec2({ aws: { subnetIds: undefined, fleet } })
  const { clock, provider, world, wire } = cloud
  const api = fleet === false ? "RunInstances" : "CreateFleet"
  const message = "An internal error has occurred"
  wire.answers.give({ api, place: "whole", code: "InternalError", message, status: 500, scope: { market: "spot" } })
  const spec = { name: "render", provider, instanceType: "m7i.large", market: "spot-with-fallback" } as const
  const cluster = new Cluster(spec, { clock, seed: 1, journal: false })
  const begun = clock.now()
  expect(await cloud.run(cluster.scale(4, { timeout: "5h" }))).toMatchObject({ running: 4 })
  expect(clock.now() - begun).toBeLessThan(PATIENCE_MS + provider.limits.consistencyMs + 30_000)
  expect(new Set(world.truth().map(({ market }) => market))).toEqual(new Set(["on-demand"]))
  // Eight that came to nothing, and the one that all came of.
  expect(world.ledger.count("RunInstances") + world.ledger.count("CreateFleet")).toBeLessThanOrEqual(9)
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
})
