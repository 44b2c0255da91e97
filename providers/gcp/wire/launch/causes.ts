/**
 * Why a VM could not be made, as an operation reports it: the message, and details with a page that helps and a sentence for
 * people ("google.rpc.Help", "google.rpc.LocalizedMessage").
 */
import type { JsonObject } from "../../../../src/provider.js"
import type { Shortage } from "../../../../src/simulator/index.js"
import { subnetworkOf } from "../prepare/addresses.js"
import type { BulkSpec } from "./bulk-spec.js"
import { helpOf, localized } from "../client/details.js"
import type { Asked } from "../client/handler.js"

/** Where a VM was to be made. */
export interface Site {
  readonly zone: string
  readonly machineType: string
}

const DOMAIN = "compute.googleapis.com"
const RESOURCE_ERROR = "https://cloud.google.com/compute/docs/resource-error"
const QUOTAS = "https://cloud.google.com/compute/quotas#requesting_additional_quota"

export function minNotReached(min: number): JsonObject {
  return { code: "VM_MIN_COUNT_NOT_REACHED", message: `Requested minimum count of ${min} VMs could not be created.` }
}

export function noAddress({ world, project }: Asked, { properties }: BulkSpec, name: string): JsonObject {
  const where = subnetworkOf(world, project, properties)
  return {
    code: "IP_SPACE_EXHAUSTED",
    message: `Instance '${name}' creation failed: IP space of '${where}' is exhausted.`,
  }
}

export function nameTaken(project: string, zone: string, name: string): JsonObject {
  const path = `projects/${project}/zones/${zone}/instances/${name}`
  return { code: "RESOURCE_ALREADY_EXISTS", message: `The resource '${path}' already exists` }
}

export function exhaustedMessage(project: string, { zone }: Site): string {
  return `The zone 'projects/${project}/zones/${zone}' does not have enough resources available to fulfill the request.  '(resource type:compute)'.`
}

/** "Troubleshooting resource availability errors": with details or, as it was once, without. */
export function shortageJson(
  { world, project, settings }: Asked,
  site: Site,
  { reason, message: text }: Shortage,
): JsonObject {
  if (reason === "quota") return quotaJson(quotaIn(text), world.settings.region)
  const message = exhaustedMessage(project, site)
  if (settings.exhausted !== "details") return { code: "ZONE_RESOURCE_POOL_EXHAUSTED", message }
  return { code: "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", message, errorDetails: exhaustedDetails(site) }
}

export function exhaustedDetails({ zone, machineType }: Site): readonly JsonObject[] {
  const advice =
    "Alternatively, you can try your request again with a different VM hardware configuration or at a later time. For more information, see the troubleshooting documentation."
  return [
    helpOf("Troubleshooting documentation", RESOURCE_ERROR),
    localized(`A ${machineType} VM instance is currently unavailable in the ${zone} zone. ${advice}`),
    {
      errorInfo: {
        reason: "resource_availability",
        domain: DOMAIN,
        metadatas: { zone, vmType: machineType, attachment: "", zonesAvailable: "" },
      },
    },
  ]
}

function quotaJson({ name, limit }: Quota, region: string): JsonObject {
  const quotaInfo = {
    metricName: `${DOMAIN}/${name.toLowerCase()}`,
    limitName: `${name}-per-project-region`,
    limit: Number(limit),
    dimensions: { region },
  }
  const errorDetails = [
    { quotaInfo },
    helpOf("The request for additional quota", QUOTAS),
    localized(`You have reached your quota of ${name} in ${region}.`),
  ]
  return { code: "QUOTA_EXCEEDED", message: quotaMessage({ name, limit }, region), errorDetails }
}

interface Quota {
  readonly name: string
  readonly limit: string
}

export function quotaMessage({ name, limit }: Quota, region: string): string {
  return `Quota '${name}' exceeded.  Limit: ${limit} in region ${region}.`
}

/** The world's own message is "quota N2_CPUS allows 3 more vCPUs". */
export function quotaIn(message: string): Quota {
  const [, name = "CPUS", limit = "0"] = /quota (.+) allows (\d+) more/.exec(message) ?? []
  return { name, limit }
}
