/** The policies in docs/aws.md allow what the adapter asks for: no less and no more. */
import { expect, test } from "vitest"
import { ec2, launchMany, NO_ROOM, prepareOf, TOLD, wishFor } from "../support/cloud.js"
import { documentedPolicies } from "../support/policy.js"

async function actions(): Promise<readonly (readonly string[])[]> {
  return (await documentedPolicies()).map((statements) =>
    statements.flatMap(({ Action }) => [Action].flat()).map((action) => action.replace("ec2:", "")),
  )
}

/** Everything that the adapter can be asked to do, on as many small clouds as it takes. */
async function everything(): Promise<ReadonlySet<string>> {
  const named = await ec2({ aws: { imageId: TOLD } })
  const [instance] = await launchMany(named, 1)
  if (instance === undefined) throw new Error("nothing was launched")
  await named.run(named.provider.consoleLog?.(instance, named.bare()) ?? Promise.resolve(""))
  const found = await ec2({ aws: { subnetIds: undefined, imageId: undefined } })
  const offers = await found.run(
    found.provider.offers({ instanceTypes: ["m7i.large"], markets: ["spot"] }, found.bare()),
  )
  const [call] = found.provider.split(wishFor(offers, 1, { market: "spot" }), await prepareOf(found), NO_ROOM)
  if (call === undefined) throw new Error("no launch call")
  const { instances } = await found.run(found.provider.launch(call, found.bare()))
  await found.run(found.provider.launch(call, found.bare()))
  const [made] = instances
  if (made !== undefined) await found.run(found.provider.recall?.(made, found.bare()) ?? Promise.resolve(undefined))
  await found.run(found.provider.renew?.(instances, 2_000_000_000, found.bare()) ?? Promise.resolve())
  await found.run(found.provider.interruptions?.(instances, found.bare()) ?? Promise.resolve(undefined))
  await found.run(found.provider.terminate(instances, found.bare()))
  await found.run(found.clock.sleep(60_000))
  const tags = instances[0]?.tags ?? {}
  const attributes = { zone: "us-east-1a" }
  found.world.resources.add({ kind: "volume", id: "vol-0a0a0a0a0a0a0a0a0", tags, attributes })
  found.world.resources.add({ kind: "network-interface", id: "eni-0a0a0a0a0a0a0a0a0", tags, attributes })
  const left = await found.run(found.provider.leftovers?.({}, found.bare()) ?? Promise.resolve([]))
  await found.run(found.provider.remove?.(left, found.bare()) ?? Promise.resolve())
  return new Set([named, found].flatMap(({ world }) => world.ledger.entries.map(({ api }) => api)))
}

test("the first is enough when all is named, the second makes up the rest", async () => {
  const [least = [], more = []] = await actions()
  const cloud = await ec2({ aws: { imageId: TOLD } })
  const instances = await launchMany(cloud, 1)
  await cloud.run(cloud.provider.list({ uid: "none" }, cloud.bare()))
  await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
  // EC2 asks for CreateTags when RunInstances carries tags.
  const asked = new Set([...cloud.world.ledger.entries.map(({ api }) => api), "CreateTags"])
  expect([...asked].sort()).toEqual([...least].sort())
  expect([...(await everything()), ...asked].filter((api) => ![...least, ...more].includes(api))).toEqual([])
  const never = [...least, ...more].filter((action) => action !== "CreateTags")
  const all = new Set([...(await everything()), ...asked])
  expect(never.filter((action) => !all.has(action))).toEqual([])
})
