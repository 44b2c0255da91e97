/** Volumes and network interfaces: those that are attached to instances, and the leftovers. */
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { hexOf, VPC } from "../world/account.js"
import { attachedInstances, interfaceIdOf } from "../world/interfaces.js"
import { filtersOf, passes } from "../client/filters.js"
import { checkId } from "../client/ids.js"
import { slice } from "../client/paging.js"
import { Refusal } from "../client/refusals.js"
import { FILTERS, type Shape } from "../client/shapes.js"
import { isoTime } from "../client/time.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, listOf, tagsXml, tagTexts } from "../client/action.js"

interface Thing {
  readonly id: string
  readonly zone: string
  readonly status: "in-use" | "available"
  readonly tags: Readonly<Record<string, string>>
}

const PAGED: Readonly<Record<string, Shape>> = {
  Filter: FILTERS,
  MaxResults: "integer",
  NextToken: "string",
  DryRun: "boolean",
}

/** @param idFilter the name of the filter by ids of this kind. */
function textsOf(idFilter: string, { id, zone, status, tags }: Thing, filter: string): readonly string[] | undefined {
  if (filter === "status") return [status]
  if (filter === idFilter) return [id]
  return filter === "availability-zone" ? [zone] : tagTexts(tags, filter)
}

/** All of them are of one type here. */
function volumeTexts(thing: Thing, filter: string): readonly string[] | undefined {
  return filter === "volume-type" ? ["gp3"] : textsOf("volume-id", thing, filter)
}

function interfaceTexts(thing: Thing, filter: string): readonly string[] | undefined {
  return textsOf("network-interface-id", thing, filter)
}

/** What hangs on an instance ends with it here; what a test, or another program, has left is a resource of its own. */
function things(world: World, kind: string, idOf: (instance: WorldInstance) => string): readonly Thing[] {
  const held = attachedInstances(world).map(
    (instance): Thing => ({ id: idOf(instance), zone: instance.zone, status: "in-use", tags: instance.tags }),
  )
  const left = world.resources
    .list({ kind })
    .map(({ id, tags, attributes }): Thing => ({ id, zone: String(attributes.zone), status: "available", tags }))
  return [...held, ...left]
}

function volumeIdOf({ id }: WorldInstance): string {
  return `vol-0${hexOf(id, 16)}`
}

function primaryOf({ id }: WorldInstance): string {
  return interfaceIdOf(id)
}

export const describeVolumes: Action = {
  members: { VolumeId: { list: "string" }, ...PAGED },
  cost: () => ({ DescribeVolumes: 1 }),
  answer(world, values) {
    const ids = listOf(values.VolumeId)
    const filters = filtersOf(values.Filter)
    checkDryRun(values)
    const found = things(world, "volume", volumeIdOf)
      .filter(({ id }) => ids.length === 0 || ids.includes(id))
      .filter((thing) => passes(thing, filters, volumeTexts))
    const { page, token } = slice(found, values, { least: 5, most: 1000 })
    return { volumeSet: page.map((thing) => volumeXml(world, thing)), nextToken: token }
  },
}

function volumeXml(world: World, { id, zone, status, tags }: Thing): Xml {
  return {
    volumeId: id,
    size: 8,
    availabilityZone: zone,
    status,
    createTime: isoTime(world.clock.now()),
    tagSet: tagsXml(tags),
    volumeType: "gp3",
    encrypted: true,
  }
}

export const describeNetworkInterfaces: Action = {
  members: { NetworkInterfaceId: { list: "string" }, ...PAGED },
  cost: () => ({ DescribeNetworkInterfaces: 1 }),
  answer(world, values) {
    const ids = listOf(values.NetworkInterfaceId)
    const filters = filtersOf(values.Filter)
    checkDryRun(values)
    const found = things(world, "network-interface", primaryOf)
      .filter(({ id }) => ids.length === 0 || ids.includes(id))
      .filter((thing) => passes(thing, filters, interfaceTexts))
    const { page, token } = slice(found, values, { least: 5, most: 1000 })
    return { networkInterfaceSet: page.map(interfaceXml), nextToken: token }
  },
}

function interfaceXml({ id, zone, status, tags }: Thing): Xml {
  return { networkInterfaceId: id, vpcId: VPC, availabilityZone: zone, status, tagSet: tagsXml(tags) }
}

export const deleteVolume: Action = {
  members: { "VolumeId!": "string", DryRun: "boolean" },
  cost: () => ({ DeleteVolume: 1 }),
  answer(world, values) {
    const id = String(values.VolumeId)
    checkId("vol", id)
    checkDryRun(values)
    if (things(world, "volume", volumeIdOf).some((thing) => thing.id === id && thing.status === "in-use")) {
      throw new Refusal("VolumeInUse", `Volume ${id} is currently attached to an instance`)
    }
    if (!world.resources.delete("volume", id)) {
      throw new Refusal("InvalidVolume.NotFound", `The volume '${id}' does not exist.`)
    }
    return {}
  },
}

export const deleteNetworkInterface: Action = {
  members: { "NetworkInterfaceId!": "string", DryRun: "boolean" },
  cost: () => ({ DeleteNetworkInterface: 1 }),
  answer(world, values) {
    const id = String(values.NetworkInterfaceId)
    checkId("eni", id)
    checkDryRun(values)
    if (things(world, "network-interface", primaryOf).some((one) => one.id === id && one.status === "in-use")) {
      throw new Refusal("InvalidParameterValue", `Network interface '${id}' is currently in use.`)
    }
    if (!world.resources.delete("network-interface", id)) {
      throw new Refusal("InvalidNetworkInterfaceID.NotFound", `The networkInterface ID '${id}' does not exist`)
    }
    return {}
  },
}
