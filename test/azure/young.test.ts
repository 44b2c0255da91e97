/** What was made a moment ago is not known everywhere yet: that is no proof that somebody took it away, and ends nothing. */
import { describe, expect, test } from "vitest"
import { adapterOf } from "../../providers/azure/adapter.js"
import { parseAzureOptions } from "../../providers/azure/options-check.js"
import { NotFoundError, OwnershipError, RejectedError, SpecError, TransientError } from "../../src/errors.js"
import type { LaunchCall, Provider } from "../../src/provider.js"
import {
  azureCloud,
  type Cloud,
  launchMany,
  optionsFor,
  OWNER,
  planMany,
  prepareOf,
  SUBSCRIPTION,
} from "./support/cloud.js"
import { errorOf } from "./support/scripted.js"

const SELECTOR = { uid: OWNER.uid }
const GROUP_NAME = "muster-render-0123456789abcdef-1"
/** What a read of the group is answered with. */
const NO_GROUP = {
  api: "ResourceGroups_Get",
  place: "whole",
  status: 404,
  code: "ResourceGroupNotFound",
  message: "gone?",
} as const
const MINUTE_MS = 60_000

async function callFor(cloud: Cloud): Promise<LaunchCall> {
  const [call] = await planMany(cloud, 1)
  if (call === undefined) throw new Error("no launch call")
  return call
}

const launchOf = (cloud: Cloud, call: LaunchCall) => cloud.run(cloud.provider.launch(call, cloud.bare()))

/** A provider that has claimed nothing. */
const otherProcess = ({ wire }: Cloud) => adapterOf(parseAzureOptions(optionsFor(wire)))

/** Deletes the group behind our back, and lets it go. */
async function removeGroup(cloud: Cloud): Promise<void> {
  const other = otherProcess(cloud)
  const found = await cloud.run(other.leftovers?.(SELECTOR, cloud.bare()) ?? Promise.resolve([]))
  const own = found.filter(({ shared }) => !shared)
  await cloud.run(other.remove?.(own, cloud.bare()) ?? Promise.resolve())
  await cloud.run(cloud.clock.sleep(MINUTE_MS))
}

const groupsOf = ({ wire }: Cloud) => wire.remains().flatMap(({ kind, id }) => (kind === "group" ? [id] : []))

describe("a group that the regions do not know yet", () => {
  test("is claimed, and the network made, once they do", async () => {
    const cloud = await azureCloud()
    cloud.wire.quirks.replicationMs = 300
    const { body } = await prepareOf(cloud, {}, cloud.calls())
    expect(body.group).toBe(GROUP_NAME)
    expect(new Set(cloud.wire.remains().map(({ kind }) => kind))).toEqual(
      new Set(["group", "scale-set", "networkSecurityGroups", "virtualNetworks"]),
    )
  })

  test("a launch is answered that it is not there: nothing was made, and it is asked for again", async () => {
    const cloud = await azureCloud()
    const call = await callFor(cloud)
    cloud.wire.quirks.replicationMs = 20_000
    const error = await errorOf(launchOf(cloud, call))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ code: "ResourceGroupNotFound", ours: true, graceMs: 3 * MINUTE_MS, ttlMs: 2_000 })
    await cloud.run(cloud.clock.sleep(20_000))
    expect((await launchOf(cloud, call)).instances).toHaveLength(1)
  })

  test("one that was made long ago is not young: it is prepared anew at once, which finds out", async () => {
    const cloud = await azureCloud()
    const call = await callFor(cloud)
    await cloud.run(cloud.clock.sleep(10 * MINUTE_MS))
    await removeGroup(cloud)
    const error = await errorOf(launchOf(cloud, call))
    expect(error).toMatchObject({ name: "NotFoundError", code: "ResourceGroupNotFound", ours: true, graceMs: 0 })
    expect(await errorOf(prepareOf(cloud))).toMatchObject({ name: "OwnershipError", gone: true })
  })

  test("a delete that is answered so has ended nothing, and says so", async () => {
    const cloud = await azureCloud()
    const instances = await launchMany(cloud, 2)
    cloud.wire.quirks.replicationMs = 30_000
    const { accepted, failures } = await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    expect(accepted).toEqual([])
    expect(failures.map(({ code }) => code)).toEqual(["ResourceGroupNotFound", "ResourceGroupNotFound"])
    await cloud.run(cloud.clock.sleep(30_000))
    expect((await cloud.run(cloud.provider.terminate(instances, cloud.bare()))).accepted).toHaveLength(2)
  })

  test("a list of it is not empty but incomplete", async () => {
    const cloud = await azureCloud()
    await launchMany(cloud, 2)
    cloud.wire.quirks.replicationMs = 30_000
    expect(await errorOf(cloud.run(cloud.provider.list(SELECTOR, cloud.bare())))).toBeInstanceOf(TransientError)
    await cloud.run(cloud.clock.sleep(30_000))
    expect(await cloud.run(cloud.provider.list(SELECTOR, cloud.bare()))).toHaveLength(2)
  })

  test("many that are asked for by their ids: each by its name where it was launched from here, and else as lists have them", async () => {
    const cloud = await azureCloud()
    const instances = await launchMany(cloud, 12, cloud.calls())
    const ids = instances.map(({ id }) => id)
    const reads = () => cloud.world.ledger.entries.filter(({ api }) => api === "VirtualMachines_Get").length
    await cloud.run(cloud.provider.terminate(instances.slice(0, 5), cloud.bare()))
    await cloud.run(cloud.clock.sleep(10_000))
    const listed = async (provider: Provider) => (await cloud.run(provider.list({ ids }, cloud.bare()))).length
    expect([await listed(cloud.provider), reads()]).toEqual([7, 5])
    expect([await listed(otherProcess(cloud)), reads()]).toEqual([7, 5])
  })

  test("what is asked for by its id is not gone", async () => {
    const cloud = await azureCloud()
    const ids = (await launchMany(cloud, 1)).map(({ id }) => id)
    cloud.wire.quirks.replicationMs = 30_000
    expect(await errorOf(cloud.run(cloud.provider.list({ ids }, cloud.bare())))).toBeInstanceOf(TransientError)
  })
})

describe("prepared anew", () => {
  test("what is there is found: nothing is made twice", async () => {
    const cloud = await azureCloud()
    const first = await prepareOf(cloud)
    const before = cloud.wire.remains()
    expect(await prepareOf(cloud)).toEqual(first)
    expect(cloud.wire.remains()).toEqual(before)
  })

  test("a group that is not found while it is young is believed to be there", async () => {
    const cloud = await azureCloud()
    const first = await prepareOf(cloud)
    cloud.wire.answer(NO_GROUP)
    expect(await prepareOf(cloud)).toEqual(first)
  })

  test("one that lists still have is believed to be there", async () => {
    const cloud = await azureCloud()
    const first = await prepareOf(cloud)
    await cloud.run(cloud.clock.sleep(10 * MINUTE_MS))
    cloud.wire.answer(NO_GROUP)
    expect(await prepareOf(cloud)).toEqual(first)
  })

  test("one that is there after all is young again: that launches do not find it passes", async () => {
    const cloud = await azureCloud()
    const call = await callFor(cloud)
    const said = {
      place: "whole",
      status: 404,
      code: "ResourceGroupNotFound",
      message: `Resource group '${GROUP_NAME}'`,
    } as const
    cloud.wire.answer({ api: "VirtualMachines_CreateOrUpdate", ...said })
    await cloud.run(cloud.clock.sleep(10 * MINUTE_MS))
    expect(await errorOf(launchOf(cloud, call))).toMatchObject({ graceMs: 0 })
    await prepareOf(cloud)
    expect(await errorOf(launchOf(cloud, call))).toMatchObject({ graceMs: 3 * MINUTE_MS })
  })

  test("gone by its name and from the list of all groups: somebody ended this generation, and it is not made again", async () => {
    const cloud = await azureCloud()
    await prepareOf(cloud)
    await cloud.run(cloud.clock.sleep(10 * MINUTE_MS))
    await removeGroup(cloud)
    const error = await errorOf(prepareOf(cloud))
    expect(error).toBeInstanceOf(OwnershipError)
    expect(error.message).toBe(
      `generation 1 of cluster "render" has ended: somebody deleted resource group ${GROUP_NAME}; attach to the cluster anew, or start it again`,
    )
    expect(groupsOf(cloud)).toEqual(["muster-westeurope"])
  })

  test("with a later generation in its place: that is named", async () => {
    const cloud = await azureCloud()
    await prepareOf(cloud)
    await cloud.run(cloud.clock.sleep(10 * MINUTE_MS))
    await removeGroup(cloud)
    await cloud.run(
      cloud.provider.claim?.({ ...OWNER, generation: 2, claim: "another" }, cloud.bare()) ?? Promise.resolve(),
    )
    const error = await errorOf(prepareOf(cloud))
    expect(error).toBeInstanceOf(OwnershipError)
    expect(error.message).toContain("its generation is in muster-render-0123456789abcdef-2 now")
  })

  test("a shared network that somebody removed is made again", async () => {
    const cloud = await azureCloud()
    await prepareOf(cloud)
    for (const { kind, id } of cloud.wire.remains())
      if (kind === "virtualNetworks") cloud.world.resources.delete(kind, id)
    await prepareOf(cloud)
    expect(cloud.wire.remains().map(({ kind }) => kind)).toContain("virtualNetworks")
  })
})

test("a group that lists do not have yet is found among what is left, by its name", async () => {
  const cloud = await azureCloud()
  await prepareOf(cloud)
  cloud.wire.quirks.replicationMs = MINUTE_MS
  const leftovers = () => cloud.run(cloud.provider.leftovers?.(SELECTOR, cloud.bare()) ?? Promise.resolve([]))
  const names = [GROUP_NAME, "muster-name-render-"].map((name) => expect.stringContaining(name) as unknown)
  expect((await leftovers()).map(({ id }) => id)).toEqual(names)
  await cloud.run(cloud.clock.sleep(MINUTE_MS))
  const found = (await leftovers()).filter(({ shared }) => !shared)
  await cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve())
  expect((await leftovers()).filter(({ shared }) => !shared)).toEqual([])
})

describe("what the user named is not there", () => {
  test("a resource group: told before anything is made, also by a plan", async () => {
    const cloud = await azureCloud({ azure: { resourceGroup: "wrokers" } })
    for (const readOnly of [true, false]) {
      const error = await errorOf(prepareOf(cloud, {}, cloud.bare({ readOnly })))
      expect(error).toBeInstanceOf(SpecError)
      expect((error as SpecError).problems).toMatchObject([{ option: "azure.resourceGroup", value: "wrokers" }])
      expect(error.message).toContain(SUBSCRIPTION)
    }
    expect(cloud.world.ledger.entries.map(({ api }) => api)).toEqual(["ResourceGroups_Get", "ResourceGroups_Get"])
    expect(cloud.wire.remains()).toEqual([])
  })

  test("one that a role may not read is left to the launch", async () => {
    const cloud = await azureCloud({ azure: { resourceGroup: "theirs" } })
    cloud.wire.quirks.forbidden.add("ResourceGroups_Get")
    expect((await prepareOf(cloud)).body.group).toBe("theirs")
  })

  test("a subnet: at once", async () => {
    const subnetId = `/subscriptions/${SUBSCRIPTION}/resourceGroups/theirs/providers/Microsoft.Network/virtualNetworks/net/subnets/none`
    const cloud = await azureCloud({ azure: { subnetId } })
    const [call] = await planMany(cloud, 1, {}, { publicAddress: false })
    const error = await errorOf(launchOf(cloud, call as LaunchCall))
    expect(error.constructor).toBe(RejectedError)
    expect(error.message).toContain("subnets/none referenced by resource was not found")
  })
})
