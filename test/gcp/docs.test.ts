/** The roles in docs/gcp.md allow what the adapter asks for: no less and no more. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { callsFor, type Cloud, gce, launchMany, launchOne, OWNER, TYPE, wishFor, ZONE } from "./support/cloud.js"

/** The permission of each method ("IAM permissions" in the methods' reference); a bulk request makes what it names. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  "instances.bulkInsert": [
    "instances.create",
    "instances.setLabels",
    "instances.setMetadata",
    "disks.create",
    "disks.setLabels",
    "subnetworks.use",
  ],
  "regionInstances.bulkInsert": ["subnetworks.useExternalIp", "images.useReadOnly"],
  "instances.delete": ["instances.delete"],
  "instances.list": ["instances.list"],
  "instances.aggregatedList": ["instances.list"],
  "zoneOperations.wait": ["zoneOperations.get"],
  "regionOperations.wait": ["regionOperations.get"],
}

function permissionsOf(clouds: readonly Cloud[]): readonly string[] {
  const apis = clouds.flatMap(({ world }) => world.ledger.entries.map(({ api }) => api))
  const needed = new Set(apis.flatMap((api) => PERMISSIONS[api] ?? [api]))
  return [...needed].map((name) => `compute.${name}`).sort()
}

async function roles(): Promise<readonly (readonly string[])[]> {
  const text = await readFile(join(import.meta.dirname, "../../docs/gcp.md"), "utf8")
  return [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = ""]) => JSON.parse(json) as string[])
}

test("the first is enough when types, image and zones are named, the second makes up the rest", async () => {
  const [least = [], more = []] = await roles()
  const image = "projects/debian-cloud/global/images/debian-12-bookworm-v20260114"
  const named = await gce({ gcp: { zones: [ZONE], image } })
  named.world.faults.rate("machineTypes.list", 1, { kind: "fail", error: "auth" })
  const instances = await launchMany(named, 1)
  await named.run(named.provider.list({ uid: OWNER.uid }, named.bare()))
  await named.run(named.provider.terminate(instances, named.bare()))
  expect(permissionsOf([named]).filter((name) => name !== "compute.machineTypes.list")).toEqual([...least].sort())

  const whole = await gce()
  const [call] = await callsFor(whole, 4, { spread: "zones" }, [TYPE, "c4-standard-4"])
  if (call === undefined) throw new Error("no call")
  const { instances: spread } = await launchOne(whole, call)
  await whole.run(whole.provider.interruptions?.(spread, whole.bare()) ?? Promise.reject(new Error("none")))
  await whole.run(whole.provider.headroom?.(wishFor(call.offers, 1), whole.bare()) ?? Promise.reject(new Error("none")))
  expect(permissionsOf([named, whole])).toEqual([...least, ...more].sort())
})
