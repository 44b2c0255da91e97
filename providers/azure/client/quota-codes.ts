/** Azure's codes for what a subscription may have no more of, in order ("Resolve errors for resource quotas"): rows of `codes.ts`. */
import { type CodeRow, HOUR_MS, MINUTE_MS } from "./code-rows.js"

const QUOTA_MS = 10 * MINUTE_MS

const MORE_QUOTA = "ask for an increase under Quotas in the portal (or: az quota update)"

const FEWER_ADDRESSES = `${MORE_QUOTA} of public addresses, or set publicAddress: false and give the subnet a NAT gateway`

export const QUOTA_CODES: readonly CodeRow[] = [
  {
    codes: ["OperationNotAllowed", "QuotaExceeded"],
    message: /(low[\s-]*priority|spot)\s*(v?cpus|cores)/i,
    verdict: "quota",
    scope: "market",
    ttlMs: HOUR_MS,
    remedy: `${MORE_QUOTA} of spot vCPUs, or use on-demand instances`,
  },
  // Disks have quotas by kind ("PremiumDiskCount"), and so have VMs themselves ("Azure subscription and service limits").
  {
    codes: ["OperationNotAllowed", "QuotaExceeded"],
    message: /\w*disk\w*(count|size\w*)?\s+quota|quota[^.]*\bdisks?\b/i,
    verdict: "quota",
    scope: "region",
    ttlMs: QUOTA_MS,
    remedy: `${MORE_QUOTA} of managed disks, or give disk.type another kind, or disk.ephemeral: true, which needs none`,
  },
  {
    codes: ["OperationNotAllowed", "QuotaExceeded"],
    message: /(virtual ?machines|\bVMs?) quota/i,
    verdict: "quota",
    scope: "region",
    ttlMs: QUOTA_MS,
    remedy: `${MORE_QUOTA} of virtual machines, or ask for fewer and larger sizes, or add a location`,
  },
  {
    codes: ["OperationNotAllowed", "QuotaExceeded"],
    message: /public ?ip/i,
    verdict: "quota",
    scope: "region",
    ttlMs: QUOTA_MS,
    remedy: FEWER_ADDRESSES,
  },
  {
    codes: ["OperationNotAllowed", "QuotaExceeded"],
    message: /family cores quota[\s\S]*current limit: 0\b/i,
    verdict: "quota",
    scope: "family",
    ttlMs: HOUR_MS,
    remedy: `this subscription has none of this family; ${MORE_QUOTA}, or add sizes of another family`,
  },
  {
    codes: ["OperationNotAllowed", "QuotaExceeded"],
    message: /family cores quota/i,
    verdict: "quota",
    scope: "family",
    ttlMs: QUOTA_MS,
    remedy: `${MORE_QUOTA}, or add sizes of another family`,
  },
  {
    codes: ["OperationNotAllowed", "QuotaExceeded"],
    // The second is how it was said before there were quotas of families.
    message: /total regional (cores|vcpus)|quota limits? of core\b/i,
    verdict: "quota",
    scope: "market",
    ttlMs: QUOTA_MS,
    remedy: `${MORE_QUOTA} of regional vCPUs, or add a location`,
  },
  {
    codes: ["OperationNotAllowed"],
    message: /exceeding[\s\S]*quota|quota increase/i,
    verdict: "quota",
    scope: "family",
    ttlMs: QUOTA_MS,
    remedy: MORE_QUOTA,
  },
  {
    codes: ["QuotaExceeded", "ResourceQuotaExceeded"],
    verdict: "quota",
    scope: "family",
    ttlMs: QUOTA_MS,
    remedy: MORE_QUOTA,
  },
  {
    codes: ["PublicIP*LimitReached", "PublicIpQuotaExceeded"],
    verdict: "quota",
    scope: "region",
    ttlMs: QUOTA_MS,
    remedy: FEWER_ADDRESSES,
  },
  {
    codes: ["NetworkInterface*LimitReached"],
    verdict: "quota",
    scope: "region",
    ttlMs: QUOTA_MS,
    remedy: `${MORE_QUOTA} of network interfaces, or add a location`,
  },
  {
    codes: ["SubnetIsFull", "InsufficientSubnetSize"],
    verdict: "quota",
    scope: "region",
    ttlMs: QUOTA_MS,
    remedy: "name a larger subnet with subnetId; a deleted VM may hold its address for three minutes more",
  },
]
