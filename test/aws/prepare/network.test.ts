/** Where instances go, what reaches them, and how they reach the world. */
import { describe, expect, test } from "vitest"
import { IMAGES, SECURITY_GROUP, subnetOf } from "../../../providers/aws/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import type { GroupRequest, JsonObject } from "../../../src/provider.js"
import { bareCalls } from "../../../src/calls/send.js"
import { type Cloud, ec2, GROUP, NO_ROOM, OWNER, prepareOf, TOLD, wishFor, ZONE } from "../support/cloud.js"
import { anywhere, forbid, offersFor, onDemand } from "../support/found.js"

const firstOf = (list: unknown) => (list as readonly JsonObject[] | undefined)?.[0]

describe("the network", () => {
  const bodyOf = async (cloud: Cloud, group: Partial<GroupRequest> = {}) => (await prepareOf(cloud, group)).body
  const sharedIn = (cloud: Cloud) =>
    cloud.world.resources.list({ kind: "security-group" }).filter(({ tags }) => tags["muster-shared"] === "true")

  test("is the default one, with a group that nobody else reaches, made once", async () => {
    const cloud = await anywhere()
    const first = await bodyOf(cloud)
    const [group] = sharedIn(cloud)
    expect(group?.attributes).toMatchObject({
      name: "muster-shared",
      rules: [{ IpProtocol: "-1", Groups: [{ GroupId: group?.id }] }],
    })
    expect(first).toMatchObject({
      securityGroupIds: [group?.id],
      subnets: cloud.world.settings.zones.map((zone) => ({ zone })),
    })
    expect([await bodyOf(cloud), await bodyOf(cloud)]).toEqual([first, first])
    expect(sharedIn(cloud)).toHaveLength(1)
  })

  test("read only makes no group and says that one will come", async () => {
    const cloud = await anywhere()
    const calls = bareCalls({ clock: cloud.clock, readOnly: true })
    const { notes } = await cloud.run(cloud.provider.prepare(OWNER, GROUP, calls))
    expect(notes.join()).toContain("security group muster-shared comes into vpc-")
    expect(sharedIn(cloud)).toEqual([])
  })

  test("two processes make the group at the same moment: one group", async () => {
    const cloud = await anywhere()
    const prepared = [0, 1].map(() => cloud.provider.prepare(OWNER, GROUP, cloud.bare()))
    const [one, two] = await cloud.run(Promise.all(prepared))
    expect(two?.body).toEqual(one?.body)
    expect(sharedIn(cloud)).toHaveLength(1)
  })

  test("opens SSH from one range only, and only when asked", async () => {
    const cloud = await anywhere({ sshFrom: "203.0.113.7/32" })
    await bodyOf(cloud)
    const ssh = sharedIn(cloud).find(({ attributes }) => attributes.name === "muster-shared-ssh-203-0-113-7-32")
    expect(ssh?.attributes.rules).toEqual([
      { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "203.0.113.7/32" }] },
    ])
  })

  test("opens SSH from a range of IPv6 as well", async () => {
    const cloud = await anywhere({ sshFrom: "2001:DB8:7::/48" })
    await bodyOf(cloud)
    await bodyOf(cloud)
    const ssh = sharedIn(cloud).find(({ attributes }) => attributes.name === "muster-shared-ssh-2001-db8-7---48")
    expect(ssh?.attributes.rules).toEqual([
      { IpProtocol: "tcp", FromPort: 22, ToPort: 22, Ipv6Ranges: [{ CidrIpv6: "2001:db8:7::/48" }] },
    ])
  })

  test("the shared group is listed apart, kept while used, and goes when it is not", async () => {
    const cloud = await anywhere()
    await bodyOf(cloud)
    const leftovers = (selector: object) =>
      cloud.run(cloud.provider.leftovers?.(selector, cloud.bare()) ?? Promise.resolve([]))
    expect((await leftovers({ uid: OWNER.uid })).filter(({ kind }) => kind === "security-group")).toEqual([])
    const shared = (await leftovers({})).find(({ kind }) => kind === "security-group")
    expect(shared).toMatchObject({ kind: "security-group", shared: true })
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    const [call] = cloud.provider.split(wishFor(offers, 1), await prepareOf(cloud), NO_ROOM)
    const { instances } = await cloud.run(cloud.provider.launch(call as never, cloud.bare()))
    const remove = () => cloud.run(cloud.provider.remove?.([shared as never], cloud.bare()) ?? Promise.resolve())
    await expect(remove()).rejects.toThrow(/DependencyViolation.*instances that are ending give it free/)
    await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    await cloud.run(cloud.clock.sleep(60_000))
    await remove()
    expect(sharedIn(cloud)).toEqual([])
  })

  test("gives an address where the only way out is a gateway, and says what it costs", async () => {
    const cloud = await anywhere()
    const nat = { kind: "route-table", id: "rtb-0a0a0a0a0a0a0a0a0", tags: {} }
    const vpc = String(cloud.world.resources.list({ kind: "vpc" })[0]?.id)
    cloud.world.resources.add({
      ...nat,
      attributes: { vpc, main: false, subnet: subnetOf("us-east-1b"), nat: "nat-1" },
    })
    const { notes, body } = await prepareOf(cloud)
    expect(notes).toEqual([
      expect.stringMatching(/each instance gets a public IPv4 address \(0\.005 USD an hour each.*gateway/),
    ])
    const subnets = body.subnets as readonly JsonObject[]
    expect(subnets.map(({ needsAddress }) => needsAddress)).toEqual([true, false, true, true])
    const [offer, other] = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    const bodies = [offer, other].map(
      (one) => cloud.provider.split(wishFor([one as never], 1), { notes, body }, NO_ROOM)[0]?.body,
    )
    expect(bodies.map((made) => firstOf(made?.NetworkInterfaces)?.AssociatePublicIpAddress)).toEqual([true, false])
  })

  test("without a default VPC says what to do", async () => {
    const cloud = await anywhere()
    for (const { id } of cloud.world.resources.list({ kind: "subnet" })) cloud.world.resources.delete("subnet", id)
    const words = /no default VPC; name subnets, or run: aws ec2 create-default-vpc/
    await expect(prepareOf(cloud)).rejects.toThrow(words)
    await expect(offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })).rejects.toThrow(words)
  })

  test("of two VPCs is refused", async () => {
    const cloud = await anywhere({ subnetIds: [subnetOf(ZONE), "subnet-0abcabcabcabcabca"] })
    const attributes = { zone: "us-east-1b", vpc: "vpc-0abcabcabcabcabca", cidr: "10.0.0.0/24", isDefault: false }
    cloud.world.resources.add({ kind: "subnet", id: "subnet-0abcabcabcabcabca", tags: {}, attributes })
    await expect(prepareOf(cloud)).rejects.toThrow(/aws\.subnetIds: are of several VPCs.*name subnets of one/)
  })

  test("of a security group of another VPC is refused by EC2 before anything is launched", async () => {
    const cloud = await ec2({ aws: { imageId: TOLD, securityGroupIds: ["sg-0abcabcabcabcabca"] } })
    const attributes = { vpc: "vpc-0abcabcabcabcabca", name: "theirs" }
    cloud.world.resources.add({ kind: "security-group", id: "sg-0abcabcabcabcabca", tags: {}, attributes })
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    const [call] = cloud.provider.split(wishFor(offers, 1), await prepareOf(cloud), NO_ROOM)
    const launched = cloud.run(cloud.provider.launch(call as never, cloud.bare()))
    await expect(launched).rejects.toThrow(/different networks.*name security groups of the subnets' own VPC/)
  })

  test("that may not be looked up is EC2's own choice, with a note", async () => {
    const cloud = await anywhere({ imageId: IMAGES.x86_64 })
    forbid(cloud, "DescribeSubnets", "DescribeSecurityGroups")
    const { notes, body } = await prepareOf(cloud)
    expect(notes.join()).toContain("ec2:DescribeSubnets is not allowed")
    expect(body).toMatchObject({ subnets: [], securityGroupIds: [] })
  })

  test("whose group may not be made uses the default group, with a note", async () => {
    const cloud = await anywhere()
    forbid(cloud, "CreateSecurityGroup")
    const { notes, body } = await prepareOf(cloud)
    expect(notes.join()).toMatch(/security group could not be read or made.*the default group of vpc-/)
    expect(body.securityGroupIds).toEqual([])
    expect(SECURITY_GROUP).toMatch(/^sg-/)
  })

  test("two subnets of a zone: what others took of one since is seen before the next launch, a minute later", async () => {
    const twin = "subnet-0abcabcabcabcabca"
    const cloud = await anywhere({ subnetIds: [subnetOf(ZONE), twin] })
    const [first] = cloud.world.resources.list({ kind: "subnet" }).filter(({ id }) => id === subnetOf(ZONE))
    const free = (id: string, addresses: number) =>
      cloud.world.resources.put({ ...first, id, attributes: { ...first?.attributes, addresses } } as never)
    free(subnetOf(ZONE), 100)
    free(twin, 50)
    const spec = { name: "two", provider: cloud.provider, instanceType: "m7i.large" } as const
    const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
    const placesOf = () => cloud.world.truth().map(({ attributes }) => attributes.subnetId)
    const counts = () => cloud.world.ledger.count("DescribeSubnets")
    await cloud.run(cluster.scale(1))
    expect(placesOf()).toEqual([subnetOf(ZONE)])
    free(subnetOf(ZONE), 10)
    await cloud.run(cluster.scale(2))
    const before = counts()
    expect(placesOf()).toEqual([subnetOf(ZONE), subnetOf(ZONE)])
    await cloud.run(cloud.clock.sleep(61_000))
    await cloud.run(cluster.scale(3))
    expect([counts(), placesOf()[2]]).toEqual([before + 1, twin])
    await cloud.run(cloud.clock.sleep(61_000))
    forbid(cloud, "DescribeSubnets")
    expect(await cloud.run(cluster.scale(4))).toMatchObject({ running: 4 })
    await cloud.run(cluster.close())
  })

  test("a full subnet: the rest goes elsewhere", async () => {
    const cloud = await ec2({ aws: { imageId: TOLD } })
    const subnet = cloud.world.resources.get("subnet", subnetOf(ZONE))
    cloud.world.resources.put({
      ...(subnet as never as object),
      attributes: { ...subnet?.attributes, addresses: 0 },
    } as never)
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    const [call] = cloud.provider.split(wishFor(offers, 1), await prepareOf(cloud), NO_ROOM)
    const { failures } = await cloud.run(cloud.provider.launch(call as never, cloud.bare()))
    const scope = { provider: "aws", region: "us-east-1", zone: ZONE }
    expect(failures).toMatchObject([{ reason: "capacity", scope, code: "InsufficientFreeAddressesInSubnet" }])
  })
})
