/** Whether a security group that has the name of one of Muster's is it, and lets in no more than it should. Pure. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { RejectedError } from "../../../../src/errors.js"
import { canonicalRange } from "../../../../src/input/ranges.js"
import type { GroupSpec } from "./specs.js"

/**
 * A group without any rule passes: it gets its rule.
 *
 * @throws RejectedError for a group of somebody else, and for one that was opened wider: workers that joined it would be open to more
 * than was asked.
 */
export function checkPromise(group: Ec2.SecurityGroup, { name, promise, rule }: GroupSpec): void {
  if (promise === undefined) return
  const { GroupId: id = "", Tags = [], IpPermissions = [], VpcId: vpc = "its VPC" } = group
  const called = `using security group ${id} (${name}) of ${vpc}`
  if (!Tags.some(({ Key, Value }) => Key === promise.key && Value === promise.value)) {
    const message = `${called}: it lacks the tag ${promise.key}=${promise.value}, so Muster has not made it; rename or delete it`
    throw new RejectedError(message, { code: "ForeignGroup" })
  }
  const wanted = new Set(rulesIn(rule(id)))
  const others = IpPermissions.flatMap(rulesIn).filter((one) => !wanted.has(one))
  if (others.length === 0) return
  const message = `${called}: it was opened to more than its name says (${others.join(", ")}); remove these rules, or delete the group`
  throw new RejectedError(message, { code: "GroupOpenedWider" })
}

/** Each source of a rule as words: "tcp 22 from 192.0.2.7/32", "all from sg-0123456789abcdef0". */
export function rulesIn(permission: Ec2.IpPermission): readonly string[] {
  const { IpProtocol: protocol = "-1", FromPort: from, ToPort: to = from } = permission
  const ports = from === undefined ? "" : ` ${from === to ? from : `${from}-${to}`}`
  const what = protocol === "-1" ? "all" : `${protocol}${ports}`
  return sourcesOf(permission).map((source) => `${what} from ${source}`)
}

function sourcesOf({ IpRanges, Ipv6Ranges, PrefixListIds, UserIdGroupPairs }: Ec2.IpPermission): readonly string[] {
  return [
    ...rangesOf({ IpRanges, Ipv6Ranges, PrefixListIds }),
    ...(UserIdGroupPairs ?? []).flatMap((one) => one.GroupId ?? []),
  ]
}

/** The address ranges that it lets in; a prefix list by its id. */
export function rangesOf({ IpRanges = [], Ipv6Ranges = [], PrefixListIds = [] }: Ec2.IpPermission): readonly string[] {
  const ranges = [
    ...IpRanges.flatMap(({ CidrIp }) => CidrIp ?? []),
    ...Ipv6Ranges.flatMap(({ CidrIpv6 }) => CidrIpv6 ?? []),
  ]
  return [...ranges.map(canonicalRange), ...PrefixListIds.flatMap(({ PrefixListId }) => PrefixListId ?? [])]
}
