/** The roles in docs/gcp.md allow what the adapter asks for: no less, because all else is refused, and no more. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { leaveDisk, permissionsOf, PROJECT, publishHostKeys } from "../../providers/gcp/wire/index.js"
import { Cluster } from "../../src/cluster.js"
import { TAG } from "../../src/fleet/tags.js"
import type { JsonObject } from "../../src/provider.js"
import type { ClusterSpec } from "../../src/spec.js"
import { type Cloud, gce, OWNER, prepareOf, TYPE, wishFor, ZONE } from "./support/cloud.js"

async function roles(): Promise<readonly (readonly string[])[]> {
  const text = await readFile(join(import.meta.dirname, "../../docs/gcp.md"), "utf8")
  const listed = (yaml: string) => [...yaml.matchAll(/^ {2}- (\S+)$/gm)].map(([, permission = ""]) => permission)
  return [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = ""]) => listed(yaml))
}

/** What the requests that were granted needed. */
function usedIn(cloud: Cloud): ReadonlySet<string> {
  const granted = cloud.world.ledger.entries.filter(({ outcome }) => outcome === "ok")
  const needed = granted.flatMap(({ api, parameters }) => {
    const { body = {}, ...rest } = parameters as { readonly body?: JsonObject }
    return permissionsOf(api, { project: PROJECT, body, parameters: rest as Record<string, string> })
  })
  return new Set(needed)
}

function refusedIn(cloud: Cloud): ReadonlySet<string> {
  const refused = cloud.world.ledger.entries.filter(({ outcome }) => outcome !== "ok")
  return new Set(refused.map(({ api }) => api))
}

async function burst(cloud: Cloud, spec: Partial<ClusterSpec>): Promise<void> {
  const group = { name: "render", provider: cloud.provider, instanceType: TYPE, startup: "echo hello" } as const
  const cluster = new Cluster({ ...group, ...spec } as ClusterSpec, { clock: cloud.clock, seed: 1, journal: false })
  expect((await cloud.run(cluster.scale(100))).running).toBe(100)
  const receipt = await cloud.run(cluster.close())
  expect([receipt.instances.length, receipt.leaked]).toEqual([100, []])
  expect(cloud.world.truth({ states: ["pending", "running", "stopped"] })).toEqual([])
}

const IMAGE = "projects/debian-cloud/global/images/debian-12-bookworm-v20260114"

test("the first is enough for a burst whose type, image, zone and address are named", async () => {
  const [least = []] = await roles()
  const cloud = await gce({ gcp: { zones: [ZONE], image: IMAGE }, wire: { permissions: least } })
  await burst(cloud, { publicAddress: false })
  expect([...usedIn(cloud)].sort()).toEqual([...least].sort())
  // What could only have been read is done without.
  expect(refusedIn(cloud)).toEqual(new Set(["machineTypes.list", "disks.list"]))
})

test("the second has the rest as well", async () => {
  const [least = [], more = []] = await roles()
  expect(least.filter((permission) => !more.includes(permission))).toEqual([])
  const cloud = await gce({
    gcp: { subnetwork: "default", image: "family/mine" },
    wire: { permissions: more },
  })
  const { provider, world } = cloud
  const image = { name: "mine-1", arch: "X86_64", family: `projects/${PROJECT}/global/images/family/mine` }
  const id = `projects/${PROJECT}/global/images/mine-1`
  world.resources.put({ kind: "image", id, attributes: image, tags: {} })
  leaveDisk(world, PROJECT, ZONE, "left", { [TAG.cluster]: "render", [TAG.uid]: OWNER.uid, [TAG.owner]: "default" })
  await burst(cloud, { spread: "zones", instanceType: [TYPE, "n2-standard-16"] })
  const offers = await cloud.run(provider.offers({ markets: ["spot"], instanceTypes: [TYPE] }, cloud.bare()))
  const prepared = await prepareOf(cloud)
  await prepareOf(cloud, { image: "mine-1" })
  const [call] = provider.split(wishFor(offers, 1, { market: "spot" }), prepared, { levels: {}, launches: [] })
  if (call === undefined) throw new Error("no call")
  const { ref = null } = await cloud.run(provider.launch(call, cloud.bare()))
  await cloud.run(cloud.clock.sleep(30_000))
  const { instances } = await cloud.run(provider.settle(call, ref, cloud.bare()))
  const [instance] = instances
  if (instance === undefined) throw new Error("no instance")
  const found = await cloud.run(provider.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))
  expect(found).toHaveLength(1)
  await cloud.run(
    Promise.all([
      provider.interruptions?.(instances, cloud.bare()),
      provider.headroom?.(wishFor(offers, 1), cloud.bare()),
      provider.consoleLog?.(instance, cloud.bare()),
      provider.recall?.(instance, cloud.bare()),
      provider.remove?.(found, cloud.bare()),
      provider.list({}, cloud.bare()),
    ]),
  )
  expect([...usedIn(cloud)].sort()).toEqual([...more].sort())
  expect(refusedIn(cloud)).toEqual(new Set())
})

test("the third is for access and peers", async () => {
  const [least = [], , access = []] = await roles()
  const permissions = [...least, ...access]
  const cloud = await gce({ gcp: { zones: [ZONE], image: IMAGE }, wire: { permissions } })
  const { provider, world } = cloud
  const way = {
    access: { from: ["192.0.2.7/32"], port: 22, isPrivate: true },
    publicAddress: false,
    image: IMAGE,
  } as const
  const offers = await cloud.run(
    provider.offers({ markets: ["on-demand"], instanceTypes: [TYPE], zones: [ZONE] }, cloud.bare()),
  )
  const prepared = await prepareOf(cloud, { ...way, peers: true })
  const [call] = provider.split(wishFor(offers, 1), prepared, { levels: {}, launches: [] })
  if (call === undefined) throw new Error("no call")
  await cloud.run(provider.launch(call, cloud.bare()))
  await cloud.run(cloud.clock.sleep(30_000))
  const instances = await cloud.run(provider.list({ uid: OWNER.uid }, cloud.bare()))
  const [instance] = instances
  if (instance === undefined) throw new Error("no instance")
  publishHostKeys(world, instance.id, { "ssh-ed25519": "AAAA" })
  expect(await cloud.run(provider.hostKeys?.(instance, cloud.bare()) ?? Promise.resolve([]))).toEqual(["AAAA"])
  // Another range, which changes a rule; and tags that somebody else changes at the same time, so that they are read once more.
  await cloud.run(provider.access?.close(OWNER, instances, cloud.bare()) ?? Promise.resolve())
  const changed = {
    api: "instances.setTags",
    place: "whole",
    code: "conditionNotMet",
    status: 412,
    message: "",
  } as const
  cloud.wire.answers.give({ ...changed, times: 1 })
  for (const range of ["192.0.2.8/32", "192.0.2.9/32"]) {
    const request = { from: [range], port: 22, isPrivate: true } as const
    await cloud.run(provider.access?.open(OWNER, request, instances, cloud.bare()) ?? Promise.resolve([]))
  }
  await cloud.run(provider.terminate(instances, cloud.bare()))
  const left = await cloud.run(provider.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))
  await cloud.run(provider.remove?.(left, cloud.bare()) ?? Promise.resolve())
  expect(await cloud.run(provider.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))).toEqual([])
  expect([...usedIn(cloud)].sort()).toEqual([...least, ...access].sort())
  expect(refusedIn(cloud)).toEqual(new Set(["machineTypes.list", "instances.setTags", "disks.list"]))
})
