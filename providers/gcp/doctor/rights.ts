/**
 * Which permissions the principal has: Cloud Resource Manager is asked for all of them at once, with plain requests, as it is another
 * service than Compute Engine. Who asks needs no permission for it, but its API must be enabled.
 */
import { AuthError, RejectedError } from "../../../src/errors.js"
import type { Calls, SeenRight } from "../../../src/provider.js"
import { rightsFor } from "../../../src/rights.js"
import { toMusterError } from "../client/errors.js"
import { jsonOf } from "../client/json.js"
import type { Connection } from "../client/send.js"
import type { GcpOptions } from "../options.js"
import { RIGHTS } from "../rights/rights.js"

const ENDPOINT = "https://cloudresourcemanager.googleapis.com"

interface Asked {
  readonly options: GcpOptions
  readonly connection: Connection
}

export async function rights(asked: Asked, purposes: readonly string[], calls: Calls): Promise<readonly SeenRight[]> {
  const wanted = rightsFor(RIGHTS, new Set(purposes))
  const names = wanted.filter(({ ask }) => ask === "alone").map(({ name }) => name)
  const has = await granted(asked, names, calls)
  return wanted.map(({ name, for: own, ask }): SeenRight => {
    const right = { name, for: own }
    if (ask === "never") return { ...right, why: "it may be granted on the service account alone" }
    if (typeof has === "string") return { ...right, why: has }
    return { ...right, isAllowed: has.has(name) }
  })
}

/** A text: why it is not known. */
async function granted(
  { options, connection }: Asked,
  permissions: readonly string[],
  calls: Calls,
): Promise<ReadonlySet<string> | string> {
  const endpoint = endpointOf(options)
  if (endpoint === undefined) return "an endpoint of another than Google knows no Cloud Resource Manager"
  const project = await connection.identity.project()
  try {
    return new Set(
      await test(connection, `${endpoint}/v1/projects/${project}:testIamPermissions`, permissions, { options, calls }),
    )
  } catch (error) {
    if (!(error instanceof AuthError || error instanceof RejectedError)) throw error
    return `Cloud Resource Manager does not tell: ${error.message}; enable it: gcloud services enable cloudresourcemanager.googleapis.com`
  }
}

/** As with prices: another's Compute Engine says nothing of it. */
function endpointOf({ apiEndpoint, resourceManagerEndpoint }: GcpOptions): string | undefined {
  const given = resourceManagerEndpoint ?? (apiEndpoint === undefined ? ENDPOINT : undefined)
  return given?.replace(/\/$/, "")
}

async function test(
  { exchange }: Connection,
  url: string,
  permissions: readonly string[],
  { options, calls }: { readonly options: GcpOptions; readonly calls: Calls },
): Promise<readonly string[]> {
  const headers = { "content-type": "application/json" }
  const body = JSON.stringify({ permissions })
  const api = "cloudresourcemanager.projects.testIamPermissions"
  return calls.send(api, {}, async ({ signal }) => {
    try {
      const reply = jsonOf(await exchange({ api, url, method: "POST", headers, body, signal }))
      const { permissions: has = [] } = (reply ?? {}) as { readonly permissions?: unknown }
      if (Array.isArray(has)) return has.map(String)
      throw new RejectedError("the answer is no list of permissions")
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw toMusterError(error, { what: "asking which permissions there are", region: options.region, now: calls.now })
    }
  })
}
