/** Leases, and what an instance keeps of its group's spec. */
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { calls, cleanUp, freshPlace, only, remainsOf, secondsFromNow, until } from "./support.js"

afterEach(cleanUp)

const deadline = secondsFromNow(600)
const leased = { owner: { deadline }, group: { startup: "exec sleep 1000", leaseSeconds: 6 } }
const later = Number(secondsFromNow(300))

test("an instance that nobody renews ends itself; one that was renewed goes on, and its tags say until when", async () => {
  const place = await freshPlace()
  const { instances } = await place.launch({ ...leased, count: 2 })
  const [kept, left] = instances
  if (kept === undefined || left === undefined) throw new Error("there are not two")
  await place.provider.renew?.([kept], later, calls)
  await place.vanish(left.id)
  expect(await place.list()).toMatchObject([{ id: kept.id, state: "running", tags: { "muster-lease": String(later) } }])
  await place.provider.renew?.([kept], Number(secondsFromNow(1)), calls)
  await place.vanish(kept.id)
  await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
})

test("renewing what is gone, has no lease, or is another one by now changes nothing", async () => {
  const place = await freshPlace()
  const plain = only(await place.launch({ owner: { deadline }, group: { startup: "exec sleep 1000" } }))
  const lasting = { ...leased.group, leaseSeconds: 600 }
  const other = only(await place.launch({ ...leased, group: lasting, wish: "wish-2" }))
  const [before] = await place.list({ ids: [other.id] })
  const impostor = { ...other, tags: { ...other.tags, "muster-launch": "0".repeat(32) } }
  await place.provider.renew?.([plain, impostor, { ...plain, id: "default-00000000" }], later, calls)
  // It may have begun to run meanwhile; what is renewed shows in its tags.
  const [after] = await place.list({ ids: [other.id] })
  expect(after?.tags).toEqual(before?.tags)
  expect(await readdir(join(place.root, "instances", plain.id))).not.toContain("lease")
})

test("the spec that its group was prepared with is kept, and its digest is in the tags", async () => {
  const place = await freshPlace()
  const spec = { text: '{"startup":"exec sleep 1000"}', digest: "0123456789abcdef" }
  const instance = only(await place.launch({ owner: { deadline }, group: { startup: "exec sleep 1000", spec } }))
  expect(instance.tags["muster-spec"]).toBe(spec.digest)
  expect(await place.provider.recall?.(instance, calls)).toBe(spec.text)
  await place.provider.terminate([instance], calls)
  await place.vanish(instance.id)
  expect(await place.provider.recall?.(instance, calls)).toBeUndefined()
})

test("a cluster that is attached to by its name alone launches more of the same, and keeps their leases", async () => {
  const { provider } = await freshPlace()
  const options = { journal: false } as const
  const spec = { name: "kept", provider, instanceType: "local-1", startup: "exec sleep 1000", lease: "30s" } as const
  const first = new Cluster(spec, options)
  await first.scale(1)
  await first.detach()
  const ends = async () =>
    (await provider.list({ cluster: "kept" }, calls)).map(({ tags }) => Number(tags["muster-lease"]))
  const before = Number(secondsFromNow(20))
  await provider.renew?.(await provider.list({ cluster: "kept" }, calls), before, calls)
  const second = await Cluster.attach("kept", { provider }, options)
  await second.scale(2)
  await until("both to be renewed", async () => (await ends()).filter((end) => end > before).length === 2)
  const receipt = await second.close()
  expect(receipt.instances).toHaveLength(2)
})
