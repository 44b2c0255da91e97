/** `access` on Compute Engine: whom the firewall lets in, whose the rules are, and that they go. */
import { describe, expect, test } from "vitest"
import { gcp } from "../../../providers/gcp/index.js"
import { PROJECT, putRule } from "../../../providers/gcp/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import { AuthError, RejectedError, SpecError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls } from "../../../src/provider.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { type Cloud, gce, GROUP, optionsFor, OWNER, prepareOf, TYPE, ZONE } from "../support/cloud.js"
import { ACCESS, accessFrom, asked, comers, ELSEWHERE, HERE, launch, NEIGHBOUR, removeLeft, rulesIn } from "./scene.js"

const ALL_RULES = ["ssh", "ssh-deny", "ssh-own"]

const bodiesOf = ({ world }: Cloud, api: string) =>
  world.ledger
    .of(api)
    .map(({ parameters }) => (parameters as { readonly body: Readonly<Record<string, unknown>> }).body)

test("without it nothing is asked of the firewall, and what is launched is what it was", async () => {
  const cloud = await gce()
  const [instance] = await launch(cloud, 1, {})
  expect(asked(cloud, /firewalls|setTags|global/)).toEqual([])
  expect(JSON.stringify(bodiesOf(cloud, "instances.bulkInsert"))).not.toMatch(/"tags"|guest-attributes/)
  // The default network lets everybody in to port 22: that is why access keeps all others out.
  expect(comers(cloud, instance, 22, [HERE, ELSEWHERE])).toEqual([HERE, ELSEWHERE])
})

test("the range comes in, and the cluster's other workers, and nobody else; what closes is made first, and all before the launch", async () => {
  const cloud = await gce()
  putRule(cloud.world, PROJECT, { name: "wide", allowed: [{ IPProtocol: "tcp", ports: ["20-25"] }] })
  const [first, second] = await launch(cloud, 2, { access: ACCESS })
  const own = second?.privateIp ?? ""
  const all = [HERE, "192.0.2.8", ELSEWHERE, NEIGHBOUR, own]
  expect(comers(cloud, first, 22, all)).toEqual([HERE, own])
  // Other ports are as the network has them.
  expect(comers(cloud, first, 8786, all)).toEqual([NEIGHBOUR])
  expect(asked(cloud, /firewalls|global|bulkInsert/)).toEqual([
    ...["firewalls.list", "firewalls.insert", "globalOperations.wait"],
    ...["firewalls.insert", "firewalls.insert", "globalOperations.wait", "globalOperations.wait"],
    "instances.bulkInsert",
  ])
  const [denial] = bodiesOf(cloud, "firewalls.insert")
  expect(denial).toMatchObject({ denied: [{ IPProtocol: "tcp", ports: ["22"] }], sourceRanges: ["0.0.0.0/0"] })
  // An instance without the tag is as it was.
  const [other] = await launch(cloud, 1, { name: "other" })
  expect(comers(cloud, other, 22, [ELSEWHERE])).toEqual([ELSEWHERE])
})

test("a later launch from elsewhere adds its range; one of the same changes nothing", async () => {
  const cloud = await gce()
  const [first] = await launch(cloud, 1, { access: ACCESS })
  const since = cloud.world.ledger.count()
  await prepareOf(cloud, { access: ACCESS })
  expect(asked(cloud, /firewalls/, since)).toEqual(["firewalls.list"])
  await prepareOf(cloud, { access: accessFrom("198.51.100.99/24") })
  expect(asked(cloud, /firewalls/, since)).toEqual([
    "firewalls.list",
    "firewalls.list",
    "firewalls.patch",
    "firewalls.get",
  ])
  expect(bodiesOf(cloud, "firewalls.patch")).toEqual([{ sourceRanges: [`${HERE}/32`, "198.51.100.0/24"] }])
  expect(comers(cloud, first, 22, [HERE, ELSEWHERE, "198.51.101.1"])).toEqual([HERE, ELSEWHERE])
})

test("a later owner writes its generation and its deadline, and puts right what somebody has changed", async () => {
  const cloud = await gce()
  await prepareOf(cloud, { access: ACCESS })
  const [deny] = cloud.world.resources.list({ kind: "firewall" }).filter(({ id }) => id.endsWith("ssh-deny"))
  const rule = deny?.attributes.rule as Readonly<Record<string, string>>
  putRule(cloud.world, PROJECT, { ...rule, disabled: true, priority: 60_000 })
  const owner = { ...OWNER, generation: 2, deadline: "1767400000", holder: "host-1-2" }
  await prepareOf(cloud, { access: ACCESS }, cloud.bare(), owner)
  const [first] = bodiesOf(cloud, "firewalls.patch")
  expect(first).toMatchObject({ disabled: false, priority: 510 })
  const left = await cloud.run(cloud.provider.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))
  expect(left.map(({ tags }) => [tags[TAG.generation], tags[TAG.deadline], tags[TAG.holder]])).toEqual(
    ALL_RULES.map(() => ["2", "1767400000", "host-1-2"]),
  )
  // An earlier generation changes nothing back.
  const since = cloud.world.ledger.count()
  await prepareOf(cloud, { access: ACCESS })
  expect(asked(cloud, /firewalls/, since)).toEqual(["firewalls.list"])
})

describe("trouble", () => {
  test("two processes at once make one set of rules", async () => {
    const cloud = await gce()
    const made = [cloud.provider, gcp(optionsFor(cloud.wire))].map((provider, nth) => {
      const access = accessFrom(`192.0.2.${7 + 2 * nth}/32`)
      return provider.prepare(OWNER, { ...GROUP, access }, cloud.bare())
    })
    await cloud.run(Promise.all(made))
    expect(rulesIn(cloud)).toEqual(ALL_RULES)
    const [instance] = await launch(cloud, 1, { access: ACCESS })
    expect(comers(cloud, instance, 22, [HERE, "192.0.2.9", ELSEWHERE])).toEqual([HERE, "192.0.2.9"])
  })

  test("groups that are prepared at once make them once", async () => {
    const cloud = await gce()
    const prepare = (name: string) => cloud.provider.prepare(OWNER, { ...GROUP, name, access: ACCESS }, cloud.bare())
    await cloud.run(Promise.all(["a", "b", "c"].map(prepare)))
    expect(asked(cloud, /firewalls\.(insert|list)/)).toEqual([
      ...["firewalls.list", "firewalls.insert", "firewalls.insert", "firewalls.insert"],
      ...["firewalls.list", "firewalls.list"],
    ])
  })

  test("a lost answer, and a process that ends between the rules: nobody else is let in, and the next one goes on", async () => {
    const cloud = await gce()
    cloud.world.faults.loseReply("firewalls.insert")
    const calls = cloud.calls()
    let inserts = 0
    const dying: Calls = {
      ...calls,
      send: (api, cost, fn) => {
        if (api === "firewalls.insert") inserts += 1
        return inserts > 1 ? Promise.reject(new Error("killed")) : calls.send(api, cost, fn)
      },
    }
    await expect(prepareOf(cloud, { access: ACCESS }, dying)).rejects.toThrow("killed")
    expect(rulesIn(cloud)).toEqual(["ssh-deny"])
    const [instance] = await launch(cloud, 1, { access: ACCESS })
    expect(rulesIn(cloud)).toEqual(ALL_RULES)
    expect(comers(cloud, instance, 22, [HERE, ELSEWHERE])).toEqual([HERE])
  })

  test("an operation that fails is told, and nothing is launched", async () => {
    const cloud = await gce()
    const message = "Quota 'FIREWALLS' exceeded. Limit: 100.0 globally."
    cloud.wire.answers.give({ api: "firewalls.insert", place: "operation", code: "QUOTA_EXCEEDED", message })
    await expect(prepareOf(cloud, { access: ACCESS })).rejects.toThrow(
      /making firewall rule muster-render-.*Quota 'FIREWALLS' exceeded/,
    )
  })

  test.each(["firewalls.list", "firewalls.create", "networks.updatePolicy"])(
    "without %s: said by its name",
    async (right) => {
      const all = [
        "firewalls.list",
        "firewalls.create",
        "firewalls.get",
        "networks.updatePolicy",
        "globalOperations.get",
      ]
      const permissions = all.filter((one) => one !== right).map((one) => `compute.${one}`)
      const cloud = await gce({ gcp: { zones: [ZONE] }, wire: { permissions } })
      const error = await prepareOf(cloud, { access: ACCESS, publicAddress: true }).catch((thrown: Error) => thrown)
      expect(error).toBeInstanceOf(AuthError)
      expect((error as Error).message).toMatch(new RegExp(`Required 'compute.${right}' permission.*docs/gcp.md`))
    },
  )

  test("a rule of our name that is somebody else's is not touched", async () => {
    const cloud = await gce()
    await prepareOf(cloud, { access: ACCESS })
    const [mine] = cloud.world.resources
      .list({ kind: "firewall" })
      .filter(({ id }) => /firewalls\/muster-.*-ssh$/.test(id))
    putRule(cloud.world, PROJECT, { ...(mine?.attributes.rule as object), description: "ours" })
    await expect(prepareOf(cloud, { access: accessFrom("192.0.2.9/32") })).rejects.toThrow(RejectedError)
    expect(bodiesOf(cloud, "firewalls.patch")).toEqual([])
    expect(await removeLeft(cloud, OWNER.uid)).toHaveLength(2)
    expect(rulesIn(cloud)).toEqual(["ssh"])
  })

  test.each([
    [["2001:db8::/48"], /cluster\.access\.from: .*has no IPv4 range/],
    [Array.from({ length: 257 }, (_, nth) => `192.0.${nth >> 8}.${nth & 255}/32`), /has 257 ranges/],
  ])("%j is refused", async (from, message) => {
    const cloud = await gce()
    await expect(prepareOf(cloud, { access: accessFrom(...from) })).rejects.toThrow(message)
    await expect(prepareOf(cloud, { access: accessFrom(...from) })).rejects.toThrow(SpecError)
    expect(asked(cloud, /firewalls/)).toEqual([])
  })
})

test("a plan makes nothing; ranges of IPv6 open nothing, and the plan says so", async () => {
  const cloud = await gce()
  const access = accessFrom("2001:db8::/48", "192.0.2.99/24")
  const { notes } = await prepareOf(cloud, { access }, cloud.bare({ readOnly: true }))
  expect(asked(cloud, /firewalls/)).toEqual([])
  expect(notes).toContain("nothing is opened to 2001:db8::/48: instances on Compute Engine have IPv4 addresses only")
  expect(notes.join()).toMatch(
    /each instance gets a public address, for access.*firewall policies of the organisation/s,
  )
})

test("network tags of the user's own stay; the guest agent is to tell its host keys; OS Login is as the user has it", async () => {
  const cloud = await gce({ gcp: { overrides: { tags: { items: ["web"] } }, osLogin: true } })
  await launch(cloud, 1, { access: ACCESS })
  const [body] = bodiesOf(cloud, "instances.bulkInsert")
  const { tags, metadata } = (body?.instanceProperties ?? {}) as { readonly tags?: object; readonly metadata?: object }
  expect(tags).toEqual({ items: ["web", expect.stringMatching(/^muster-render-[0-9a-f]{12}-ssh$/)] })
  const keys = ["enable-oslogin", "enable-guest-attributes"].map((key) => ({ key, value: "TRUE" }))
  expect(metadata).toEqual({ items: expect.arrayContaining(keys) as unknown })
})

describe("a shared VPC", () => {
  const network = "projects/host-1/global/networks/shared"

  async function shared() {
    const cloud = await gce({ gcp: { network } })
    cloud.world.resources.add({ kind: "network", id: network, attributes: {}, tags: {} })
    return cloud
  }

  test("the rules are the host project's", async () => {
    const cloud = await shared()
    const [instance] = await launch(cloud, 1, { access: ACCESS, publicAddress: false })
    expect(comers(cloud, instance, 22, [HERE, ELSEWHERE])).toEqual([HERE])
    expect(cloud.world.resources.list({ kind: "firewall" }).filter(({ id }) => id.includes("host-1"))).toHaveLength(3)
    expect(await removeLeft(cloud, OWNER.uid)).toHaveLength(3)
    expect(rulesIn(cloud)).toEqual([])
  })

  test("where they may not be made there, the tag is set all the same, and the rules that are wanted are named", async () => {
    const cloud = await shared()
    const message = "Required 'compute.firewalls.list' permission for 'projects/host-1'"
    cloud.wire.answers.give({ api: "firewalls.list", place: "whole", code: "forbidden", status: 403, message })
    const { notes, body } = await prepareOf(cloud, { access: ACCESS, publicAddress: false })
    expect(body.networkTags).toHaveLength(1)
    expect(notes.join()).toMatch(
      /firewall rules of project host-1 are not made here \(.*compute\.firewalls\.list.*\): nothing is opened or closed by Muster. Have there: deny tcp:22 to tag muster-render-\w+-ssh from 0\.0\.0\.0\/0 \(priority 510\); .*allow tcp:22 to tag \S+ from 192\.0\.2\.7\/32 \(priority 500\)/,
    )
  })
})

describe("the whole way", () => {
  const spec = { name: "render", instanceType: TYPE, startup: "echo hello", access: `${HERE}/32` } as const

  test("a cluster with access opens before its first worker, and all of it is gone when it has closed", async () => {
    const cloud = await gce()
    const provider = cloud.provider
    const cluster = new Cluster({ ...spec, provider } as ClusterSpec, { clock: cloud.clock, seed: 1, journal: false })
    expect((await cloud.run(cluster.scale(3))).running).toBe(3)
    const [worker] = await cloud.run(provider.list({ cluster: "render" }, cloud.bare()))
    expect(comers(cloud, worker as NonNullable<typeof worker>, 22, [HERE, ELSEWHERE])).toEqual([HERE])
    const audited = await cloud.run(cluster.audit())
    expect(audited.filter(({ kind }) => kind === "firewall rule")).toHaveLength(3)
    const since = cloud.world.ledger.count()
    expect((await cloud.run(cluster.close())).leaked).toEqual([])
    expect(rulesIn(cloud)).toEqual([])
    const end = asked(cloud, /firewalls|instances\.delete/, since)
    expect(end.lastIndexOf("instances.delete")).toBeLessThan(end.indexOf("firewalls.delete"))
    expect(await cloud.run(cluster.audit())).toEqual([])
  })

  test("without access its end asks nothing of the firewall; another process, which cannot know, does", async () => {
    const cloud = await gce()
    const { provider, clock } = cloud
    const { access: _access, ...plain } = spec
    const cluster = new Cluster({ ...plain, provider } as ClusterSpec, { clock, seed: 1, journal: false })
    await cloud.run(cluster.scale(1))
    await cloud.run(cluster.close())
    expect(asked(cloud, /firewalls|global/)).toEqual([])
    const fresh = gcp(optionsFor(cloud.wire))
    await cloud.run(fresh.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))
    expect(asked(cloud, /firewalls/)).toEqual(["firewalls.list"])
  })

  test("rules of an owner that died are swept once its instances are, and another region's stay", async () => {
    const cloud = await gce()
    const { provider, clock } = cloud
    const cluster = new Cluster({ ...spec, provider } as ClusterSpec, { clock, seed: 1, journal: false })
    await cloud.run(cluster.scale(2))
    const [rule] = cloud.world.resources.list({ kind: "firewall" }).filter(({ id }) => id.endsWith("-ssh-own"))
    const there = rule?.attributes.rule as { readonly name: string; readonly description: string }
    const elsewhere = there.description.replace("muster-region=us-central1", "muster-region=europe-west2")
    const name = there.name.replace(/[0-9a-f]{12}/, "0123456789ab")
    putRule(cloud.world, PROJECT, { ...there, name, description: elsewhere })
    const rows = await cloud.run(Cluster.sweep({ provider, name: "render" }, { clock }))
    expect(rows.filter(({ removed }) => !removed)).toEqual([])
    expect(rows.filter(({ kind }) => kind === "firewall rule")).toHaveLength(3)
    expect(rulesIn(cloud)).toEqual(["ssh-own"])
  })
})
