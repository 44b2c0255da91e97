import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { OwnershipError } from "../../../src/errors.js"
import { withCluster } from "../../../src/with-cluster.js"
import { live, rig, SMALL } from "../support.js"
import { folderForEachTest } from "../../support/folder.js"

let journal = ""
folderForEachTest((path) => {
  journal = path
})

test("a second process attaches by name, scales, and closes; the first one learns that it was replaced", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const first = make({ name: "render" })
  await clock.run(first.scale(5))
  const second = await clock.run(Cluster.attach("render", { provider, instanceType: SMALL }, { clock, journal: false }))
  expect(second.workers).toHaveLength(5)
  await clock.run(second.scale(7))
  await expect(clock.run(first.scale(20))).rejects.toThrow(OwnershipError)
  await clock.run(clock.sleep(120_000))
  expect(live(world)).toHaveLength(7)
  await expect(first.close()).rejects.toThrow("took it over")
  const receipt = await clock.run(second.close())
  expect(receipt.instances).toHaveLength(7)
  expect(live(world)).toEqual([])
})

test("attached from tags alone: it can be watched and ended, and says what it needs to launch more", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const first = make({ name: "render", groups: { cpu: {}, big: {} } })
  await clock.run(first.scale({ cpu: 2, big: 1 }))
  await clock.run(first.detach())
  const second = await clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))
  expect(second.group("cpu").workers).toHaveLength(2)
  await expect(clock.run(second.scale({ big: 2 }))).rejects.toThrow("is known from its instances' tags only")
  await clock.run(second.scale({ big: 0 }))
  expect(live(world)).toHaveLength(2)
  await clock.run(second.close())
  expect(live(world)).toEqual([])
})

test("a name that lives is refused with its size and age, connected to on request, and never mixed with another owner's", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const first = make({ name: "render" })
  await clock.run(first.scale(4))
  await clock.run(first.detach())
  await expect(clock.run(make({ name: "render" }).scale(1))).rejects.toThrow(
    /one of this name lives already \(4 instances, the oldest \d+ s old\)/,
  )
  const other = make({ name: "render", owner: "somebody" })
  await clock.run(other.scale(2))
  await clock.run(other.close())
  expect(live(world)).toHaveLength(4)
  const connected = make({ name: "render", existing: "connect" })
  expect(await clock.run(connected.scale(6))).toMatchObject({ running: 6 })
  expect(new Set(live(world).map((instance) => instance.tags["muster-uid"])).size).toBe(1)
  await clock.run(connected.close())
  expect(live(world)).toEqual([])
  // Lists are a few seconds behind.
  await clock.run(clock.sleep(10_000))
  await expect(clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))).rejects.toThrow(
    "nothing in simulated sim-1 carries its tags",
  )
})

test("disposing closes what this object made, and detaches from what it attached to", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const own = make({ name: "own" })
  await clock.run(own.scale(2))
  const attached = await clock.run(Cluster.attach("own", { provider }, { clock, journal: false }))
  await clock.run(attached[Symbol.asyncDispose]())
  expect(live(world)).toHaveLength(2)
  await clock.run(own[Symbol.asyncDispose]())
  expect(live(world)).toEqual([])
})

test("withCluster keeps the first error and ends the cluster", async () => {
  const { clock, world, provider } = rig()
  const work = withCluster(
    { provider, instanceType: SMALL },
    async (cluster) => {
      await cluster.scale(3)
      throw new Error("the work failed")
    },
    { clock, journal: false },
  )
  await expect(clock.run(work)).rejects.toThrow("the work failed")
  expect(live(world)).toEqual([])
})

test("list tells every live cluster from tags alone", async () => {
  const { clock, provider, cluster: make } = rig()
  const [one, two] = [make({ name: "one" }), make({ name: "two", owner: "ops" })]
  await clock.run(Promise.all([one.scale(2), two.scale(3)]))
  const listed = await clock.run(Cluster.list({ provider }, { clock }))
  expect(listed.map(({ name, owner, instances, running }) => [name, owner, instances, running])).toEqual([
    ["one", "default", 2, 2],
    ["two", "ops", 3, 3],
  ])
  await clock.run(Promise.all([one.close(), two.close()]))
})

/** The journal as a process leaves it that dies after its create call was done and before it heard of it. */
async function dieMidLaunch(seed: number) {
  const { clock, world, provider, cluster: make } = rig({ seed })
  world.faults.loseReply("CreateInstances", 1)
  const dying = make({ name: "render" }, { journal })
  void dying.scale(9).catch(() => {})
  await clock.run(clock.sleep(5_000))
  const file = readdirSync(journal)[0] ?? ""
  const text = readFileSync(join(journal, file), "utf8")
  return { clock, world, provider, make, file: join(journal, file), text, dying }
}

test("after a crash the journal's open launch call is sent again as it was: no duplicate", async () => {
  const { clock, world, make, file, text, dying } = await dieMidLaunch(3)
  await clock.run(dying.close())
  const made = world.truth({}).length
  // A twin of that world in which the process died: the journal holds the intent and no outcome.
  const intentOnly = `${text
    .split("\n")
    .filter((line) => line !== "" && !line.includes('"outcome"'))
    .join("\n")}\n{"kind":"int`
  writeFileSync(file, intentOnly)
  const again = make({ name: "render", existing: "connect" }, { journal })
  expect(await clock.run(again.scale(9))).toMatchObject({ running: 9 })
  const calls = world.ledger.of("CreateInstances").map(({ parameters }) => JSON.stringify(parameters))
  expect(calls[0]).toBe(calls[1])
  expect(live(world)).toHaveLength(9)
  expect(made).toBe(9)
  await clock.run(again.close())
  expect(readdirSync(journal)).toEqual([])
})

test("a journal that cannot be written stops a launch, names the path, and never stops a termination", async () => {
  const { clock, world, cluster: make } = rig()
  const blocked = make({ name: "blocked" }, { journal: "/proc/muster" })
  await expect(clock.run(blocked.scale(3))).rejects.toThrow(
    /writing the launch journal \/proc\/muster\/.*nothing was launched/,
  )
  expect(world.truth({})).toEqual([])
  await clock.run(blocked.close())
  const second = make({ name: "second" }, { journal })
  await clock.run(second.scale(3))
  rmSync(journal, { recursive: true })
  writeFileSync(journal, "a file where the directory was")
  await clock.run(second.close())
  expect(live(world)).toEqual([])
})
