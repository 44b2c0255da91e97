/** What EC2 can open for `access` and `peers`, beside the provider's own options. Pure. */
import type { SpecProblem } from "../../../../src/errors.js"
import { canonicalRange } from "../../../../src/input/ranges.js"
import type { GroupRequest } from "../../../../src/provider.js"
import { MOST_GROUPS, USUAL_GROUPS } from "../../limits.js"
import type { AwsOptions } from "../../options.js"
import { wantedGroups } from "./security-groups.js"

type Opened = Pick<GroupRequest, "access" | "peers">

/** What of the options contradicts `access` or `peers`, or takes from them what they open. */
export function accessProblems(options: AwsOptions, group: Opened): readonly SpecProblem[] {
  const { access, peers } = group
  if (access === undefined && peers !== true) return []
  return [
    ...(access === undefined ? [] : [...rangeProblems(options, access.from), ...keyProblems(options)]),
    ...overrideProblems(options),
    ...countProblems(options, group),
  ]
}

/** `sshFrom` opens port 22 as `access` does: of two that differ one is wrong. */
function rangeProblems({ sshFrom }: AwsOptions, from: readonly string[]): readonly SpecProblem[] {
  if (sshFrom === undefined || from.every((range) => canonicalRange(range) === canonicalRange(sshFrom))) return []
  const message = `is not the range of the cluster's access (${from.join(", ")}): keep access, name every range there, and leave sshFrom out`
  return [{ option: "aws.sshFrom", value: sshFrom, message }]
}

/** The name of a key pair says nothing of its key, which EC2 lets in as another user than the cluster's: the two are never equal. */
function keyProblems({ keyName }: AwsOptions): readonly SpecProblem[] {
  if (keyName === undefined) return []
  const message =
    "lets another key in beside the cluster's own, which access plants: leave keyName out, and give the line of that public key in access.authorizedKeys, or its private key's file as access.keyFile"
  return [{ option: "aws.keyName", value: keyName, message }]
}

const NAMES_GROUPS = ["NetworkInterfaces", "SecurityGroupIds", "SecurityGroups"]

/** Overrides are merged last, and a list replaces what is there. */
function overrideProblems({ overrides = {} }: AwsOptions): readonly SpecProblem[] {
  return NAMES_GROUPS.filter((key) => overrides[key] !== undefined).map((key) => ({
    option: `aws.overrides.${key}`,
    message: "replaces the security groups by which access and peers open: name groups in securityGroupIds",
  }))
}

function countProblems(options: AwsOptions, group: Opened): readonly SpecProblem[] {
  const count = groupCount(options, group)
  if (count <= MOST_GROUPS) return []
  const message = `asks for ${count} security groups a worker, one for each range; EC2 takes ${MOST_GROUPS} at most: join ranges to wider ones, or open to the address of a host that all go through (access.via)`
  return [{ option: group.access === undefined ? "cluster.peers" : "cluster.access", message }]
}

/** What `plan` says before EC2 does. */
export function accessNotes(options: AwsOptions, group: Opened): readonly string[] {
  const count = groupCount(options, group)
  if (count <= USUAL_GROUPS || (group.access === undefined && group.peers !== true)) return []
  return [
    `each worker is in ${count} security groups: launches are refused unless quota L-2AFB9258 (security groups of a network interface, ${USUAL_GROUPS} by default) is as large in ${options.region} (Service Quotas, VPC)`,
  ]
}

function groupCount({ securityGroupIds = [] }: AwsOptions, { access, peers }: Opened): number {
  const own = securityGroupIds.length
  const others = wantedGroups({ access: access?.from, own: own > 0 || peers === true })
  return own + others.length + (peers === true ? 1 : 0)
}
