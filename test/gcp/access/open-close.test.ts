/** A cluster that lives: its ssh is opened, looked at and closed; what peers open and close; and what guests tell of their host keys. */
import { describe, expect, test } from "vitest"
import { PROJECT, publishHostKeys, putRule } from "../../../providers/gcp/wire/index.js"
import { gcp } from "../../../providers/gcp/index.js"
import { Cluster } from "../../../src/cluster.js"
import { TAG } from "../../../src/fleet/tags.js"
import { AuthError } from "../../../src/errors.js"
import { type Cloud, gce, optionsFor, OWNER, prepareOf, TYPE } from "../support/cloud.js"
import {
  ACCESS,
  accessFrom,
  asked,
  comers,
  controlOf,
  ELSEWHERE,
  HERE,
  launch,
  NEIGHBOUR,
  removeLeft,
  rulesIn,
} from "./scene.js"

/** What the default network lets in to port 22. */
const BY_DEFAULT = [
  { rule: "default-allow-internal", from: ["10.128.0.0/9"] },
  { rule: "default-allow-ssh", from: ["0.0.0.0/0"] },
]

const tagsOf = ({ world }: Cloud) => world.ledger.of("instances.setTags").map(({ parameters }) => parameters)

describe("a cluster that was made without access", () => {
  test("is opened: rules first, then the tag; what is open is named; and closed, it is as it was", async () => {
    const cloud = await gce()
    const instances = await launch(cloud, 2, {})
    const [first] = instances
    const control = controlOf(cloud)
    const openings = () => cloud.run(control.openings(OWNER, instances, cloud.bare()))
    expect(await openings()).toEqual(BY_DEFAULT)

    const before = cloud.world.ledger.count()
    const open = await cloud.run(control.open(OWNER, ACCESS, instances, cloud.bare()))
    expect(open).toEqual([{ rule: expect.stringMatching(/^muster-render-[0-9a-f]{12}-ssh$/), from: [`${HERE}/32`] }])
    expect(comers(cloud, first, 22, [HERE, ELSEWHERE, NEIGHBOUR, instances[1]?.privateIp ?? ""])).toEqual([
      HERE,
      instances[1]?.privateIp,
    ])
    const order = asked(cloud, /insert|setTags/, before)
    expect(order).toEqual([...Array(3).fill("firewalls.insert"), ...Array(2).fill("instances.setTags")])

    // Once more, beside what is open: the tags are there.
    const more = cloud.world.ledger.count()
    const [wider] = await cloud.run(control.open(OWNER, accessFrom(`${ELSEWHERE}/32`), instances, cloud.bare()))
    expect(wider?.from).toEqual([`${HERE}/32`, `${ELSEWHERE}/32`])
    expect(asked(cloud, /insert|patch|setTags/, more)).toEqual(["firewalls.patch"])

    const closing = cloud.world.ledger.count()
    await cloud.run(control.close(OWNER, instances, cloud.bare()))
    expect(rulesIn(cloud)).toEqual([])
    expect(await openings()).toEqual(BY_DEFAULT)
    const ends = cloud.world.ledger
      .of("firewalls.delete")
      .map(({ parameters }) => String((parameters as { firewall?: string }).firewall))
    expect(ends.map((name) => /-deny$/.test(name))).toEqual([false, false, true])
    expect(asked(cloud, /delete|setTags/, closing).at(-1)).toBe("firewalls.delete")

    // Within the hour in which Compute Engine knows the requests of the first time.
    await cloud.run(control.open(OWNER, ACCESS, instances, cloud.bare()))
    expect(comers(cloud, first, 22, [HERE, ELSEWHERE])).toEqual([HERE])
    await cloud.run(control.close(OWNER, instances, cloud.bare()))
    await cloud.run(control.close(OWNER, instances, cloud.bare()))
    expect(rulesIn(cloud)).toEqual([])
  })

  test("tags that somebody else changes at the same time stay; an instance that is gone is left out", async () => {
    const cloud = await gce({ gcp: { overrides: { tags: { items: ["web"] } } } })
    const [first, second, ...others] = await launch(cloud, 2, {})
    const message = "Supplied fingerprint does not match current tags fingerprint."
    const answer = { api: "instances.setTags", place: "whole", code: "conditionNotMet", status: 412, message } as const
    cloud.wire.answers.give({ ...answer, times: 1 })
    await cloud.run(cloud.provider.terminate([second as typeof first], cloud.bare()))
    await cloud.run(cloud.clock.sleep(30_000))
    await cloud.run(controlOf(cloud).open(OWNER, ACCESS, [first, second as typeof first, ...others], cloud.bare()))
    expect(tagsOf(cloud).at(-1)).toMatchObject({ body: { items: ["web", expect.stringMatching(/-ssh$/)] } })
    expect(asked(cloud, /setTags|instances\.get$/)).toEqual([
      ...["instances.get", "instances.setTags", "instances.get", "instances.setTags"],
    ])
    await cloud.run(controlOf(cloud).close(OWNER, [first], cloud.bare()))
    expect(tagsOf(cloud).at(-1)).toMatchObject({ body: { items: ["web"] } })
  })

  test("by another process: its owner, which has never asked for access, sees it and removes the rules at its end", async () => {
    const cloud = await gce()
    const { clock, provider } = cloud
    const spec = { name: "render", provider, instanceType: TYPE, startup: "echo hello" } as const
    const cluster = new Cluster(spec, { clock, seed: 1, journal: false })
    await cloud.run(cluster.scale(2))
    expect(asked(cloud, /firewalls/)).toEqual([])
    const other = gcp(optionsFor(cloud.wire))
    const instances = await cloud.run(other.list({ cluster: "render" }, cloud.bare()))
    const owner = { ...OWNER, uid: instances[0]?.tags[TAG.uid] ?? "" }
    await cloud.run(other.access?.open(owner, ACCESS, instances, cloud.bare()) ?? Promise.resolve([]))
    expect(rulesIn(cloud)).toHaveLength(3)
    await cloud.run(clock.sleep(60_000))
    expect((await cloud.run(cluster.close())).leaked).toEqual([])
    expect(rulesIn(cloud)).toEqual([])
  })

  test("without instances nothing is opened", async () => {
    const cloud = await gce()
    expect(await cloud.run(controlOf(cloud).open(OWNER, ACCESS, [], cloud.bare()))).toEqual([])
    expect(asked(cloud, /./)).toEqual([])
  })

  test("without the right to set tags: said by its name", async () => {
    const rights = [
      "firewalls.list",
      "firewalls.create",
      "firewalls.get",
      "networks.updatePolicy",
      "globalOperations.get",
    ]
    const launching = [
      "instances.create",
      "instances.setLabels",
      "instances.setMetadata",
      "instances.list",
      "disks.create",
    ]
    const more = [
      "disks.setLabels",
      "instances.get",
      "subnetworks.use",
      "subnetworks.useExternalIp",
      "zoneOperations.get",
      "regions.get",
    ]
    const all = [...rights, ...launching, ...more, "machineTypes.list"].map((one) => `compute.${one}`)
    const cloud = await gce({ wire: { permissions: all } })
    const instances = await launch(cloud, 1, {})
    const opened = cloud.run(controlOf(cloud).open(OWNER, ACCESS, instances, cloud.bare()))
    await expect(opened).rejects.toThrow(/Required 'compute.instances.setTags' permission/)
    await expect(cloud.run(controlOf(cloud).open(OWNER, ACCESS, instances, cloud.bare()))).rejects.toThrow(AuthError)
  })
})

describe("what is open", () => {
  test.each([
    [{ priority: 400, sourceRanges: ["198.51.100.0/24"], allowed: [{ IPProtocol: "tcp", ports: ["20-30"] }] }, true],
    [{ priority: 400, sourceTags: ["bastion"], allowed: [{ IPProtocol: "all" }] }, true],
    [{ priority: 600, allowed: [{ IPProtocol: "tcp", ports: ["22"] }] }, false],
    [{ priority: 400, disabled: true, allowed: [{ IPProtocol: "tcp", ports: ["22"] }] }, false],
    [{ priority: 400, targetTags: ["web"], allowed: [{ IPProtocol: "tcp", ports: ["22"] }] }, false],
    [{ priority: 400, allowed: [{ IPProtocol: "udp", ports: ["22"] }] }, false],
  ])("%j of a user's: named: %s", async (rule, isNamed) => {
    const cloud = await gce()
    const instances = await launch(cloud, 1, { access: ACCESS })
    putRule(cloud.world, PROJECT, { name: "theirs", ...rule })
    const openings = await cloud.run(controlOf(cloud).openings(OWNER, instances, cloud.bare()))
    expect(openings.map(({ rule: name }) => name).includes("theirs")).toBe(isNamed)
    expect(openings.map(({ from }) => from)).toContainEqual([`${HERE}/32`])
  })
})

describe("peers", () => {
  test("every port is open to those that have it, and to nobody else; ssh comes in as access says", async () => {
    const cloud = await gce()
    putRule(cloud.world, PROJECT, { name: "internal", sourceRanges: ["10.0.0.0/8"], allowed: [{ IPProtocol: "all" }] })
    const [head, worker] = await launch(cloud, 2, { name: "engine", peers: true, access: ACCESS })
    const [other] = await launch(cloud, 1, { name: "other" })
    const all = [worker?.privateIp ?? "", other.privateIp ?? "", NEIGHBOUR, HERE, ELSEWHERE]
    expect(comers(cloud, head, 8786, all)).toEqual([worker?.privateIp])
    expect(comers(cloud, head, 22, all)).toEqual([worker?.privateIp, HERE])
    // A group without it is as it was.
    expect(comers(cloud, other, 8786, all)).toEqual(all.slice(0, 3))
    expect(rulesIn(cloud)).toEqual(["peers", "peers-deny", "ssh", "ssh-deny", "ssh-own"])
    const { notes } = await prepareOf(cloud, { peers: true }, cloud.bare({ readOnly: true }))
    expect(notes.join()).toMatch(/peers closes every port of its workers to all others/)
  })

  test("ssh that is closed leaves peers as they are; all goes with the cluster", async () => {
    const cloud = await gce()
    const instances = await launch(cloud, 2, { peers: true, access: ACCESS })
    const [head, worker] = instances
    await cloud.run(controlOf(cloud).close(OWNER, instances, cloud.bare()))
    expect(rulesIn(cloud)).toEqual(["peers", "peers-deny"])
    expect(comers(cloud, head, 22, [worker?.privateIp ?? "", HERE, ELSEWHERE])).toEqual([worker?.privateIp])
    expect(await removeLeft(cloud, OWNER.uid)).toHaveLength(2)
    expect(rulesIn(cloud)).toEqual([])
  })
})

describe("host keys", () => {
  const read = (cloud: Cloud, instance: Parameters<typeof comers>[1]) =>
    cloud.run(cloud.provider.hostKeys?.(instance, cloud.bare()) ?? Promise.resolve(undefined))

  test("are those that the guest agent has written; before it has written all, there are none", async () => {
    const cloud = await gce()
    const [instance] = await launch(cloud, 1, { access: ACCESS })
    expect(await read(cloud, instance)).toEqual([])
    publishHostKeys(cloud.world, instance.id, { "ecdsa-sha2-nistp256": "AAAAE2Vj" })
    expect(await read(cloud, instance)).toEqual([])
    publishHostKeys(cloud.world, instance.id, { "ssh-ed25519": "AAAAC3Nz" })
    expect(await read(cloud, instance)).toEqual(["AAAAE2Vj", "AAAAC3Nz"])
    publishHostKeys(cloud.world, instance.id, { "ssh-rsa": "two words" })
    expect(await read(cloud, instance)).toEqual(["AAAAE2Vj", "AAAAC3Nz"])
  })

  test("are nowhere where nobody has asked for access", async () => {
    const cloud = await gce()
    const [instance] = await launch(cloud, 1, {})
    publishHostKeys(cloud.world, instance.id, { "ssh-ed25519": "AAAAC3Nz" })
    expect(await read(cloud, instance)).toEqual([])
  })
})
