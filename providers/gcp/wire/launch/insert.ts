/** instances.insert: one instance, by a request that names things by URL, where a bulk request takes bare names. */
import type { JsonObject } from "../../../../src/provider.js"
import { remember, remembered } from "../client/request-ids.js"
import type { Disk } from "../client/messages.js"
import { bulkSpec, checkMachine } from "./bulk-spec.js"
import type { Asked, Handler } from "../client/handler.js"
import { make } from "./make.js"
import { byName } from "../observe/names.js"
import { operationJson, type Outcome, startOperation } from "../client/operations.js"
import { invalid, Refusal } from "../client/refusals.js"

interface InstanceBody {
  readonly name?: string
  readonly machineType?: string
  readonly disks?: readonly Disk[]
}

/** The bulk request for the same one instance. */
function asBulk(asked: Asked, zone: string): Asked {
  const { name = "", machineType = "", disks = [], ...rest } = asked.body as InstanceBody & JsonObject
  if (name === "") throw new Refusal(400, "required", "Required field 'resource.name' not specified")
  const instanceProperties = {
    ...rest,
    machineType: lastOf("machineTypes", zone, "resource.machineType", machineType),
    disks: disks.map(({ initializeParams, ...disk }) => ({
      ...disk,
      ...(initializeParams === undefined ? {} : { initializeParams: paramsOf(zone, initializeParams) }),
    })),
  } as unknown as JsonObject
  return { ...asked, body: { count: "1", perInstanceProperties: { [name]: {} }, instanceProperties } }
}

function paramsOf(zone: string, { diskType, ...rest }: NonNullable<Disk["initializeParams"]>): JsonObject {
  const type = diskType === undefined ? {} : { diskType: lastOf("diskTypes", zone, "resource.disks", diskType) }
  return { ...rest, ...type } as JsonObject
}

/** "zones/Z/machineTypes/T", or the whole URL of it. */
function lastOf(kind: string, zone: string, field: string, url: string): string {
  const match = new RegExp(`(?:^|/)zones/${zone}/${kind}/([a-z0-9-]+)$`).exec(url)
  if (match?.[1] !== undefined) return match[1]
  throw invalid(field, url, "The URL is malformed.")
}

export const INSERT: Handler = {
  cost: () => ({ writes: 1, creating: 1 }),
  creates: true,
  answer(asked) {
    const { world, project, settings, parameters } = asked
    const { zone = "", requestId } = parameters
    const scope = `zones/${zone}`
    const before = remembered(asked, `insert/${scope}`)
    if (before !== undefined) return operationJson(before, project)
    const single = asBulk(asked, zone)
    const spec = bulkSpec(single)
    const { machineType = "", disks = [] } = spec.properties
    checkMachine(single, zone, machineType, spec)
    const [name = ""] = spec.names
    const path = `projects/${project}/${scope}/instances/${name}`
    const existing = byName(world, zone, name)
    if (existing !== undefined && existing.state !== "terminated")
      throw new Refusal(409, "alreadyExists", `The resource '${path}' already exists`)
    const errors = make(single, spec, [{ zone, machineType, disks }]).failed.map(({ error }) => error)
    const outcome: Outcome = {
      scope,
      type: "insert",
      target: `${scope}/instances/${name}`,
      ...(requestId === undefined ? {} : { requestId }),
      ...(errors.length === 0 ? {} : { error: { status: 503, errors } }),
    }
    const identity = `insert/${scope}/${requestId ?? world.ledger.count()}`
    const operation = startOperation(world, identity, world.draw(settings.operationMs), outcome)
    remember(asked, `insert/${scope}`, operation)
    return operationJson(operation, project)
  },
}
