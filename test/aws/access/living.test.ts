/** `AccessControl`: port 22 of workers that live already is opened, shown and closed. */
import { describe, expect, test } from "vitest"
import { aws } from "../../../providers/aws/index.js"
import { interfaceIdOf } from "../../../providers/aws/wire/world/interfaces.js"
import { AuthError, TransientError } from "../../../src/errors.js"
import type { AccessControl, AccessRequest, Calls, Instance, Provider } from "../../../src/provider.js"
import { isLong, LONG } from "../../support/long.js"
import { type Cloud, ec2, launchMany, optionsFor, OWNER } from "../support/cloud.js"
import { anywhere, forbid } from "../support/found.js"
import { documentedPolicies } from "../support/policy.js"
import { access, groupNamed, groupNames, HERE, OFFICE, openFrom, OTHER, SSH_GROUP, workers } from "./support.js"

const OFFICE_GROUP = "muster-shared-ssh-198-51-100-0-24"
const ADDRESSES = [HERE, "198.51.100.1", "203.0.113.8", "2001:db8::1"]

function control({ provider }: Cloud): AccessControl {
  if (provider.access === undefined) throw new Error("EC2 has no access")
  return provider.access
}

const ranges = (...from: readonly string[]) => access(...from).access as AccessRequest

const open = (cloud: Cloud, from: readonly string[], instances: readonly Instance[], calls: Calls = cloud.bare()) =>
  cloud.run(control(cloud).open(OWNER, ranges(...from), instances, calls))
const close = (cloud: Cloud, instances: readonly Instance[], calls: Calls = cloud.bare()) =>
  cloud.run(control(cloud).close(OWNER, instances, calls))
const openings = (cloud: Cloud, instances: readonly Instance[]) =>
  cloud.run(control(cloud).openings(OWNER, instances, cloud.bare()))

const one = (instances: readonly Instance[]): Instance => {
  const [first] = instances
  if (first === undefined) throw new Error("nothing was launched")
  return first
}

const changes = (cloud: Cloud) => cloud.world.ledger.count("ModifyNetworkInterfaceAttribute")

test("is opened to exactly the range, shown, opened to another beside it, and closed", async () => {
  const cloud = await anywhere()
  const made = await workers(cloud, {}, 2)
  const worker = one(made)
  expect([await openings(cloud, made), openFrom(cloud, worker, 22, ADDRESSES)]).toEqual([[], []])
  const opened = await open(cloud, [`${HERE}/32`], made)
  expect(opened).toEqual([{ rule: groupNamed(cloud, SSH_GROUP)?.id, from: [`${HERE}/32`] }])
  for (const each of made) expect(openFrom(cloud, each, 22, ADDRESSES)).toEqual([HERE])
  expect(await open(cloud, ["198.51.100.9/24"], [worker])).toHaveLength(2)
  expect(openFrom(cloud, worker, 22, ADDRESSES)).toEqual([HERE, "198.51.100.1"])
  expect((await openings(cloud, made)).flatMap(({ from }) => from).sort()).toEqual([OFFICE, `${HERE}/32`])
  const before = changes(cloud)
  await open(cloud, [`${HERE}/32`], made)
  expect(changes(cloud)).toBe(before)
  await close(cloud, made)
  for (const each of made) expect(openFrom(cloud, each, 22, ADDRESSES)).toEqual([])
  expect([await openings(cloud, made), groupNames(cloud)]).toEqual([
    [],
    ["default", "muster-shared", OFFICE_GROUP, SSH_GROUP],
  ])
  // They are in the shared group still.
  expect(cloud.wire.isOpen(worker.id, 80, made[1]?.privateIp ?? "")).toBe(true)
  await close(cloud, made)
  expect(changes(cloud)).toBe(before + 2)
})

describe("what the user has set up", () => {
  const theirs = "sg-0abcabcabcabcabca"
  const withTheirs = async () => {
    const cloud = await ec2({ aws: { securityGroupIds: [theirs], subnetIds: undefined } })
    const rules = [
      { IpProtocol: "tcp", FromPort: 20, ToPort: 25, IpRanges: [{ CidrIp: "192.0.2.0/24" }] },
      { IpProtocol: "udp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "198.51.100.0/24" }] },
      { IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
    ]
    // A group of the user's, whose name is like ours.
    const attributes = { vpc: "vpc-0def0000000000def", name: "muster-shared-ssh-office", rules }
    cloud.world.resources.add({ kind: "security-group", id: theirs, tags: {}, attributes })
    return cloud
  }

  test("is shown, and stays when access is closed", async () => {
    const cloud = await withTheirs()
    const made = await workers(cloud, {})
    expect(await openings(cloud, made)).toEqual([{ rule: theirs, from: ["192.0.2.0/24"] }])
    await open(cloud, [`${HERE}/32`], made)
    await close(cloud, made)
    expect(await openings(cloud, made)).toEqual([{ rule: theirs, from: ["192.0.2.0/24"] }])
    expect(openFrom(cloud, one(made), 22, [...ADDRESSES, "192.0.2.1"])).toEqual(["192.0.2.1"])
  })

  test("of several interfaces the primary one is opened, and all are closed", async () => {
    const cloud = await withTheirs()
    const nic = (DeviceIndex: number, Groups: readonly string[]) => ({ DeviceIndex, Groups, DeleteOnTermination: true })
    const overrides = { NetworkInterfaces: [nic(0, [theirs]), nic(1, [theirs])] }
    const wired = await ec2({ aws: { overrides, subnetIds: undefined } })
    wired.world.resources.add(cloud.world.resources.get("security-group", theirs) as never)
    const made = await workers(wired, {})
    await open(wired, [`${HERE}/32`], made)
    const groupsOf = (index: number) =>
      wired.world.resources.get("interface-groups", interfaceIdOf(one(made).id, index))?.attributes.groups
    const range = groupNamed(wired, SSH_GROUP)?.id
    expect([groupsOf(0), groupsOf(1)]).toEqual([[theirs, range], undefined])
    const second = { kind: "interface-groups", id: interfaceIdOf(one(made).id, 1), tags: {} }
    wired.world.resources.put({ ...second, attributes: { groups: [theirs, range] } } as never)
    await close(wired, made)
    expect([groupsOf(0), groupsOf(1)]).toEqual([[theirs], [theirs]])
  })
})

test("other clusters' instances, and what has ended, are left alone whatever is asked", async () => {
  const cloud = await anywhere()
  const ours = await workers(cloud, {})
  const others = await workers(cloud, {}, 1, OTHER)
  const ended = await workers(cloud, {})
  await cloud.run(cloud.provider.terminate(ended, cloud.bare()))
  await open(cloud, [`${HERE}/32`], [...ours, ...others, ...ended])
  expect(changes(cloud)).toBe(1)
  expect(openFrom(cloud, one(others), 22, ADDRESSES)).toEqual([])
})

describe("trouble", () => {
  test("a worker so new that EC2 does not show it yet is not passed over", async () => {
    const cloud = await ec2({ world: { listLagMs: 30_000 } })
    const made = await launchMany(cloud, 1)
    await expect(open(cloud, [`${HERE}/32`], made)).rejects.toBeInstanceOf(TransientError)
    await expect(close(cloud, made)).rejects.toThrow(/EC2 does not show i-\w+ yet; try again/)
  })

  test("a group so new that EC2 does not know it everywhere yet is asked for again", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    const made = await workers(cloud, {})
    cloud.world.faults.fail("ModifyNetworkInterfaceAttribute", { error: "rejected", code: "InvalidGroup.NotFound" })
    await open(cloud, [`${HERE}/32`], made, cloud.calls())
    expect(openFrom(cloud, one(made), 22, ADDRESSES)).toEqual([HERE])
  })

  test("a worker that ends in the middle is no error", async () => {
    const cloud = await anywhere()
    const made = await workers(cloud, {}, 2)
    const code = "InvalidNetworkInterfaceID.NotFound"
    cloud.world.faults.fail("ModifyNetworkInterfaceAttribute", { error: "rejected", code, times: 1 })
    await open(cloud, [`${HERE}/32`], made)
    expect(made.filter((each) => openFrom(cloud, each, 22, [HERE]).length > 0)).toHaveLength(1)
  })

  test("one that is in no other group cannot be closed: nothing is changed, and it is named", async () => {
    const cloud = await anywhere()
    const made = await workers(cloud, {})
    await open(cloud, [`${HERE}/32`], made)
    const id = interfaceIdOf(one(made).id)
    const groups = [groupNamed(cloud, SSH_GROUP)?.id]
    cloud.world.resources.put({ kind: "interface-groups", id, tags: {}, attributes: { groups } } as never)
    await expect(close(cloud, made)).rejects.toThrow(/its interface eni-\w+ is in no security group but those/)
  })

  test("more groups than the quota: EC2 refuses, with what to do", async () => {
    const cloud = await anywhere()
    const made = await workers(cloud, {})
    const many = Array.from({ length: 5 }, (_, index) => `192.0.2.${index}/32`)
    const message = /changing the security groups of i-\w+.*fewer ranges in access\.from.*quota L-2AFB9258/
    await expect(open(cloud, many, made)).rejects.toThrow(message)
  })

  test("without the right: an error, and the group is not joined", async () => {
    const cloud = await anywhere()
    const made = await workers(cloud, {})
    forbid(cloud, "ModifyNetworkInterfaceAttribute")
    await expect(open(cloud, [`${HERE}/32`], made)).rejects.toBeInstanceOf(AuthError)
    expect(openFrom(cloud, one(made), 22, ADDRESSES)).toEqual([])
  })

  test.skipIf(!isLong)(`more workers than the limits take at once: paced, and none is refused (${LONG})`, async () => {
    const cloud = await anywhere()
    const made = await workers(cloud, {}, 80)
    const start = cloud.clock.now()
    await open(cloud, [`${HERE}/32`], made, cloud.calls())
    expect(changes(cloud)).toBe(80)
    expect(cloud.world.ledger.entries.filter(({ outcome }) => outcome === "Throttled")).toEqual([])
    // 50 at once and 5 a second; each twenty are read just before; and the last look is 2 s after the one before it.
    expect(Math.round((cloud.clock.now() - start) / 1000)).toBe(9)
  })
})

/** EC2 replaces all groups of an interface, and refuses no request that was made by an older reading. */
describe("two processes that open at the same moment", () => {
  const THERE = "198.51.100.1"
  const CHANGE = "ModifyNetworkInterfaceAttribute"

  /** Another process's provider, on the same wire. */
  const another = ({ wire }: Cloud): Provider => aws(optionsFor(wire, { subnetIds: undefined }))

  interface Held {
    readonly calls: Calls
    /** Resolves when a change is about to be sent. */
    readonly begun: Promise<void>
    readonly send: () => void
  }

  /** Calls whose first changes wait: what they say was read before, and others go on meanwhile. */
  function held(cloud: Cloud, count = 1): Held {
    const calls = cloud.bare()
    let begin = () => {}
    let send = () => {}
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const free = new Promise<void>((resolve) => (send = resolve))
    let left = count
    const own: Calls["send"] = async (api, cost, fn) => {
      if (api === CHANGE && left > 0) {
        left -= 1
        begin()
        await free
      }
      return calls.send(api, cost, fn)
    }
    return { calls: { ...calls, send: own }, begun, send }
  }

  function openAt(provider: Provider, from: string, instances: readonly Instance[], calls: Calls) {
    const asked = access(`${from}/32`).access
    if (provider.access === undefined || asked === undefined) throw new Error("EC2 has no access")
    return provider.access.open(OWNER, asked, instances, calls)
  }

  const reached = (cloud: Cloud, instances: readonly Instance[]) =>
    instances.map((instance) => openFrom(cloud, instance, 22, [HERE, THERE]))

  test("both have read, and one writes after the other: both ranges are there in the end", async () => {
    const cloud = await anywhere()
    const made = await workers(cloud, {}, 2)
    const [one, two] = [held(cloud, 2), held(cloud, 2)]
    const both = [openAt(cloud.provider, HERE, made, one.calls), openAt(another(cloud), THERE, made, two.calls)]
    const interleaved = Promise.all([one.begun, two.begun]).then(async () => {
      one.send()
      await cloud.clock.sleep(500)
      two.send()
    })
    await cloud.run(Promise.all([...both, interleaved]))
    expect(reached(cloud, made)).toEqual(made.map(() => [HERE, THERE]))
  })

  test("a change that was read before, and arrives when the other has looked already, is seen by its second look", async () => {
    const cloud = await anywhere()
    const made = await workers(cloud, {})
    const late = held(cloud)
    const opening = openAt(another(cloud), THERE, made, late.calls)
    const other = late.begun.then(() => openAt(cloud.provider, HERE, made, cloud.bare()))
    const wrote = late.begun.then(async () => {
      await cloud.clock.sleep(1500)
      expect(reached(cloud, made)).toEqual([[HERE]])
      late.send()
    })
    await cloud.run(Promise.all([opening, other, wrote]))
    expect(reached(cloud, made)).toEqual([[HERE, THERE]])
  })

  test("who opens what is open already looks once", async () => {
    const cloud = await anywhere()
    const made = await workers(cloud, {})
    await cloud.run(openAt(cloud.provider, HERE, made, cloud.bare()))
    const from = cloud.clock.now()
    await cloud.run(openAt(another(cloud), HERE, made, cloud.bare()))
    expect(cloud.clock.now() - from).toBeLessThan(1000)
  })

  test("somebody who takes it away again and again is told of, after some tries", async () => {
    const cloud = await anywhere()
    const made = await workers(cloud, {})
    const calls = cloud.bare()
    const undone: Calls["send"] = async (api, cost, fn) => {
      const answer = await calls.send(api, cost, fn)
      if (api === CHANGE)
        cloud.world.resources
          .list({ kind: "interface-groups" })
          .map(({ kind, id }) => cloud.world.resources.delete(kind, id))
      return answer
    }
    const opening = cloud.run(openAt(cloud.provider, HERE, made, { ...calls, send: undone }))
    await expect(opening).rejects.toThrow(TransientError)
    await expect(opening).rejects.toThrow(/somebody else changes the security groups of i-\w+/)
    expect(cloud.world.ledger.count(CHANGE)).toBe(10)
  })
})

describe("the documented policies", async () => {
  const [least = [], more = [], third = []] = await documentedPolicies()

  test("the third lets a living worker be opened and closed, and nobody else's; without it neither", async () => {
    const cloud = await ec2({ wire: { policy: [...least, ...more, ...third] }, aws: { subnetIds: undefined } })
    const made = await workers(cloud, {})
    await open(cloud, [`${HERE}/32`], made)
    expect(openFrom(cloud, one(made), 22, ADDRESSES)).toEqual([HERE])
    await close(cloud, made)
    const without = await ec2({ wire: { policy: [...least, ...more] }, aws: { subnetIds: undefined } })
    const others = await workers(without, {})
    await expect(open(without, [`${HERE}/32`], others)).rejects.toThrow(/ec2:ModifyNetworkInterfaceAttribute/)
  })

  test("of the third both statements are needed", async () => {
    for (const part of third) {
      const cloud = await ec2({ wire: { policy: [...least, ...more, part] }, aws: { subnetIds: undefined } })
      const made = await workers(cloud, {})
      await expect(open(cloud, [`${HERE}/32`], made)).rejects.toThrow(/ec2:ModifyNetworkInterfaceAttribute/)
    }
  })
})
