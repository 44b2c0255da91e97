/** Who reaches which port of which instance: what the security groups come to. */
import type { JsonObject } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { isInRange } from "../../../../src/input/ranges.js"
import { rulesOf } from "../prepare/security-groups.js"
import { attachedInstances, interfacesOf } from "../world/interfaces.js"
import { listOf } from "../client/action.js"

/**
 * Whether TCP from this address gets to the port: a rule of one of the instance's groups lets it in, by its range, or by a group
 * that the instance with this private address is in ("Security group rules", VPC User Guide).
 *
 * @param from an address of IPv4 or IPv6.
 */
export function isOpen(world: World, instanceId: string, port: number, from: string): boolean {
  const instances = attachedInstances(world)
  const groupsOf = (isWanted: (one: (typeof instances)[number]) => boolean) =>
    instances.filter(isWanted).flatMap((one) => interfacesOf(world, one).flatMap(({ groups }) => groups))
  const sources = new Set(groupsOf(({ privateIp }) => privateIp === from))
  return groupsOf(({ id }) => id === instanceId)
    .flatMap((id) => world.resources.get("security-group", id) ?? [])
    .flatMap(rulesOf)
    .some((rule) => isForPort(rule, port) && isFor(rule, from, sources))
}

function isForPort({ IpProtocol, FromPort, ToPort }: JsonObject, port: number): boolean {
  return IpProtocol === "-1" || (IpProtocol === "tcp" && Number(FromPort) <= port && port <= Number(ToPort))
}

function isFor({ IpRanges, Ipv6Ranges, Groups }: JsonObject, from: string, sources: ReadonlySet<string>): boolean {
  const ranges = [
    ...listOf<{ CidrIp: string }>(IpRanges).map(({ CidrIp }) => CidrIp),
    ...listOf<{ CidrIpv6: string }>(Ipv6Ranges).map(({ CidrIpv6 }) => CidrIpv6),
  ]
  const groups = listOf<{ GroupId: string }>(Groups)
  return ranges.some((range) => isInRange(from, range)) || groups.some(({ GroupId }) => sources.has(GroupId))
}
