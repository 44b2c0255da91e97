/** A zone that answers launches with nothing but errors of its own: nobody waits for it who can launch elsewhere. */
import { expect, test } from "vitest"
import type { Fault } from "../../../src/simulator/faults/faults.js"
import { type Rig, live, rig } from "../support.js"

const TIMEOUT = { timeout: "5h" } as const
const INTERNAL: Fault = { kind: "fail", error: "transient" }

function failing(cloud: Rig, zone: string, fault: Fault): void {
  cloud.world.faults.rate("CreateInstances", 1, fault, (asked) => (asked as { zone?: string }).zone === zone)
}

const asked = ({ world }: Rig) =>
  world.ledger.of("CreateInstances").map(({ parameters }) => parameters as { zone: string; token: string; max: number })

const tokensIn = (cloud: Rig, zone: string) =>
  new Set(asked(cloud).flatMap((call) => (call.zone === zone ? [call.token] : [])))

/** The zone that is tried first. */
const FIRST = "sim-1a"

test("what it was asked for is launched elsewhere once no list can miss it, and the zone is left alone", async () => {
  const cloud = rig()
  failing(cloud, FIRST, INTERNAL)
  const cluster = cloud.cluster()
  const begun = cloud.clock.now()
  expect(await cloud.clock.run(cluster.scale(9, TIMEOUT))).toMatchObject({ running: 9 })
  expect(cloud.clock.now() - begun).toBeLessThan(5 * 60_000)
  expect(tokensIn(cloud, FIRST).size).toBe(1)
  expect(cluster.workers.every(({ zone }) => zone !== FIRST)).toBe(true)
  const before = asked(cloud).length
  await cloud.clock.run(cloud.clock.sleep(3_600_000))
  expect(asked(cloud)).toHaveLength(before)
  expect((await cloud.clock.run(cluster.close())).leaked).toEqual([])
  expect(live(cloud.world)).toEqual([])
})

test("what was done there all the same is found by the lists in time: nothing is made twice", async () => {
  const cloud = rig({ limits: { consistencyMs: 600_000 } })
  failing(cloud, FIRST, { kind: "lose-reply" })
  cloud.world.faults.lagLists(500_000)
  const cluster = cloud.cluster()
  expect(await cloud.clock.run(cluster.scale(9, TIMEOUT))).toMatchObject({ running: 9 })
  expect(cloud.world.truth()).toHaveLength(9)
  await cloud.clock.run(cloud.clock.sleep(3_600_000))
  expect(cloud.world.truth()).toHaveLength(9)
  expect(tokensIn(cloud, FIRST).size).toBe(1)
  await cloud.clock.run(cluster.close())
  expect(live(cloud.world)).toEqual([])
})

test("while lists fail too, nothing is launched in its place", async () => {
  const cloud = rig()
  failing(cloud, FIRST, INTERNAL)
  const cluster = cloud.cluster()
  const scaling = cluster.scale(9, TIMEOUT)
  await cloud.clock.run(cloud.clock.sleep(1000))
  cloud.world.faults.rate("ListInstances", 1, INTERNAL)
  await cloud.clock.run(cloud.clock.sleep(3_600_000))
  expect(asked(cloud).every(({ zone }) => zone === FIRST)).toBe(true)
  cloud.world.faults.clear()
  failing(cloud, FIRST, INTERNAL)
  expect(await cloud.clock.run(scaling)).toMatchObject({ running: 9 })
  await cloud.clock.run(cluster.close())
})

test("with nowhere else to go the same call is sent again until it is answered", async () => {
  const cloud = rig({ zones: [FIRST] })
  cloud.world.faults.fail("CreateInstances", { error: "transient", times: 60 })
  const cluster = cloud.cluster()
  expect(await cloud.clock.run(cluster.scale(9, TIMEOUT))).toMatchObject({ running: 9 })
  expect([tokensIn(cloud, FIRST).size, asked(cloud).length]).toEqual([1, 61])
  await cloud.clock.run(cluster.close())
})
