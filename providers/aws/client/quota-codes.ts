/**
 * The codes of quotas that have run out, each with which one it is and what gives some of it free ("Error codes for the Amazon EC2
 * API", client error codes; the quotas' own codes are those of Service Quotas).
 */
import type { CodeRow } from "./code-rows.js"
import type { Market } from "../../../src/provider.js"

/** Terminated instances may count against a quota for a while ("Instance state changes"). */
const QUOTA_MS = 60_000
/** Quotas on disks and interfaces free up as instances end, not by waiting. */
export const OTHER_QUOTA_MS = 10 * 60_000

const regionQuota = { verdict: "quota", scope: "region", ttlMs: OTHER_QUOTA_MS } as const

/** What a place may have of security groups and of launch templates; instances are launched without ours. */
export const NO_ROOM_FOR_GROUPS = ["SecurityGroupLimitExceeded", "RulesPerSecurityGroupLimitExceeded"]
export const NO_ROOM_FOR_TEMPLATES = ["MaxTemplateLimitExceeded", "MaxTemplateVersionLimitExceeded"]

const SWEEP = "end what is left of earlier clusters (muster sweep)"

export const QUOTAS: readonly CodeRow[] = [
  // The offer's family decides which quota it is.
  {
    codes: ["VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded"],
    verdict: "quota",
    scope: "family",
    ttlMs: QUOTA_MS,
  },
  {
    // "Enforced per Availability Zone" (Amazon VPC quotas).
    codes: ["NetworkInterfaceLimitExceeded"],
    verdict: "quota",
    scope: "zone",
    ttlMs: OTHER_QUOTA_MS,
    remedy:
      "delete network interfaces that nothing uses, add zones, or ask for an increase of quota L-DF5E4CA3 (network interfaces) in {region} (Service Quotas, VPC)",
  },
  {
    // "You've reached the limit on your Amazon EBS volume storage": gp3, as every disk is.
    codes: ["VolumeLimitExceeded"],
    ...regionQuota,
    remedy:
      "delete volumes that nothing uses, make the root disks smaller (rootGiB), or ask for an increase of quota L-7A658B76 (gp3 storage) in {region} (Service Quotas, EBS)",
  },
  {
    codes: ["MaxIOPSLimitExceeded", "VolumeIOPSLimit"],
    ...regionQuota,
    remedy:
      "delete volumes that nothing uses, or ask for an increase of the quota on IOPS of disks in {region} (Service Quotas, EBS)",
  },
  {
    codes: ["AddressLimitExceeded"],
    ...regionQuota,
    remedy:
      "release Elastic IP addresses that nothing uses, do without public addresses (publicAddress: false), or ask for an increase of quota L-0263D0A3 (Elastic IPs) in {region} (Service Quotas, EC2)",
  },
  {
    codes: ["HostLimitExceeded"],
    ...regionQuota,
    remedy: "release dedicated hosts, or ask for an increase of their quota in {region} (Service Quotas, EC2)",
  },
  {
    codes: ["ResourceLimitExceeded", "TargetCapacityLimitExceeded*"],
    ...regionQuota,
    ttlMs: QUOTA_MS,
    remedy: "ask for an increase of what the message names in {region} (Service Quotas)",
  },
  {
    // On demand RunInstances does without a fleet.
    codes: ["MaxFleetCountExceeded"],
    verdict: "quota",
    scope: "market",
    ttlMs: QUOTA_MS,
    remedy: "ask for an increase of the quota on EC2 Fleets in {region} (Service Quotas, EC2), or allow on demand",
  },
  {
    codes: ["SecurityGroupLimitExceeded"],
    ...regionQuota,
    remedy: `delete security groups that nothing uses, ${SWEEP}, name groups of your own (securityGroupIds), or ask for an increase of quota L-E79EC296 (security groups) in {region} (Service Quotas, VPC)`,
  },
  {
    codes: ["RulesPerSecurityGroupLimitExceeded"],
    ...regionQuota,
    remedy:
      "remove rules of this group that nobody needs, name groups of your own (securityGroupIds), or ask for an increase of quota L-0EA8095F (rules of a security group) in {region} (Service Quotas, VPC)",
  },
  {
    codes: ["SecurityGroupsPerInstanceLimitExceeded", "SecurityGroupsPerInterfaceLimitExceeded"],
    verdict: "rejected",
    remedy:
      "name fewer groups in securityGroupIds, or fewer ranges in access.from (each is a group), or ask for an increase of quota L-2AFB9258 (security groups of a network interface) in {region} (Service Quotas, VPC)",
  },
  {
    codes: NO_ROOM_FOR_TEMPLATES,
    ...regionQuota,
    remedy: `delete launch templates that nothing uses, ${SWEEP}, launch without fleets (fleet: false), or ask for an increase of the quota on launch templates in {region} (Service Quotas, EC2)`,
  },
]

/** Service Quotas codes of the running-instance limits, in vCPUs. */
const QUOTA_CODES: Readonly<Record<string, { readonly [M in Market]?: string }>> = {
  standard: { "on-demand": "L-1216C47A", spot: "L-34B43A08" },
  "g-vt": { "on-demand": "L-DB2E81BA", spot: "L-3819A6DF" },
  p: { "on-demand": "L-417A185B", spot: "L-7212CCBC" },
  inf: { "on-demand": "L-1945791B", spot: "L-B5D1601B" },
  trn: { "on-demand": "L-2C3B7624", spot: "L-6B0D517C" },
  dl: { "on-demand": "L-6E869C2A", spot: "L-85EED4F7" },
  f: { "on-demand": "L-74FC7D96", spot: "L-88CF9481" },
  x: { "on-demand": "L-7295265B", spot: "L-E3A00192" },
  "high-memory": { "on-demand": "L-43DA4232" },
  hpc: { "on-demand": "L-F7808C92" },
}

export function quotaCodeOf(family: string, market: Market): string | undefined {
  return QUOTA_CODES[family]?.[market]
}
