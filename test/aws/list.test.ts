/** Lists and terminations: what each asks of EC2, and what is believed of its answers. */
import { describe, expect, test } from "vitest"
import { TransientError } from "../../src/errors.js"
import type { Instance } from "../../src/provider.js"
import { type Cloud, ec2, launchMany, NO_ROOM, offersOf, OWNER, prepareOf, wishFor, ZONE } from "./support/cloud.js"

const apis = (cloud: Cloud) => cloud.world.ledger.entries.map(({ api }) => api)

describe("list", () => {
  test("asks for a thousand at a time, by tag and state", async () => {
    const cloud = await ec2({ world: { buckets: {} } })
    await launchMany(cloud, 1001)
    cloud.world.ledger.clear()
    const found = await cloud.run(cloud.provider.list({ uid: OWNER.uid, states: ["pending", "stopped"] }, cloud.bare()))
    expect(found).toHaveLength(1001)
    const [first, second, ...rest] = cloud.world.ledger.entries
    expect(first?.parameters).toEqual({
      MaxResults: "1000",
      Filter: [
        { Name: "tag:muster-uid", Value: [OWNER.uid] },
        { Name: "instance-state-name", Value: ["pending", "stopping", "stopped"] },
      ],
    })
    expect(second?.parameters).toMatchObject({ NextToken: expect.any(String) })
    expect(rest).toEqual([])
  })

  test("asks for ids by filter, 200 values at a time", async () => {
    const cloud = await ec2()
    const made = await launchMany(cloud, 450)
    cloud.world.ledger.clear()
    const ids = [...made.map(({ id }) => id), "i-0123456789abcdef0", "not-an-id"]
    expect(await cloud.run(cloud.provider.list({ ids }, cloud.bare()))).toHaveLength(450)
    expect(apis(cloud)).toHaveLength(3)
    await cloud.run(cloud.provider.list({ ids: ids.slice(0, 198), states: ["running", "pending"] }, cloud.bare()))
    expect(apis(cloud)).toHaveLength(4)
  })

  test("without a tag to ask for asks for ours only", async () => {
    const cloud = await ec2()
    await launchMany(cloud, 1)
    cloud.world.ledger.clear()
    await cloud.run(cloud.provider.list({ zones: [ZONE] }, cloud.bare()))
    expect(JSON.stringify(cloud.world.ledger.entries[0]?.parameters)).toContain(
      '{"Name":"tag-key","Value":["muster-uid"]}',
    )
  })

  test("takes a star in a name for a star", async () => {
    const cloud = await ec2()
    await launchMany(cloud, 1)
    expect(await cloud.run(cloud.provider.list({ cluster: "rend*" }, cloud.bare()))).toEqual([])
  })

  test("for what can match nothing asks nothing", async () => {
    const cloud = await ec2()
    for (const selector of [{ ids: [] }, { uid: "u", states: [] }, { uid: "u", zones: [] }, { ids: ["not-an-id"] }]) {
      expect(await cloud.run(cloud.provider.list(selector, cloud.bare()))).toEqual([])
    }
    expect(cloud.world.ledger.count()).toBe(0)
  })

  test.each([
    ["capacity", {}, "capacity", "Server.InsufficientInstanceCapacity", 180_000],
    ["quota", {}, "quota", "Client.VolumeLimitExceeded", 600_000],
    ["boot", {}, "boot", "Server.InternalError", 0],
    [
      "boot",
      { code: "Client.InternalError", message: "Client.InternalError: Client error on launch" },
      "boot",
      "Client.InternalError",
      0,
    ],
    [
      "boot",
      { code: "Server.InternalError", message: "Client.VolumeLimitExceeded: Volume limit exceeded" },
      "quota",
      "Client.VolumeLimitExceeded",
      600_000,
    ],
    [
      "boot",
      { code: "Client.InvalidKMSKey.InvalidState", message: "Client.InvalidKMSKey.InvalidState: The KMS key …" },
      "boot",
      "Client.InvalidKMSKey.InvalidState",
      0,
    ],
    [
      "boot",
      {
        code: "Server.InternalError",
        message: "Client.InternalError: Client.InvalidKMSKey.InvalidState: The KMS key …",
      },
      "boot",
      "Client.InvalidKMSKey.InvalidState",
      0,
    ],
    [
      "boot",
      { code: "Client.NobodyHasSeenIt", message: "Client.NobodyHasSeenIt: new" },
      "boot",
      "Client.NobodyHasSeenIt",
      0,
    ],
    ["boot", { code: "Server.NobodyHasSeenIt", message: "in words of its own" }, "boot", "Server.NobodyHasSeenIt", 0],
  ] as const)("tells why an instance failed to start: %s %o", async (reason, words, expected, code, ttlMs) => {
    const cloud = await ec2()
    cloud.world.faults.failBoots(1, {}, { reason, ...words })
    await launchMany(cloud, 1)
    await cloud.run(cloud.clock.sleep(10_000))
    const [instance] = await cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))
    expect(instance).toMatchObject({ state: "terminated", failure: { reason: expected, code, ttlMs, count: 1 } })
    if ("message" in words) expect(instance?.failure?.message).toBe(words.message)
  })

  test.each(["Client.UserInitiatedHibernate", "Client.InstanceInitiatedShutdown", "Client.InstanceTerminated"])(
    "%s is no failure",
    async (code) => {
      const cloud = await ec2()
      cloud.world.faults.failBoots(1, {}, { code, message: `${code}: as somebody wanted it` })
      await launchMany(cloud, 1)
      await cloud.run(cloud.clock.sleep(10_000))
      const [instance] = await cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))
      expect([instance?.state, instance?.failure]).toEqual(["terminated", undefined])
    },
  )

  test("an instance that we ended has not failed", async () => {
    const cloud = await ec2()
    const made = await launchMany(cloud, 1)
    await cloud.run(cloud.provider.terminate(made, cloud.bare()))
    const [instance] = await cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))
    expect(instance?.state).toBe("terminating")
    expect(instance?.failure).toBeUndefined()
  })
})

describe("terminate", () => {
  const end = (cloud: Cloud, instances: readonly Instance[]) =>
    cloud.run(cloud.provider.terminate(instances, cloud.bare()))
  const unknown = (like: Instance, launchedAt: number): Instance => ({ ...like, id: "i-0123456789abcdef0", launchedAt })
  const alive = (cloud: Cloud) => cloud.world.truth({ states: ["pending", "running"] })

  test("one request for each zone and thousand, all at once", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined }, world: { buckets: {} } })
    const calls = cloud.provider.split(
      wishFor(await offersOf(cloud), 2100, { spread: "zones" }),
      await prepareOf(cloud),
      NO_ROOM,
    )
    const launched = await cloud.run(Promise.all(calls.map((call) => cloud.provider.launch(call, cloud.bare()))))
    cloud.world.ledger.clear()
    const instances = launched.flatMap((one) => one.instances)
    expect((await end(cloud, instances)).accepted).toHaveLength(2100)
    expect(apis(cloud)).toEqual(Array.from({ length: 4 }, () => "TerminateInstances"))
    expect(new Set(cloud.world.ledger.entries.map(({ at }) => at)).size).toBe(1)
    expect(alive(cloud)).toEqual([])
  })

  test("one bad id among many costs one more request, and the others end", async () => {
    const cloud = await ec2()
    const made = await launchMany(cloud, 100)
    cloud.world.ledger.clear()
    const old = unknown(made[0] as Instance, cloud.clock.now() - 3_600_000)
    const { accepted, failures } = await end(cloud, [...made.slice(0, 50), old, ...made.slice(50)])
    expect(failures).toEqual([])
    expect(accepted).toHaveLength(101)
    expect(accepted.find(({ id }) => id === old.id)).toEqual({ id: old.id, state: "terminated" })
    expect(apis(cloud)).toHaveLength(2)
    expect(alive(cloud)).toEqual([])
  })

  test("an id so new that EC2 may not know it yet is not taken for gone", async () => {
    const cloud = await ec2()
    const made = await launchMany(cloud, 1)
    const { accepted, failures } = await end(cloud, [unknown(made[0] as Instance, cloud.clock.now()), ...made])
    expect(accepted).toHaveLength(1)
    expect(failures).toMatchObject([{ id: "i-0123456789abcdef0", code: "InvalidInstanceID.NotFound" }])
  })

  test("a protected instance is named with the remedy; all others end", async () => {
    const cloud = await ec2()
    const made = await launchMany(cloud, 4)
    const [call] = cloud.provider.split(wishFor(await offersOf(cloud), 1), await prepareOf(cloud), NO_ROOM)
    if (call === undefined) throw new Error("no launch call")
    const body = { ...call.body, DisableApiTermination: true }
    const { instances } = await cloud.run(cloud.provider.launch({ ...call, body }, cloud.bare()))
    const { accepted, failures } = await end(cloud, [...made.slice(0, 2), ...instances, ...made.slice(2)])
    expect(accepted.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort())
    expect(failures).toMatchObject([{ id: instances[0]?.id, code: "OperationNotPermitted" }])
    expect(failures[0]?.message).toContain("disableApiTermination")
    expect(alive(cloud).map(({ id }) => id)).toEqual(instances.map(({ id }) => id))
  })

  test("what is refused without a name is sent in halves, then alone", async () => {
    const cloud = await ec2()
    const made = await launchMany(cloud, 8)
    const bad = made[5]?.id ?? ""
    const names = (parameters: unknown) => JSON.stringify(parameters).includes(bad)
    cloud.world.faults.fail("TerminateInstances", {
      error: "rejected",
      code: "InvalidState.Strange",
      message: "no",
      times: 99,
      when: names,
    })
    cloud.world.ledger.clear()
    const { accepted, failures } = await end(cloud, made)
    expect(accepted).toHaveLength(7)
    expect(failures).toMatchObject([{ id: bad, code: "InvalidState.Strange" }])
    expect(apis(cloud)).toHaveLength(7)
  })

  test("a zone that cannot be reached does not hide what the others did", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    const calls = cloud.provider.split(
      wishFor(await offersOf(cloud), 4, { spread: "zones" }),
      await prepareOf(cloud),
      NO_ROOM,
    )
    const launched = await cloud.run(Promise.all(calls.map((call) => cloud.provider.launch(call, cloud.bare()))))
    cloud.world.faults.loseReply("TerminateInstances")
    const { accepted, failures } = await end(
      cloud,
      launched.flatMap((one) => one.instances),
    )
    expect([accepted.length, failures.length]).toEqual([3, 1])
  })

  test("when nothing can be reached, that is the error", async () => {
    const cloud = await ec2()
    const made = await launchMany(cloud, 2)
    cloud.world.faults.loseReply("TerminateInstances")
    await expect(end(cloud, made)).rejects.toBeInstanceOf(TransientError)
  })

  test("without the right to, it is not tried one by one", async () => {
    const cloud = await ec2()
    const made = await launchMany(cloud, 9)
    cloud.world.ledger.clear()
    cloud.world.faults.rate("TerminateInstances", 1, { kind: "fail", error: "auth" })
    await expect(end(cloud, made)).rejects.toMatchObject({ code: "UnauthorizedOperation" })
    expect(apis(cloud)).toHaveLength(1)
  })
})
