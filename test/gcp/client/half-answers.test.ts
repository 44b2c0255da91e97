/** One zone, or one request, does not answer: what the others say is believed, for what is theirs. */
import { describe, expect, test } from "vitest"
import { leaveDisk, PROJECT } from "../../../providers/gcp/wire/index.js"
import { TAG } from "../../../src/fleet/tags.js"
import { SpecError, TransientError } from "../../../src/errors.js"
import type { Calls, Instance, OfferQuery } from "../../../src/provider.js"
import { canned, type Canned, type CannedRequest } from "../support/canned.js"
import { callsFor, type Cloud, gce, launchMany, launchOne, OWNER, TYPE, ZONE } from "../support/cloud.js"

const SILENT = "us-central1-f"

const labels = { [TAG.uid]: "u", [TAG.cluster]: "c" }
const vm = (name: string) => ({ name, status: "RUNNING", labels })
const NOTHING = { kind: "compute#instanceList" }

/** An answer to a list of the whole project, and one to that of each zone. */
async function lists(project: Canned, zones: Readonly<Record<string, Canned>>, named?: readonly string[]) {
  const cloud = await canned({}, named === undefined ? {} : { zones: named })
  const asked: string[] = []
  cloud.answer = ({ url }: CannedRequest) => {
    const zone = /zones\/([^/]+)\/instances/.exec(url.pathname)?.[1]
    asked.push(zone ?? "project")
    return zone === undefined ? project : (zones[zone] ?? { body: NOTHING })
  }
  const found = () => cloud.provider.list({ cluster: "c" }, cloud.calls)
  return { found, asked }
}

const ALL = ["us-central1-a", "us-central1-b", SILENT]
const project = (more: object): Canned => ({
  body: {
    kind: "compute#instanceAggregatedList",
    items: { "zones/us-central1-a": { instances: [vm("a-1")] }, "zones/europe-west2-a": { instances: [vm("far")] } },
    ...more,
  },
})
const UNREACHABLE = { code: "UNREACHABLE", message: "A zone is unreachable." }

describe("a list of the whole project that is not whole", () => {
  const answered = { [SILENT]: { body: { ...NOTHING, items: [vm("f-1")] } } }
  const ids = (found: readonly Instance[]) => found.map(({ id }) => id).sort()

  test.each([
    ["names the zone", { unreachables: [`zones/${SILENT}`] }],
    ["names it by its URL", { unreachables: [`https://www.googleapis.com/compute/v1/projects/p/zones/${SILENT}`] }],
    [
      "warns in place of the zone's items",
      { items: { "zones/us-central1-a": { instances: [vm("a-1")] }, [`zones/${SILENT}`]: { warning: UNREACHABLE } } },
    ],
  ])("%s: it is read by itself, and nothing else is read again", async (_how, more) => {
    const { found, asked } = await lists(project(more), answered, ALL)
    expect(ids(await found())).toEqual(["us-central1-a/a-1", `${SILENT}/f-1`])
    expect(asked).toEqual(["project", SILENT])
  })

  test("what it shows of such a zone is not counted twice", async () => {
    const items = { [`zones/${SILENT}`]: { instances: [vm("f-1")], warning: UNREACHABLE } }
    const { found } = await lists(project({ items }), answered, ALL)
    expect(ids(await found())).toEqual([`${SILENT}/f-1`])
  })

  test.each([
    ["warns of something without a name", project({ warning: UNREACHABLE })],
    ["names the region", project({ unreachables: ["regions/us-central1"] })],
    [
      "is refused as a whole",
      { status: 503, body: { error: { code: 503, errors: [{ reason: "backendError" }], message: "x" } } },
    ],
  ])("%s: all zones are read by themselves", async (_how, answer) => {
    const zones = { ...answered, "us-central1-a": { body: { ...NOTHING, items: [vm("a-1")] } } }
    const { found, asked } = await lists(answer, zones, ALL)
    expect(ids(await found())).toEqual(["us-central1-a/a-1", `${SILENT}/f-1`])
    expect(asked.slice(1).sort()).toEqual(ALL)
  })

  test.each([
    ["a zone that may not be used", { unreachables: [`zones/${SILENT}`] }, ["us-central1-a"]],
    ["a zone of another region", { unreachables: ["zones/europe-west2-c"] }, ALL],
  ])("lacks %s: that does not matter", async (_what, more, named) => {
    const { found, asked } = await lists(project(more), {}, named)
    expect(ids(await found())).toEqual(["us-central1-a/a-1"])
    expect(asked).toEqual(["project"])
  })

  test("lacks a zone that may be used and does not answer: nothing may be concluded, and the zone is named", async () => {
    const cloud = await gce()
    cloud.wire.unreachable.add(SILENT)
    const found = cloud.run(cloud.provider.list({ cluster: "render" }, cloud.calls()))
    await expect(found).rejects.toThrow(TransientError)
    await expect(found).rejects.toThrow(/listing instances in us-central1-f.*us-central1-f does not answer/)
    // It was tried again, with pauses.
    expect(
      cloud.world.ledger.of("instances.list").map(({ parameters }) => (parameters as { zone: string }).zone),
    ).toEqual(Array.from({ length: 5 }, () => SILENT))
  })

  test("and answers again meanwhile: the list is whole", async () => {
    const cloud = await gce()
    await launchMany(cloud, 2)
    cloud.wire.unreachable.add(SILENT)
    cloud.world.after(300, () => cloud.wire.unreachable.delete(SILENT))
    expect(await cloud.run(cloud.provider.list({ cluster: OWNER.cluster }, cloud.calls()))).toHaveLength(2)
  })
})

test("a zone's own list that says that it is not whole is asked for again", async () => {
  const { run, calls } = await gce()
  const { provider, ...shown } = await canned({ ...NOTHING, warning: UNREACHABLE }, { zones: [ZONE] })
  await expect(provider.list({ uid: "u" }, shown.calls)).rejects.toThrow(/not complete: A zone is unreachable/)
  const cloud = await canned({}, { zones: [ZONE] })
  cloud.answer = () => ({ body: cloud.requests.length < 3 ? { ...NOTHING, warning: UNREACHABLE } : NOTHING })
  expect(await run(cloud.provider.list({ uid: "u" }, calls()))).toEqual([])
  expect(cloud.requests).toHaveLength(3)
})

describe("a zone whose machine types cannot be read", () => {
  const QUERY: OfferQuery = { instanceTypes: [TYPE], markets: ["on-demand"] }

  async function offersWith(silent: readonly string[], query: OfferQuery = QUERY) {
    const cloud = await gce()
    for (const zone of silent) cloud.wire.unreachable.add(zone)
    const notes: string[] = []
    const calls: Calls = { ...cloud.calls(), note: (words) => notes.push(words) }
    return { cloud, notes, offers: cloud.run(cloud.provider.offers(query, calls)) }
  }

  test("is left out, and said to be", async () => {
    const { offers, notes } = await offersWith([SILENT])
    expect((await offers).map(({ zone }) => zone)).toEqual(["us-central1-a", "us-central1-b", "us-central1-c"])
    expect(notes).toEqual([
      expect.stringMatching(/^us-central1-f is left out, because it does not answer: .*machine types/),
    ])
  })

  test("may have what the others have not: nothing is concluded from its silence", async () => {
    const gpu: OfferQuery = { markets: ["on-demand"], gpu: { name: "L4" } }
    await expect((await offersWith(["us-central1-a", "us-central1-b"], gpu)).offers).rejects.toThrow(TransientError)
    const named: OfferQuery = { instanceTypes: ["g2-standard-4"], markets: ["on-demand"] }
    await expect((await offersWith(["us-central1-a", "us-central1-b"], named)).offers).rejects.toThrow(TransientError)
    // Of two names the one that is sold elsewhere is enough.
    const two: OfferQuery = { instanceTypes: [TYPE, "n2-standrad-4"], markets: ["on-demand"] }
    expect(await (await offersWith([SILENT], two)).offers).toHaveLength(3)
    await expect((await offersWith([], two)).offers).rejects.toThrow(SpecError)
  })

  test("as all others: then there is nothing to go by", async () => {
    const all = ["us-central1-a", "us-central1-b", "us-central1-c", SILENT]
    await expect((await offersWith(all)).offers).rejects.toThrow(TransientError)
  })
})

describe("a launch, while a zone does not answer", () => {
  const spread = (cloud: Cloud) => callsFor(cloud, 6, { spread: "zones" }, [TYPE, "c4-standard-4"])

  test("that the request does not name: it is not asked", async () => {
    const cloud = await gce()
    const [call] = await callsFor(cloud, 2, {}, [TYPE, "c4-standard-4"])
    if (call?.api !== "regionInstances.bulkInsert") throw new Error("no regional call")
    cloud.wire.unreachable.add(SILENT)
    expect((await launchOne(cloud, call)).instances).toHaveLength(2)
    const zones = cloud.world.ledger.of("instances.list").map(({ parameters }) => (parameters as { zone: string }).zone)
    expect(new Set(zones)).toEqual(new Set([ZONE]))
  })

  test("that the request names: the region gives what others have", async () => {
    const cloud = await gce()
    const [call] = await spread(cloud)
    if (call === undefined) throw new Error("no call")
    cloud.wire.unreachable.add(SILENT)
    await cloud.run(cloud.provider.launch(call, cloud.calls()))
    expect(cloud.world.truth()).toHaveLength(6)
    expect(cloud.world.truth({ zones: [SILENT] })).toEqual([])
    // Its operation is known to the region, and is not begun a second time.
    await cloud.run(cloud.provider.launch(call, cloud.calls()))
    expect(cloud.world.truth()).toHaveLength(6)
    expect(cloud.world.ledger.count("regionInstances.bulkInsert")).toBe(1)
  })
})

test("what is asked of named zones is answered while another does not answer: instances, disks, who was preempted", async () => {
  const cloud = await gce()
  const instances = await launchMany(cloud, 3)
  leaveDisk(cloud.world, PROJECT, ZONE, "left", {
    [TAG.cluster]: "render",
    [TAG.uid]: OWNER.uid,
    [TAG.owner]: "default",
  })
  cloud.wire.unreachable.add(SILENT)
  const { provider } = cloud
  const selector = { uid: OWNER.uid, zones: [ZONE] }
  expect(await cloud.run(provider.list(selector, cloud.bare()))).toHaveLength(3)
  expect(await cloud.run(provider.list({ ids: instances.map(({ id }) => id) }, cloud.bare()))).toHaveLength(3)
  expect(await cloud.run(provider.leftovers?.(selector, cloud.bare()) ?? Promise.resolve([]))).toHaveLength(1)
  const spot = [...instances, { ...instances[0], zone: SILENT, id: `${SILENT}/x` } as Instance]
  const asked = spot.map((instance) => ({ ...instance, market: "spot" as const }))
  cloud.world.terminate(cloud.world.truth().map(({ id }) => id))
  const told = await cloud.run(provider.interruptions?.(asked, cloud.bare()) ?? Promise.reject(new Error("none")))
  expect(told).toEqual({ notices: [], reasons: [], endings: [] })
  await expect(cloud.run(provider.list({ uid: OWNER.uid }, cloud.bare()))).rejects.toThrow(TransientError)
})

describe("a deletion that was accepted and ends badly", () => {
  const FAILING = {
    api: "instances.delete",
    place: "operation",
    code: "INTERNAL_ERROR",
    message: "Internal error",
  } as const

  async function failing(times: number) {
    const cloud = await gce()
    const [instance] = await launchMany(cloud, 1)
    if (instance === undefined) throw new Error("no instance")
    cloud.wire.answers.give({ ...FAILING, times })
    const end = () => cloud.run(cloud.provider.terminate([instance], cloud.bare()))
    const pass = (ms: number) => cloud.run(cloud.clock.sleep(ms))
    return { cloud, instance, end, pass }
  }

  test("is noticed by its operation when the instance is asked to go again, and asked for anew", async () => {
    const { cloud, end, pass } = await failing(1)
    expect(await end()).toMatchObject({ accepted: [{ state: "terminating" }], failures: [] })
    await pass(60_000)
    const { accepted, failures } = await end()
    expect([accepted, failures]).toMatchObject([[], [{ code: "INTERNAL_ERROR" }]])
    expect(failures[0]?.message).toMatch(/deleting render-default-\w+ in us-central1-a: Internal error/)
    // It was asked to go anew with that, and it goes.
    await pass(2_000)
    expect(await end()).toMatchObject({ accepted: [{ state: "terminating" }], failures: [] })
    await pass(60_000)
    expect(cloud.world.truth()).toMatchObject([{ state: "terminated" }])
    expect(await end()).toMatchObject({ accepted: [{ state: "terminated" }] })
  })

  test("time and again: each is told, and each is followed by another", async () => {
    const { cloud, end, pass } = await failing(3)
    await end()
    for (const _round of [1, 2, 3]) {
      await pass(60_000)
      expect((await end()).failures).toMatchObject([{ code: "INTERNAL_ERROR" }])
    }
    await pass(60_000)
    expect(cloud.world.truth()).toMatchObject([{ state: "terminated" }])
    expect(cloud.world.operations.list("delete")).toHaveLength(4)
  })

  test("one that is under way is not begun a second time, and one that is done says so", async () => {
    const cloud = await gce({ world: { latency: { requestMs: 20, createMs: 50, bootMs: 5_000, stopMs: 90_000 } } })
    const instances = await launchMany(cloud, 2)
    const end = () => cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    await end()
    await cloud.run(cloud.clock.sleep(61_000))
    expect((await end()).accepted.map(({ state }) => state)).toEqual(["terminating", "terminating"])
    expect(cloud.world.operations.list("delete")).toHaveLength(2)
    await cloud.run(cloud.clock.sleep(60_000))
    expect((await end()).accepted.map(({ state }) => state)).toEqual(["terminated", "terminated"])
  })

  test("of a disk is an error, and it is still found", async () => {
    const cloud = await gce()
    leaveDisk(cloud.world, PROJECT, ZONE, "left", {
      [TAG.cluster]: "render",
      [TAG.uid]: OWNER.uid,
      [TAG.owner]: "default",
    })
    cloud.wire.answers.give({ ...FAILING, api: "disks.delete", times: 1 })
    const find = () => cloud.run(cloud.provider.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))
    const remove = async () => cloud.run(cloud.provider.remove?.(await find(), cloud.bare()) ?? Promise.resolve())
    await expect(remove()).rejects.toThrow(/removing disk us-central1-a\/left: Internal error/)
    expect(await find()).toHaveLength(1)
    await cloud.run(cloud.clock.sleep(61_000))
    await remove()
    expect(await find()).toEqual([])
  })
})
