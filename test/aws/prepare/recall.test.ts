/** What travels with the instances: the text of the group's spec in their user data, its digest in a tag; and where to look. */
import { randomBytes } from "node:crypto"
import { describe, expect, test } from "vitest"
import type { GroupRequest, GroupSpecText, Instance, LaunchCall, Market } from "../../../src/provider.js"
import { type Cloud, ec2, launchMany, NO_ROOM, OWNER, prepareOf, wishFor } from "../support/cloud.js"

const SPEC: GroupSpecText = {
  text: JSON.stringify({ startup: 'echo "it\'s me"\n# muster-spec nonsense', vcpus: { min: 16 }, note: "größer" }),
  digest: "0123456789abcdef",
}

async function launched(cloud: Cloud, group: Partial<GroupRequest>, market: Market = "on-demand"): Promise<Instance> {
  const query = { instanceTypes: ["m7i.large"], markets: [market] }
  const offers = await cloud.run(cloud.provider.offers(query, cloud.bare()))
  const prepared = await prepareOf(cloud, { markets: [market], ...group })
  const [call] = cloud.provider.split(wishFor(offers, 1, { market }), prepared, NO_ROOM)
  const { instances } = await cloud.run(cloud.provider.launch(call as LaunchCall, cloud.bare()))
  if (instances[0] === undefined) throw new Error("nothing was launched")
  return instances[0]
}

function recall(cloud: Cloud, instance: Instance): Promise<string | undefined> {
  return cloud.run(cloud.provider.recall?.(instance, cloud.bare()) ?? Promise.reject(new Error("no such verb")))
}

describe("a group's spec", () => {
  test.each(["on-demand", "spot"] as const)("comes back to the letter (%s)", async (market) => {
    const cloud = await ec2()
    const instance = await launched(cloud, { spec: SPEC }, market)
    expect(instance.tags["muster-spec"]).toBe(SPEC.digest)
    expect(await recall(cloud, instance)).toBe(SPEC.text)
  })

  test("comes back from user data that had to be compressed", async () => {
    const cloud = await ec2()
    const startup = `: ${"word ".repeat(4000)}`
    const text = JSON.stringify({ startup })
    const instance = await launched(cloud, { startup, spec: { ...SPEC, text } })
    expect(await recall(cloud, instance)).toBe(text)
  })

  test("is left out where startup needs the room, and that is said", async () => {
    const cloud = await ec2()
    const startup = `: ${randomBytes(7_200).toString("base64")}`
    const spec = { ...SPEC, text: JSON.stringify({ startup }) }
    const { notes } = await prepareOf(cloud, { startup, spec })
    expect(notes.join()).toMatch(/no room for the spec of group "default" \(\d+ bytes too few\).*must give it again/)
    const instance = await launched(cloud, { startup, spec })
    expect(instance.tags["muster-spec"]).toBe(SPEC.digest)
    expect(await recall(cloud, instance)).toBeUndefined()
  })

  test("is not there when none was given, nor of an instance that is gone, nor without the right to read it", async () => {
    const cloud = await ec2()
    const bare = await launched(cloud, { startup: "# muster-spec AAAA" })
    expect(bare.tags["muster-spec"]).toBeUndefined()
    expect(await recall(cloud, bare)).toBeUndefined()
    expect(await recall(cloud, { ...bare, id: "i-0aaaaaaaaaaaaaaaa" })).toBeUndefined()
    const instance = await launched(cloud, { spec: SPEC })
    cloud.world.faults.fail("DescribeInstanceAttribute", { error: "auth" })
    expect(await recall(cloud, instance)).toBeUndefined()
  })
})

describe("a lease", () => {
  const UNTIL = 1_767_300_000
  const renew = (cloud: Cloud, instances: readonly Instance[]) =>
    cloud.run(cloud.provider.renew?.(instances, UNTIL, cloud.bare()) ?? Promise.reject(new Error("no such verb")))

  test("is renewed by one request for each thousand", async () => {
    const cloud = await ec2({ world: { buckets: {} } })
    const instances = await launchMany(cloud, 1001)
    await renew(cloud, instances)
    expect(cloud.world.ledger.count("CreateTags")).toBe(2)
    const listed = await cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))
    expect(new Set(listed.map(({ tags }) => tags["muster-lease"]))).toEqual(new Set([String(UNTIL)]))
    // The others are as they were.
    expect(new Set(listed.map(({ tags }) => tags["muster-uid"]))).toEqual(new Set([OWNER.uid]))
  })

  test("of instances that are gone does not keep the others from theirs", async () => {
    const cloud = await ec2()
    const [first, second] = await launchMany(cloud, 2)
    if (first === undefined || second === undefined) throw new Error("nothing was launched")
    await renew(cloud, [first, { ...second, id: "i-0aaaaaaaaaaaaaaaa" }, second])
    expect(cloud.world.truth().map(({ tags }) => tags["muster-lease"])).toEqual([String(UNTIL), String(UNTIL)])
    await renew(cloud, [{ ...second, id: "i-0aaaaaaaaaaaaaaaa" }])
    await renew(cloud, [])
  })

  test.each([
    [
      { instanceTypes: ["m7i.large", "t2.micro", "p3.2xlarge"] },
      {},
      /cannot be kept by t2\.micro, p3\.2xlarge: only types of/,
    ],
    [{}, { MetadataOptions: { InstanceMetadataTags: "disabled" } }, /MetadataOptions: takes from the guest the tags/],
  ])("that the guest could not read is refused: %j", async (group, overrides, message) => {
    const cloud = await ec2({ aws: { overrides } })
    await expect(prepareOf(cloud, { leaseSeconds: 600, ...group })).rejects.toThrow(message)
    await expect(prepareOf(cloud, group)).resolves.toBeDefined()
  })

  test("is no matter for types of the Nitro system", async () => {
    const cloud = await ec2()
    const instanceTypes = ["m7i.large", "i3.metal", "p3dn.24xlarge", "x2idn.16xlarge", "g4dn.xlarge", "t3.micro"]
    await expect(prepareOf(cloud, { leaseSeconds: 600, instanceTypes })).resolves.toBeDefined()
  })
})

test("an instance has a page in the console of its partition", async () => {
  const cloud = await ec2()
  const urlIn = (region: string) => cloud.provider.consoleUrl?.({ id: "i-1", region } as Instance)
  expect(urlIn("eu-west-2")).toBe(
    "https://eu-west-2.console.aws.amazon.com/ec2/home?region=eu-west-2#InstanceDetails:instanceId=i-1",
  )
  expect(urlIn("cn-north-1")).toContain("https://cn-north-1.console.amazonaws.cn/ec2/")
  expect(urlIn("us-gov-west-1")).toContain("https://us-gov-west-1.console.amazonaws-us-gov.com/ec2/")
})
