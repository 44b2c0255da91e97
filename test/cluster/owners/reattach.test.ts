import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { OwnershipError, SpecError } from "../../../src/errors.js"
import type { Instance, Provider } from "../../../src/provider.js"
import { live, rig, SMALL } from "../support.js"
import { folderForEachTest } from "../../support/folder.js"

let journal = ""
folderForEachTest((path) => {
  journal = path
})

/** A cloud with room for a group's spec: what `prepare` was told is kept, and its digest goes into the tags. */
function keeping(provider: Provider): Provider {
  const texts = new Map<string, string>()
  return {
    ...provider,
    prepare: async (owner, group, calls) => {
      if (group.spec !== undefined) texts.set(group.spec.digest, group.spec.text)
      const tags = { ...group.tags, "muster-spec": group.spec?.digest ?? "" }
      return provider.prepare(owner, { ...group, tags }, calls)
    },
    recall: ({ tags }: Instance) => Promise.resolve(texts.get(tags["muster-spec"] ?? "")),
  }
}

test("who attaches only watches until it scales: the owner goes on, and both see the same", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const owner = make({ name: "render" })
  await clock.run(owner.scale(4))
  const watcher = await clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))
  expect(watcher.workers).toHaveLength(4)
  await clock.run(owner.scale(6))
  world.terminate([owner.workers[0]?.id ?? ""])
  await clock.run(clock.sleep(120_000))
  expect(owner.workers.filter(({ state }) => state === "running")).toHaveLength(6)
  expect(new Set(watcher.workers.map(({ id }) => id))).toEqual(new Set(owner.workers.map(({ id }) => id)))
  expect(new Set(live(world).map(({ tags }) => tags["muster-generation"]))).toEqual(new Set(["1"]))
  await clock.run(watcher.detach())
  await clock.run(owner.close())
  expect(live(world)).toEqual([])
})

test("a watcher sees workers come from nothing, and goes when the owner closes", async () => {
  const { clock, provider, cluster: make } = rig()
  const owner = make({ name: "render" })
  await clock.run(owner.scale(1))
  const watcher = await clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))
  await clock.run(owner.scale(0))
  await clock.run(clock.sleep(60_000))
  expect(watcher.workers).toEqual([])
  await clock.run(owner.scale(3))
  await clock.run(clock.sleep(60_000))
  expect(watcher.workers).toHaveLength(3)
  await clock.run(Promise.all([owner.close(), watcher.detach()]))
})

test("takeOver true claims at once: it replaces, and what it launches carries the later generation; false never does", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const owner = make({ name: "render" })
  await clock.run(owner.scale(3))
  await clock.run(owner.detach())
  const spec = { provider, instanceType: SMALL }
  const mine = await clock.run(Cluster.attach("render", { ...spec, takeOver: true }, { clock, journal: false }))
  world.terminate([mine.workers[0]?.id ?? ""])
  await clock.run(clock.sleep(120_000))
  expect(live(world).map(({ tags }) => tags["muster-generation"])).toEqual(["1", "1", "2"])
  const next = await clock.run(Cluster.attach("render", { ...spec, takeOver: true }, { clock, journal: false }))
  await clock.run(next.scale(4))
  await expect(clock.run(mine.scale(9))).rejects.toThrow(OwnershipError)
  const eyes = await clock.run(Cluster.attach("render", { provider, takeOver: false }, { clock, journal: false }))
  await expect(eyes.scale(0)).rejects.toThrow("was attached with takeOver: false, to watch it")
  await expect(eyes.close()).rejects.toThrow(OwnershipError)
  await clock.run(eyes.detach())
  await clock.run(next.close())
  expect(live(world)).toEqual([])
})

test("who closes what it attached to puts the terminate calls on the wire before anything else", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const owner = make({ name: "render" })
  await clock.run(owner.scale(5))
  await clock.run(owner.detach())
  const second = await clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))
  await clock.run(clock.sleep(30_000))
  const before = world.ledger.entries.length
  await clock.run(second.close())
  expect(world.ledger.entries[before]?.api).toBe("TerminateInstances")
  expect(live(world)).toEqual([])
})

test("attached by name alone it scales up again where the cloud keeps the spec", async () => {
  const cloud = rig()
  const { clock, world } = cloud
  const provider = keeping(cloud.provider)
  const first = cloud.cluster({ name: "render", provider, startup: "echo hello", environment: { COLOUR: "blue" } })
  await clock.run(first.scale(2))
  await clock.run(first.detach())
  const second = await clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))
  expect(second.workers.every(({ pricePerHour }) => pricePerHour !== undefined)).toBe(true)
  expect(await clock.run(second.scale(5))).toMatchObject({ running: 5 })
  const made = live(world).map(({ attributes }) => attributes)
  expect(new Set(made.map((attributes) => JSON.stringify(attributes))).size).toBe(1)
  expect(new Set(live(world).map(({ tags }) => tags["muster-deadline"])).size).toBe(1)
  await clock.run(second.close())
})

test("a spec that is given counts, and the plan and an event say that it is another one", async () => {
  const cloud = rig()
  const { clock } = cloud
  const provider = keeping(cloud.provider)
  const first = cloud.cluster({ name: "render", provider, startup: "echo hello" })
  await clock.run(first.scale(1))
  await clock.run(first.detach())
  const spec = { provider, instanceType: SMALL }
  const same = await clock.run(Cluster.attach("render", { ...spec, startup: "echo hello" }, { clock, journal: false }))
  expect((await clock.run(same.plan(2))).groups[0]?.notes.join()).not.toContain("another spec")
  await clock.run(same.detach())
  const other = await clock.run(Cluster.attach("render", { ...spec, startup: "echo bye" }, { clock, journal: false }))
  expect((await clock.run(other.plan(2))).groups[0]?.notes.join()).toContain(
    "1 of its instances were made from another",
  )
  const notes: string[] = []
  other.on("note", ({ message }) => notes.push(message))
  await clock.run(other.scale(2))
  expect(notes).toHaveLength(1)
  await clock.run(other.close())
})

test("at zero workers attaching needs the spec, says so, and finds the same cluster", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const first = make({ name: "render", maxLifetime: "2h" })
  await clock.run(first.scale(2))
  const [before] = live(world)
  await clock.run(first.scale(0))
  await clock.run(first.detach())
  await clock.run(clock.sleep(10_000))
  const bare = await clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))
  await expect(clock.run(bare.scale(3))).rejects.toThrow(/no workers now .* give its spec/)
  await clock.run(bare.detach())
  const spec = { provider, instanceType: SMALL }
  const again = await clock.run(Cluster.attach("render", spec, { clock, journal: false }))
  await clock.run(again.scale(1))
  for (const tag of ["muster-uid", "muster-deadline"]) expect(live(world)[0]?.tags[tag]).toBe(before?.tags[tag])
  await clock.run(again.close())
  await clock.run(clock.sleep(10_000))
  await expect(clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))).rejects.toMatchObject({
    code: "NotFound",
    message: expect.stringContaining("give its spec") as string,
  })
})

test("a watcher that takes over later replays what the owner's journal says meanwhile", async () => {
  const { clock, world, provider, cluster: make } = rig({ listLagMs: 60_000, limits: { consistencyMs: 120_000 } })
  const owner = make({ name: "render" }, { journal })
  await clock.run(owner.scale(2))
  const watcher = await clock.run(Cluster.attach("render", { provider, instanceType: SMALL }, { clock, journal }))
  world.faults.loseReply("CreateInstances", 50)
  void owner.scale(6).catch(() => {})
  await clock.run(clock.sleep(2_000))
  world.faults.clear?.()
  await clock.run(owner.detach())
  expect(await clock.run(watcher.scale(6))).toMatchObject({ running: 6 })
  expect(world.truth({})).toHaveLength(6)
  await clock.run(watcher.close())
  expect(live(world)).toEqual([])
})

test("the arguments of attach are checked", async () => {
  const { provider } = rig()
  const wrong = { provider, takeOver: "yes" as unknown as boolean }
  await expect(Cluster.attach("render", wrong)).rejects.toThrow(SpecError)
  const both = { provider, takeOver: false, closeOnExit: true }
  await expect(Cluster.attach("render", both)).rejects.toThrow("only watches")
})
