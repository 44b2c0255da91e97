/** The bulk inserts that a walk sends beside its launches: each is a launch of the chosen type with one thing otherwise. Pure. */
import { TAG } from "../../../../src/fleet/tags.js"
import type { JsonObject, LaunchCall } from "../../../../src/provider.js"
import { hexOf, instanceName, uuidOf } from "../../client/ids/names.js"

export interface Insert {
  readonly requestId: string
  readonly body: JsonObject
  /** What it would make that the launch has not made. */
  readonly extra?: string
}

/** The same once more. */
export function replayOf({ token, body }: LaunchCall): Insert {
  return { requestId: uuidOf(token), body }
}

/** The same request id, for another name. */
export function otherBodyOf(call: LaunchCall): Insert {
  const extra = nameFor(call, "other")
  return { requestId: uuidOf(call.token), body: namedAs(call, "other", [extra]), extra }
}

/** The same names under another request id. */
export function takenOf(call: LaunchCall): Insert {
  return { requestId: requestIdFor(call, "taken"), body: namedAs(call, "taken", call.names ?? []) }
}

/** A name that is taken beside one that is not: as many as can be had are asked for. */
export function partialOf(call: LaunchCall): Insert {
  const extra = nameFor(call, "partial")
  const names = [...(call.names ?? []).slice(0, 1), extra]
  return { requestId: requestIdFor(call, "partial"), body: namedAs(call, "partial", names), extra }
}

/** From an image that there is not. */
export function imageless(call: LaunchCall, image: string): Insert {
  const { instanceProperties } = call.body
  const properties = instanceProperties as JsonObject & { readonly disks?: readonly JsonObject[] }
  const disks = (properties.disks ?? []).map((disk) => {
    const { initializeParams } = disk
    return { ...disk, initializeParams: { ...(initializeParams as JsonObject), sourceImage: image } }
  })
  const body = { ...call.body, instanceProperties: { ...properties, disks } }
  return { requestId: requestIdFor(call, image), body }
}

/** Of a type that there is not. */
export function typeless(call: LaunchCall, machineType: string): Insert {
  const { instanceProperties } = call.body
  const body = { ...call.body, instanceProperties: { ...(instanceProperties as JsonObject), machineType } }
  return { requestId: requestIdFor(call, machineType), body }
}

function nameFor({ group, token }: LaunchCall, what: string): string {
  return instanceName(`muster-${group}-${what}`, `${token}/${what}`)
}

function requestIdFor({ token }: LaunchCall, what: string): string {
  return uuidOf(hexOf(`${token}/${what}`, 32))
}

/** What it makes is of the cluster and of a launch of its own. */
function namedAs(call: LaunchCall, what: string, names: readonly string[]): JsonObject {
  const { instanceProperties } = call.body
  const { labels, ...rest } = instanceProperties as JsonObject & { readonly labels?: JsonObject }
  const own = what === "taken" ? {} : { [TAG.launch]: hexOf(`${call.token}/${what}`, 32) }
  return {
    ...call.body,
    count: String(names.length),
    perInstanceProperties: Object.fromEntries(names.map((name) => [name, {}])),
    instanceProperties: { ...rest, labels: { ...labels, ...own } },
  }
}
