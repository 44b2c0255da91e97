/** `peers`: workers of one cluster reach each other, by a group of its own that goes with it. */
import { describe, expect, test } from "vitest"
import { aws } from "../../../providers/aws/index.js"
import { TransientError } from "../../../src/errors.js"
import { Cluster } from "../../../src/cluster.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { isLong, LONG } from "../../support/long.js"
import { type Cloud, ec2, optionsFor, OWNER, prepareOf } from "../support/cloud.js"
import { anywhere, forbid } from "../support/found.js"
import { groupNamed, groupNames, leftGroups, OTHER, PEERS, PEERS_GROUP, SSH, workers } from "./support.js"

const PORTS = [22, 80, 6379, 60_000]

const all = (cloud: Cloud, id: string, from: string | undefined) =>
  PORTS.filter((port) => cloud.wire.isOpen(id, port, from ?? ""))

test("workers reach each other on every port; nobody else reaches them, and they reach nobody else", async () => {
  const cloud = await anywhere()
  const [one, two] = await workers(cloud, PEERS, 2)
  const [other] = await workers(cloud, PEERS, 1, OTHER)
  const [neighbour] = await workers(cloud, {}, 1, { ...OTHER, cluster: "plain", uid: "aaaaaaaaaaaaaaaa" })
  if (one === undefined || two === undefined || other === undefined || neighbour === undefined)
    throw new Error("missing")
  expect([all(cloud, one.id, two.privateIp), all(cloud, two.id, one.privateIp)]).toEqual([PORTS, PORTS])
  for (const stranger of [other, neighbour]) {
    expect([all(cloud, one.id, stranger.privateIp), all(cloud, stranger.id, one.privateIp)]).toEqual([[], []])
  }
  for (const address of ["203.0.113.7", "172.31.200.1", "2001:db8::1"]) expect(all(cloud, one.id, address)).toEqual([])
})

test("the group has the cluster's tags from the first moment, and is its left-over, not a shared one", async () => {
  const cloud = await anywhere({ tags: { CostCentre: "7" } })
  await prepareOf(cloud, PEERS)
  const [creation] = cloud.world.ledger.of("CreateSecurityGroup")
  expect(JSON.stringify(creation?.parameters)).toContain(`"Key":"muster-uid","Value":"${OWNER.uid}"`)
  const group = groupNamed(cloud, PEERS_GROUP)
  expect(group?.tags).toMatchObject({ CostCentre: "7", "muster-cluster": "render", "muster-deadline": OWNER.deadline })
  const { cluster, uid, owner } = OWNER
  for (const selector of [{ owner }, { cluster, owner }, { cluster, uid, owner }]) {
    expect(await leftGroups(cloud, selector)).toMatchObject([{ id: group?.id, shared: false }])
  }
  expect(await leftGroups(cloud, { uid: OTHER.uid })).toEqual([])
})

test("its maker died between the two requests: the next launch gives the group its rule", async () => {
  const cloud = await anywhere()
  forbid(cloud, "AuthorizeSecurityGroupIngress")
  await expect(prepareOf(cloud, PEERS)).rejects.toThrow(/adding the rule of muster-peers-render-/)
  expect(groupNamed(cloud, PEERS_GROUP)?.attributes.rules).toEqual([])
  cloud.world.faults.clear()
  const [one, two] = await workers(cloud, PEERS, 2)
  expect(all(cloud, one?.id ?? "", two?.privateIp)).toEqual(PORTS)
})

test("in use it cannot go, which passes; what is gone already counts as removed", async () => {
  const cloud = await anywhere()
  const made = await workers(cloud, PEERS)
  const found = await leftGroups(cloud, { uid: OWNER.uid })
  const remove = () => cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve())
  await expect(remove()).rejects.toBeInstanceOf(TransientError)
  await expect(remove()).rejects.toThrow(/DependencyViolation.*instances that are ending give it free/)
  await cloud.run(cloud.provider.terminate(made, cloud.bare()))
  await cloud.run(cloud.clock.sleep(60_000))
  await remove()
  await remove()
  expect(groupNames(cloud)).toEqual(["default"])
})

/** Instances that take a while to shut down: so long EC2 keeps their groups. */
const SLOW = { latency: { requestMs: 20, createMs: 50, bootMs: 5_000, stopMs: 12_000 } } as const

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}): Cluster {
  const whole = { name: "render", provider: cloud.provider, instanceType: "m7i.large", peers: true, ...spec }
  return new Cluster(whole as ClusterSpec, { clock: cloud.clock, seed: 1, journal: false })
}

const slowCloud = () => ec2({ world: SLOW, aws: { subnetIds: undefined } })

test("a cluster comes and goes with its group: close waits until EC2 lets it go", async () => {
  const cloud = await slowCloud()
  const cluster = clusterOn(cloud)
  await cloud.run(cluster.scale(2))
  expect(groupNames(cloud)).toEqual(["default", expect.stringMatching(/^muster-peers-render-/)])
  const { leaked, leftovers } = await cloud.run(cluster.close())
  expect([leaked, leftovers]).toEqual([[], []])
  expect(groupNames(cloud)).toEqual(["default"])
  expect(cloud.world.resources.list({ kind: "launch-template" })).toEqual([])
  expect(cloud.world.ledger.of("DeleteSecurityGroup").length).toBeGreaterThan(1)
})

describe("left over by an owner that died", () => {
  const elsewhere = (cloud: Cloud) => ({ provider: aws(optionsFor(cloud.wire, { subnetIds: undefined })) })

  test("it is in audit, and sweep removes it once nothing uses it any more", async () => {
    const cloud = await slowCloud()
    const cluster = clusterOn(cloud)
    await cloud.run(cluster.scale(1))
    await cloud.run(cluster.detach())
    const clock = { clock: cloud.clock, seed: 2, journal: false } as const
    const again = new Cluster(
      { name: "render", ...elsewhere(cloud), existing: "connect", instanceType: "m7i.large" },
      clock,
    )
    const seen = await cloud.run(again.audit())
    expect(seen.map(({ kind }) => kind)).toContain("security-group")
    const rows = await cloud.run(Cluster.sweep({ ...elsewhere(cloud), name: "render" }, clock))
    expect(rows.filter(({ removed }) => !removed)).toEqual([])
    expect(rows.map(({ kind }) => kind)).toContain("security-group")
    expect(groupNames(cloud)).toEqual(["default"])
  })

  test.skipIf(!isLong)(`another process that attaches sees it by its workers, and closes it (${LONG})`, async () => {
    const cloud = await slowCloud()
    const cluster = clusterOn(cloud)
    await cloud.run(cluster.scale(1))
    await cloud.run(cluster.detach())
    const clock = { clock: cloud.clock, seed: 2, journal: false } as const
    const attached = await cloud.run(Cluster.attach("render", elsewhere(cloud), clock))
    await cloud.run(attached.close())
    expect(groupNames(cloud)).toEqual(["default"])
  })

  test.skipIf(!isLong)(
    `a rule of the user's keeps it: sweep tries until its timeout, and says so (${LONG})`,
    async () => {
      const cloud = await slowCloud()
      await prepareOf(cloud, PEERS)
      const source = { Groups: [{ GroupId: groupNamed(cloud, PEERS_GROUP)?.id ?? "" }] }
      const rules = [{ IpProtocol: "tcp", FromPort: 80, ToPort: 80, ...source }]
      const attributes = { vpc: "vpc-0def0000000000def", name: "theirs", rules }
      cloud.world.resources.add({ kind: "security-group", id: "sg-0abcabcabcabcabca", tags: {}, attributes })
      const asked = { ...elsewhere(cloud), name: "render" } as const
      const rows = await cloud.run(Cluster.sweep(asked, { clock: cloud.clock }))
      const left = rows.filter(({ removed }) => !removed)
      expect(left).toMatchObject([{ kind: "security-group", hindrance: "refused" }])
      expect(left[0]?.problem).toMatch(/something still uses it/)
      cloud.world.resources.delete("security-group", "sg-0abcabcabcabcabca")
      const again = await cloud.run(Cluster.sweep(asked, { clock: cloud.clock }))
      expect(again).toMatchObject([{ kind: "security-group", removed: true }])
    },
  )
})

test("without peers and access nothing of it is asked at the end", async () => {
  const cloud = await anywhere()
  await prepareOf(cloud)
  const before = cloud.world.ledger.count("DescribeSecurityGroups")
  const { cluster, uid, owner } = OWNER
  expect(await leftGroups(cloud, { cluster, uid, owner })).toEqual([])
  expect(cloud.world.ledger.count("DescribeSecurityGroups")).toBe(before)
  await prepareOf(cloud, { ...PEERS, ...SSH })
  expect(await leftGroups(cloud, { cluster, uid, owner })).toHaveLength(1)
})
