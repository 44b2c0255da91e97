/** Conditions of requests, and the checks that several kinds of network resources share. */
import { Refusal } from "../client/refusals.js"
import type { Asked } from "../client/route.js"

/**
 * "If-None-Match: *" and "If-Match" ("Precondition failed.", kubernetes-sigs/cloud-provider-azure#9729).
 *
 * @param etag of what is there; undefined: nothing is.
 */
export function checkConditions({ headers, path }: Asked, etag: string | undefined): void {
  const given = headers["if-match"]
  if (headers["if-none-match"] === "*" && etag !== undefined) {
    throw new Refusal(412, "PreconditionFailed", `The precondition 'If-None-Match: *' failed: '${path}' exists.`)
  }
  if (given === undefined || given === etag) return
  const message = `Etag provided in if-match header ${given} does not match etag ${etag ?? ""} of resource ${path} in NRP data store.`
  throw new Refusal(412, "PreconditionFailed", "Precondition failed.", {
    details: [{ code: "PreconditionFailedEtagMismatch", message }],
  })
}

export function notFound(type: string, group: string, name: string): Refusal {
  const message = `The Resource '${type}/${name}' under resource group '${group}' was not found.`
  return new Refusal(404, "ResourceNotFound", message)
}

export function missingReference(id: string): Refusal {
  const message = `Resource ${id} referenced by resource was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`
  return new Refusal(400, "InvalidResourceReference", message)
}

/** `group/name` of a resource's id, in lower case; empty for an id of another type. */
export function keyIn(id: string, type: string): string {
  const pattern = new RegExp(`/resourcegroups/([^/]+)/providers/${type.toLowerCase().replaceAll(".", "\\.")}/([^/]+)$`)
  const [, group, name] = pattern.exec(id.toLowerCase()) ?? []
  return group === undefined || name === undefined ? "" : `${group}/${name}`
}
