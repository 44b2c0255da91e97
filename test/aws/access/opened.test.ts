/** `access` at a launch: port 22 is open to the ranges that were asked for, and to nobody else. */
import { describe, expect, test } from "vitest"
import { SpecError } from "../../../src/errors.js"
import type { GroupRequest } from "../../../src/provider.js"
import { type Cloud, ec2, OWNER, prepareOf } from "../support/cloud.js"
import { anywhere, forbid } from "../support/found.js"
import {
  access,
  groupNamed,
  groupNames,
  HERE,
  OFFICE,
  openFrom,
  OTHER,
  PEERS,
  PEERS_GROUP,
  SSH,
  SSH_GROUP,
  workers,
} from "./support.js"

const STRANGERS = ["203.0.113.8", "198.51.101.1", "172.31.0.9", "2001:db8::1"]

describe("port 22", () => {
  test("is open to exactly the ranges, and no other port is", async () => {
    const cloud = await anywhere()
    const [worker] = await workers(cloud, access(`${HERE}/32`, "198.51.100.9/24", "2001:DB8:7::/48"))
    if (worker === undefined) throw new Error("nothing was launched")
    const all = [HERE, "198.51.100.1", "2001:db8:7::1", ...STRANGERS]
    expect(openFrom(cloud, worker, 22, all)).toEqual([HERE, "198.51.100.1", "2001:db8:7::1"])
    for (const port of [21, 23, 80, 2222]) expect(openFrom(cloud, worker, port, all)).toEqual([])
    // EC2 writes a range with nothing after its prefix: two spellings are one group.
    expect(groupNamed(cloud, "muster-shared-ssh-198-51-100-0-24")?.attributes.rules).toEqual([
      { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: OFFICE }] },
    ])
  })

  test("of fleets' workers too: their template names the groups", async () => {
    const cloud = await anywhere({ fleet: true })
    const [worker] = await workers(cloud, { ...SSH, ...PEERS, markets: ["on-demand"] })
    if (worker === undefined) throw new Error("nothing was launched")
    expect(cloud.world.ledger.count("CreateFleet")).toBe(1)
    expect(openFrom(cloud, worker, 22, [HERE, ...STRANGERS])).toEqual([HERE])
  })

  test("two clusters share the group of a range, and the one does not reach the other by it", async () => {
    const cloud = await anywhere()
    const [one] = await workers(cloud, { ...SSH, ...PEERS })
    const [two] = await workers(cloud, { ...SSH, ...PEERS }, 1, OTHER)
    if (one === undefined || two === undefined) throw new Error("nothing was launched")
    expect(groupNames(cloud).filter((name) => name === SSH_GROUP)).toHaveLength(1)
    for (const worker of [one, two]) expect(openFrom(cloud, worker, 22, [HERE, ...STRANGERS])).toEqual([HERE])
    expect(cloud.wire.isOpen(one.id, 22, two.privateIp ?? "")).toBe(false)
  })

  test("in named subnets and with named groups: the group of the range comes beside them", async () => {
    const cloud = await ec2({ aws: { securityGroupIds: ["sg-0def0000000000def"] } })
    const { body } = await prepareOf(cloud, SSH)
    expect(body.securityGroupIds).toEqual(["sg-0def0000000000def", groupNamed(cloud, SSH_GROUP)?.id])
    expect(groupNames(cloud)).not.toContain("muster-shared")
  })

  test("two processes that make the group at once: one group, one rule", async () => {
    const cloud = await anywhere()
    const asked: GroupRequest[] = [0, 1].map(() => ({ ...BARE, ...SSH }))
    const both = asked.map((group) => cloud.provider.prepare(OWNER, group, cloud.calls()))
    const [one, two] = await cloud.run(Promise.all(both))
    expect(two?.body.securityGroupIds).toEqual(one?.body.securityGroupIds)
    expect(groupNamed(cloud, SSH_GROUP)?.attributes.rules).toHaveLength(1)
  })

  test("the plan makes nothing and says what comes, and what it costs", async () => {
    const cloud = await anywhere()
    const { notes, toMake } = await prepareOf(cloud, { ...SSH, ...PEERS }, cloud.bare({ readOnly: true }))
    expect(notes.join()).toContain(`security group ${PEERS_GROUP}, ${SSH_GROUP} comes into vpc-`)
    expect(Object.keys(toMake ?? {}).join()).toContain(SSH_GROUP)
    expect(groupNames(cloud)).toEqual(["default"])
  })
})

const BARE: GroupRequest = {
  name: "default",
  environment: {},
  publicAddress: "auto",
  tags: {},
  archs: ["x86_64"],
}

describe("a group that is there", () => {
  const withRules = async (cloud: Cloud, rules: readonly object[], tags = { "muster-shared": "true" }) => {
    await prepareOf(cloud, SSH)
    const group = groupNamed(cloud, SSH_GROUP)
    if (group === undefined) throw new Error("it was not made")
    cloud.world.resources.put({ ...group, tags, attributes: { ...group.attributes, rules } } as never)
  }

  test("and lost its rule gets it again: its maker died between the two requests, or somebody took it away", async () => {
    const cloud = await anywhere()
    await withRules(cloud, [])
    const [worker] = await workers(cloud, SSH)
    expect(openFrom(cloud, worker as never, 22, [HERE, ...STRANGERS])).toEqual([HERE])
  })

  test("and was opened wider is refused before anything is launched", async () => {
    const cloud = await anywhere()
    const wide = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }
    await withRules(cloud, [wide])
    const message = /muster-shared-ssh-.*opened to more than its name says \(tcp 22 from 0\.0\.0\.0\/0\); remove these/
    await expect(prepareOf(cloud, SSH)).rejects.toThrow(message)
    await expect(prepareOf(cloud, SSH, cloud.bare({ readOnly: true }))).rejects.toThrow(message)
  })

  test("and is somebody else's is refused", async () => {
    const cloud = await anywhere()
    await withRules(cloud, [], {} as never)
    await expect(prepareOf(cloud, SSH)).rejects.toThrow(/lacks the tag muster-shared=true, so Muster has not made it/)
  })
})

describe("what is refused", () => {
  const problemsOf = async (aws: object, group: Partial<GroupRequest>): Promise<readonly string[]> => {
    const cloud = await anywhere(aws)
    const error = await prepareOf(cloud, group).then(
      () => expect.unreachable("it was taken"),
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof SpecError)) throw error
    expect(cloud.world.ledger.entries).toEqual([])
    return error.problems.map(({ option, message }) => `${option} ${message}`)
  }

  test("sshFrom of another range, and beside several; the same one is taken", async () => {
    const other = await problemsOf({ sshFrom: OFFICE }, SSH)
    expect(other).toEqual([
      expect.stringMatching(
        /^aws\.sshFrom is not the range of the cluster's access \(203\.0\.113\.7\/32\): keep access/,
      ),
    ])
    expect(await problemsOf({ sshFrom: OFFICE }, access(OFFICE, `${HERE}/32`))).toHaveLength(1)
    const cloud = await anywhere({ sshFrom: `${HERE}/32` })
    expect((await prepareOf(cloud, SSH)).body.securityGroupIds).toHaveLength(2)
  })

  test("a key pair, which is another key than the cluster's", async () => {
    expect(await problemsOf({ keyName: "ops" }, SSH)).toEqual([
      expect.stringMatching(/^aws\.keyName lets another key in.*access\.authorizedKeys/),
    ])
    expect((await prepareOf(await anywhere({ keyName: "ops" }), PEERS)).body.options).toEqual({ keyName: "ops" })
  })

  test("overrides that would replace the groups", async () => {
    const overrides = { SecurityGroupIds: ["sg-0def0000000000def"] }
    expect(await problemsOf({ overrides }, PEERS)).toEqual([
      expect.stringMatching(/^aws\.overrides\.SecurityGroupIds replaces the security groups/),
    ])
  })

  test("more ranges than an interface has groups; above the usual quota the plan says which is needed", async () => {
    const ranges = (count: number) => Array.from({ length: count }, (_, index) => `192.0.2.${index}/32`)
    expect(await problemsOf({}, access(...ranges(16)))).toEqual([
      expect.stringMatching(/^cluster\.access asks for 17 security groups a worker.*EC2 takes 16 at most: join ranges/),
    ])
    const cloud = await anywhere()
    const { notes } = await prepareOf(cloud, { ...access(...ranges(5)), ...PEERS })
    expect(notes.join()).toMatch(/each worker is in 6 security groups: launches are refused unless quota L-2AFB9258/)
    const launched = workers(cloud, { ...access(...ranges(5)), ...PEERS })
    await expect(launched).rejects.toThrow(/SecurityGroupsPerInstanceLimitExceeded.*fewer ranges in access\.from/)
    expect((await prepareOf(await anywhere(), access(...ranges(4)))).notes.join()).not.toContain("quota")
  })

  test.each(["DescribeSubnets", "DescribeSecurityGroups", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress"])(
    "a principal without %s: an error, and no launch that is open to less or to more",
    async (api) => {
      for (const group of [SSH, PEERS]) {
        const cloud = await anywhere()
        forbid(cloud, api)
        await expect(prepareOf(cloud, group)).rejects.toThrow(/is not allowed|allow this action/)
      }
    },
  )

  test("where the region has no room for another group", async () => {
    const cloud = await anywhere()
    const code = "SecurityGroupLimitExceeded"
    cloud.wire.answers.give({ api: "CreateSecurityGroup", place: "whole", code, message: "The maximum number." })
    await expect(prepareOf(cloud, PEERS)).rejects.toThrow(/making security group muster-peers-.*quota L-E79EC296/)
  })
})
