/** The network interfaces of instances, and the security groups that each is in. */
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { hexOf, SECURITY_GROUP } from "./account.js"

export interface InstanceInterface {
  readonly id: string
  /** 0 is the primary one, which has the instance's own addresses. */
  readonly index: number
  readonly groups: readonly string[]
}

/** What a request said of one. */
interface Asked {
  readonly SecurityGroupId?: readonly string[]
}

/** Its kind of resource: the groups that an interface was given after the launch. */
const CHANGED = "interface-groups"

export function interfacesOf(world: World, { id, attributes }: WorldInstance): readonly InstanceInterface[] {
  const { NetworkInterface: asked = [] } = (attributes.request ?? {}) as { NetworkInterface?: readonly Asked[] }
  const others = asked.slice(1).map(({ SecurityGroupId: groups = [SECURITY_GROUP] }) => groups)
  return [attributes.securityGroupIds as readonly string[], ...others].map((groups, index) => {
    const own = interfaceIdOf(id, index)
    const changed = world.resources.get(CHANGED, own)?.attributes.groups as readonly string[] | undefined
    return { id: own, index, groups: changed ?? groups }
  })
}

export function interfaceIdOf(instanceId: string, index = 0): string {
  return `eni-0${hexOf(index === 0 ? instanceId : `${instanceId}/${index}`, 16)}`
}

/** Those that have a network: a terminated instance has none. */
export function attachedInstances(world: World): readonly WorldInstance[] {
  return world.truth({ states: ["pending", "running", "stopped", "terminating"] })
}

/** The instance that has this interface. */
export function instanceWith(world: World, interfaceId: string): WorldInstance | undefined {
  return attachedInstances(world).find((instance) => interfacesOf(world, instance).some(({ id }) => id === interfaceId))
}

export function putGroups(world: World, { id }: WorldInstance, interfaceId: string, groups: readonly string[]): void {
  world.resources.put({ kind: CHANGED, id: interfaceId, tags: {}, attributes: { groups }, goesWith: id })
}
