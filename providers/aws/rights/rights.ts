/** The rights on EC2: each action, what it is for, under which condition, and how EC2 can be asked for it. */
import type { NeededRight, Purpose } from "../../../src/rights.js"

export const PURPOSES: readonly Purpose[] = [
  {
    name: "launch",
    what: "launching, listing and ending workers",
    when: "always",
    without: "nothing can be launched, or nothing be ended",
  },
  {
    name: "types",
    what: "choosing types by size",
    when: "usual",
    without: "sizes are unknown, so that types must be named",
  },
  {
    name: "images",
    what: "finding images by name",
    when: "usual",
    without: "the image must be named with its processor and devices: { id, arch, devices }",
  },
  {
    name: "network",
    what: "finding the default subnets and making the shared security group",
    when: "usual",
    without: "subnets must be named, and workers are in the VPC's default security group",
  },
  {
    name: "claim",
    what: "claiming a cluster's name, so that one process alone owns it",
    when: "usual",
    without: "clusters are claimed by tags alone, and there are no fleets",
  },
  {
    name: "close",
    what: "looking for disks and network interfaces that stayed behind",
    when: "usual",
    without: "what stayed behind of a cluster is not seen",
  },
  {
    name: "spot",
    what: "fleets, spot prices and notices of interruptions",
    when: "usual",
    without: "spot goes without fleets, prices or notices",
  },
  {
    name: "attach",
    what: "taking over clusters that live, and reading what their workers are",
    when: "usual",
    without: "the spec must be given again, and a process that had the cluster is not stopped",
  },
  {
    name: "leases",
    what: "renewing leases",
    when: "usual",
    without: "a cluster with a lease ends with its first one",
  },
  {
    name: "console",
    what: "reading the consoles of workers that failed",
    when: "usual",
    without: "failed boots are told without the last lines of their consoles",
  },
  {
    name: "sweep",
    what: "removing what stayed behind, and the shared security group",
    when: "usual",
    without: "what stayed behind must be removed by somebody else",
  },
  {
    name: "access",
    what: "access: opening port 22 to ranges of addresses",
    when: "asked",
    without: "workers cannot be opened to ssh",
  },
  {
    name: "peers",
    what: "peers: a security group of each cluster's own",
    when: "asked",
    without: "a cluster with peers cannot be made, or its group stays behind",
  },
  {
    name: "prices",
    what: "on-demand prices of the Price List API",
    when: "asked",
    without: "on-demand prices are unknown, unless the option prices has them",
  },
  {
    name: "quotas",
    what: "quotas of Service Quotas",
    when: "asked",
    without: "quotas are only known once EC2 refuses a launch",
  },
  {
    name: "decode",
    what: "decoding why EC2 refused something",
    when: "asked",
    without: "refusals come with the command that decodes them",
  },
  {
    name: "profile",
    what: "giving workers an instance profile",
    when: "asked",
    without: "launches with instanceProfile are refused",
  },
  {
    name: "spot-role",
    what: "making the service-linked role of spot, once an account",
    when: "asked",
    without: "spot is refused until somebody has made AWSServiceRoleForEC2Spot",
  },
]

/** What an action is allowed on; the statement that allows it is made of this. */
export type On =
  | "anything"
  /** What the named request makes. */
  | { readonly madeBy: string }
  /** Instances and the rest that carry our tag. */
  | "ours"
  /** What is ours, with these keys of tags alone. */
  | { readonly tagKeys: readonly string[] }
  /** Set-up that clusters share. */
  | "shared"
  /** Network interfaces of ours, with any instance and group. */
  | "our-interfaces"
  /** A role that the user must name. */
  | "named-role"
  | "spot-role"

export interface AwsRight extends NeededRight {
  readonly on: On
}

const row = (action: string, purposes: string, on: On = "anything", ask?: NeededRight["ask"]): AwsRight => ({
  name: action.includes(":") ? action : `ec2:${action}`,
  for: purposes.split(" "),
  on,
  ask: ask ?? (on === "anything" ? "alone" : "on-ours"),
})

/** Tags inside a creation are allowed with it: a trial of the creation tells both ("Grant permission to tag", EC2's user guide). */
const tagged = (madeBy: string, purposes: string) => row("CreateTags", purposes, { madeBy }, "alone")

export const RIGHTS: readonly AwsRight[] = [
  row("RunInstances", "launch"),
  row("DescribeInstances", "launch"),
  tagged("RunInstances", "launch"),
  row("TerminateInstances", "launch", "ours"),

  row("DescribeInstanceTypes", "types"),
  row("DescribeInstanceTypeOfferings", "types"),
  row("DescribeImages", "images"),
  row("DescribeSubnets", "network access peers"),
  row("DescribeRouteTables", "network"),
  row("DescribeSecurityGroups", "network access peers sweep"),
  row("CreateSecurityGroup", "network access peers"),
  row("AuthorizeSecurityGroupIngress", "network access peers", "anything", "on-ours"),
  tagged("CreateSecurityGroup", "network access peers"),

  row("DescribeLaunchTemplates", "claim spot"),
  row("CreateLaunchTemplate", "claim spot"),
  tagged("CreateLaunchTemplate", "claim spot"),
  row("DeleteLaunchTemplate", "claim spot", "ours"),
  row("DescribeVolumes", "close sweep"),
  row("DescribeNetworkInterfaces", "close sweep access"),

  row("CreateFleet", "spot"),
  tagged("CreateFleet", "spot"),
  row("DescribeFleets", "spot"),
  row("DescribeSpotInstanceRequests", "spot"),
  row("DescribeSpotPriceHistory", "spot"),

  row("DescribeInstanceAttribute", "attach", "anything", "on-ours"),
  row("CreateTags", "attach", { tagKeys: ["muster-taken", "muster-holder"] }),
  row("CreateTags", "leases", { tagKeys: ["muster-lease"] }),
  row("GetConsoleOutput", "console", "anything", "on-ours"),
  row("DeleteNetworkInterface", "sweep", "ours"),
  row("DeleteVolume", "sweep", "ours"),
  row("DeleteSecurityGroup", "sweep", "shared"),

  row("ModifyNetworkInterfaceAttribute", "access", "our-interfaces"),
  row("DeleteSecurityGroup", "peers", "ours"),

  row("pricing:GetProducts", "prices", "anything", "never"),
  row("servicequotas:GetServiceQuota", "quotas", "anything", "never"),
  row("sts:DecodeAuthorizationMessage", "decode", "anything", "never"),
  row("iam:PassRole", "profile", "named-role", "never"),
  row("iam:CreateServiceLinkedRole", "spot-role", "spot-role", "never"),
]
