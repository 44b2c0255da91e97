/**
 * The IAM permissions that each method needs ("IAM permissions" in the methods' references). A bulk request makes what it
 * names, so it needs the rights to that: labels, metadata, disks, an address, an image of the project, an account.
 */
import type { Asked } from "./handler.js"
import type { Properties } from "./messages.js"
import { Refusal } from "./refusals.js"

/** Of methods whose permission has another name than they themselves. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  "instances.aggregatedList": ["instances.list"],
  "disks.aggregatedList": ["disks.list"],
  "zoneOperations.wait": ["zoneOperations.get"],
  "regionOperations.wait": ["regionOperations.get"],
  "globalOperations.wait": ["globalOperations.get"],
  // A rule is part of its network's policy.
  "firewalls.insert": ["firewalls.create", "networks.updatePolicy"],
  "firewalls.patch": ["firewalls.update", "networks.updatePolicy"],
  "firewalls.delete": ["firewalls.delete", "networks.updatePolicy"],
  // The catalogue is everybody's.
  "cloudbilling.services.skus.list": [],
  "cloudresourcemanager.projects.testIamPermissions": [],
}

/** What a request needs, such as "compute.instances.create". */
export function permissionsOf(api: string, asked: Pick<Asked, "body" | "parameters" | "project">): readonly string[] {
  const { body, parameters, project } = asked
  // Every authenticated caller may read public images.
  if (api.startsWith("images.") && parameters.project !== project) return []
  const isLaunch = /^(instances|regionInstances)\.(bulkInsert|insert)$/.test(api)
  const needed = isLaunch
    ? launchPermissions((body.instanceProperties ?? body) as unknown as Properties, project)
    : (NAMED[api] ?? [api])
  return needed.map((name) => (name.includes("iam.") ? name : `compute.${name}`))
}

function launchPermissions(properties: Properties, project: string): readonly string[] {
  const { labels, metadata, disks = [], networkInterfaces = [], serviceAccounts = [], tags } = properties
  const images = disks.map(({ initializeParams }) => initializeParams?.sourceImage ?? "")
  const isOwn = (image: string) => image.startsWith("global/") || image.includes(`projects/${project}/`)
  const needs: readonly (readonly [needed: boolean, permission: string])[] = [
    [true, "instances.create"],
    [Object.keys(labels ?? {}).length > 0, "instances.setLabels"],
    [(metadata?.items ?? []).length > 0, "instances.setMetadata"],
    [(tags?.items ?? []).length > 0, "instances.setTags"],
    [disks.length > 0, "disks.create"],
    [disks.some(({ initializeParams }) => Object.keys(initializeParams?.labels ?? {}).length > 0), "disks.setLabels"],
    [true, "subnetworks.use"],
    [networkInterfaces.some(({ accessConfigs = [] }) => accessConfigs.length > 0), "subnetworks.useExternalIp"],
    [images.some(isOwn), "images.useReadOnly"],
    [serviceAccounts.length > 0, "instances.setServiceAccount"],
    [serviceAccounts.length > 0, "iam.serviceAccounts.actAs"],
  ]
  return needs.flatMap(([needed, permission]) => (needed ? [permission] : []))
}

/** @throws Refusal that names the first permission that is not granted. */
export function checkPermissions(api: string, asked: Asked, granted: ReadonlySet<string>): void {
  const missing = permissionsOf(api, asked).find((permission) => !granted.has(permission))
  if (missing === undefined) return
  const resource = `projects/${asked.project}`
  const info = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason: "IAM_PERMISSION_DENIED",
    domain: "compute.googleapis.com",
    metadatas: { permission: missing, resource },
  }
  throw new Refusal(403, "forbidden", `Required '${missing}' permission for '${resource}'`, [info])
}
