/** instances.bulkInsert and regionInstances.bulkInsert. */
import type { JsonObject } from "../../../src/provider.js"
import type { Creation, Operation, Shortage } from "../../../src/simulator/index.js"
import { addressesLeft, subnetworkOf } from "./addresses.js"
import { bulkSpec, type BulkSpec, checkDisks, checkMachine, type Disk } from "./bulk-spec.js"
import type { Asked, Handler } from "./handler.js"
import { noteNames } from "./names.js"
import { operationJson, type Outcome, startOperation } from "./operations.js"
import { invalid, Refusal } from "./refusals.js"
import { roundsOf, zonesFor } from "./shapes.js"

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const NO_UUID = "00000000-0000-0000-0000-000000000000"

/** @throws Refusal for what is no UUID; undefined when there is none. */
export function requestIdOf({ parameters: { requestId } }: Asked): string | undefined {
  if (requestId === undefined || (UUID.test(requestId) && requestId !== NO_UUID)) return requestId
  throw invalid("requestId", requestId, "The request ID must be a valid UUID, and not the zero UUID.")
}

/**
 * The operation that this request left when it was first sent. What the real service does with another body under the
 * same id is not documented; here it is refused, so that no adapter comes to rely on it.
 */
export function remembered(asked: Asked, scope: string): Operation | undefined {
  const requestId = requestIdOf(asked)
  if (requestId === undefined) return undefined
  const { world, body } = asked
  const known = world.tokens.find(scope, requestId, body, world.clock.now())
  if (known.kind === "mismatch")
    throw invalid("requestId", requestId, "The request ID was used before with another request.")
  return known.kind === "known" ? world.operations.get(String(known.made)) : undefined
}

export function remember({ world, parameters, body }: Asked, scope: string, operation: Operation): void {
  if (parameters.requestId !== undefined)
    world.tokens.keep(scope, parameters.requestId, body, operation.id, world.clock.now())
}

/** Where to try, in order. */
interface Place {
  readonly zone: string
  readonly machineType: string
  readonly disks: readonly Disk[]
}

interface Made {
  readonly counts: Record<string, { target: number; created: number }>
  readonly errors: JsonObject[]
}

function handler(
  scopeOf: (asked: Asked) => string,
  placesOf: (asked: Asked, spec: BulkSpec) => readonly Place[],
): Handler {
  return {
    cost: ({ body }) => ({ writes: 1, bulk: 1, creating: Number(body.count) || 1 }),
    creates: true,
    holdUntil: ({ world }, reply) =>
      world.operations.get(String((reply as { readonly name?: string }).name))?.doneAt ?? 0,
    answer(asked) {
      const { world, project, settings, parameters } = asked
      const scope = scopeOf(asked)
      const identity = `bulk/${scope}/${parameters.requestId ?? world.ledger.count()}`
      const before = remembered(asked, `bulk/${scope}`)
      if (before !== undefined) return operationJson(before, project)
      const spec = bulkSpec(asked)
      const { counts, errors } = make(asked, spec, placesOf(asked, spec))
      const requestId = parameters.requestId === undefined ? {} : { requestId: parameters.requestId }
      const status = errors.some(({ code }) => code === "RESOURCE_ALREADY_EXISTS") ? 409 : 503
      const error = errors.length === 0 ? {} : { error: { status, errors } }
      const outcome: Outcome = {
        scope,
        type: "bulkInsert",
        target: `${scope}/instances`,
        counts,
        ...requestId,
        ...error,
      }
      const operation = startOperation(world, identity, world.draw(settings.operationMs), outcome)
      remember(asked, `bulk/${scope}`, operation)
      return operationJson(operation, project)
    },
  }
}

/** From place to place until all are there. With nothing at all, quotas are refused at once and stock when it is done. */
export function make(asked: Asked, spec: BulkSpec, places: readonly Place[]): Made {
  const { settings } = asked
  const made: Made = { counts: {}, errors: [] }
  const short = new Map<Place, Shortage>()
  const room = addressesLeft(asked.world, asked.project, spec)
  let rest = spec.names.slice(0, room)
  const crowded = spec.count - rest.length
  const attempts = roundsOf(asked, spec.count).flatMap((most) =>
    places.map((place) => ({ place, most: most(place.zone) })),
  )
  for (const { place, most } of attempts) {
    const at = `zones/${place.zone}`
    const counted = made.counts[at] ?? { target: 0, created: 0 }
    const names = rest.slice(0, most - counted.created)
    if (names.length === 0) continue
    const creation = createIn(asked, spec, place, names)
    if (creation.kind === "exists") return taken(creation, place, spec)
    const { instances, shortage } = creation.kind === "created" ? creation : { instances: [], shortage: undefined }
    noteNames(asked.world, instances)
    made.counts[at] = { target: counted.target + instances.length, created: counted.created + instances.length }
    if (shortage !== undefined) short.set(place, shortage)
    rest = rest.slice(instances.length)
  }
  const shortages = [...short].map(([place, shortage]) => ({ place, shortage }))
  if (rest.length === 0 && crowded === 0) return made
  if (rest.length === spec.count) refuseAtOnce(asked, shortages)
  const last = places.at(-1)?.zone ?? ""
  const counted = made.counts[`zones/${last}`] ?? { target: 0, created: 0 }
  const missing = rest.length + crowded
  made.counts[`zones/${last}`] = { ...counted, target: counted.target + missing }
  if (missing > spec.count - spec.min) made.errors.push(minNotReached(spec.min))
  if (crowded > 0) made.errors.push(noAddress(asked, spec))
  made.errors.push(
    ...shortages.map(({ place, shortage }) => shortageJson(asked, place, shortage, settings.exhausted === "details")),
  )
  return made
}

function createIn(
  { world }: Asked,
  spec: BulkSpec,
  { zone, machineType, disks }: Place,
  names: readonly string[],
): Creation {
  return world.create({
    zone,
    instanceType: machineType,
    market: spec.market,
    min: 1,
    max: names.length,
    names,
    tags: spec.labels,
    publicAddress: spec.publicAddress,
    attributes: { properties: { ...spec.properties, disks } as unknown as JsonObject },
    ...(spec.expiresAt === undefined ? {} : { expiresAt: spec.expiresAt }),
  })
}

function taken({ instances }: Extract<Creation, { kind: "exists" }>, { zone }: Place, { count }: BulkSpec): Made {
  const errors = instances.map(({ name }) => ({
    code: "RESOURCE_ALREADY_EXISTS",
    message: `The resource 'zones/${zone}/instances/${name}' already exists`,
  }))
  return { counts: { [`zones/${zone}`]: { target: count, created: 0 } }, errors }
}

/** "Capacity and quota are checked before it starts": what cannot give one instance is refused. */
function refuseAtOnce(
  { world, settings }: Asked,
  shortages: readonly { readonly place: Place; readonly shortage: Shortage }[],
): void {
  const [first] = shortages
  if (first === undefined) return
  const { place, shortage } = first
  if (shortages.every((one) => one.shortage.reason === "quota")) {
    const { name, limit } = quotaIn(shortage)
    throw new Refusal(
      403,
      "quotaExceeded",
      `Quota '${name}' exceeded.  Limit: ${limit} in region ${world.settings.region}.`,
    )
  }
  if (settings.exhausted !== "request") return
  throw new Refusal(503, "resourcePoolExhausted", exhaustedMessage(place))
}

function quotaIn({ message }: Shortage): { readonly name: string; readonly limit: string } {
  const [, name = "CPUS", limit = "0"] = /quota (.+) allows (\d+) more/.exec(message) ?? []
  return { name, limit }
}

function noAddress({ world, project }: Asked, { names, properties }: BulkSpec): JsonObject {
  const where = subnetworkOf(world, project, properties)
  const message = `Instance '${names.at(-1)}' creation failed: IP space of '${where}' is exhausted.`
  return { code: "IP_SPACE_EXHAUSTED", message }
}

function minNotReached(min: number): JsonObject {
  return { code: "VM_MIN_COUNT_NOT_REACHED", message: `Requested minimum count of ${min} VMs could not be created.` }
}

function exhaustedMessage({ zone }: Place): string {
  return `The zone 'projects/muster-test/zones/${zone}' does not have enough resources available to fulfill the request.  Try a different zone, or try again later.`
}

function shortageJson({ world }: Asked, place: Place, shortage: Shortage, isDetailed: boolean): JsonObject {
  if (shortage.reason === "quota") {
    const { name, limit } = quotaIn(shortage)
    const { region } = world.settings
    const quotaInfo = {
      metricName: `compute.googleapis.com/${name.toLowerCase()}`,
      limitName: `${name}-per-project-region`,
      limit: Number(limit),
      dimensions: { region },
    }
    return {
      code: "QUOTA_EXCEEDED",
      message: `Quota '${name}' exceeded.  Limit: ${limit} in region ${region}.`,
      errorDetails: [{ quotaInfo }],
    }
  }
  if (!isDetailed) return { code: "ZONE_RESOURCE_POOL_EXHAUSTED", message: exhaustedMessage(place) }
  const metadatas = { zone: place.zone, vmType: place.machineType, attachment: "" }
  const errorInfo = { reason: "resource_availability", domain: "compute.googleapis.com", metadatas }
  return {
    code: "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
    message: `${exhaustedMessage(place)} (vmType: ${place.machineType})`,
    errorDetails: [{ errorInfo }],
  }
}

const zonal = handler(
  ({ parameters }) => `zones/${parameters.zone}`,
  (asked, spec) => {
    const zone = asked.parameters.zone ?? ""
    const { machineType = "", disks = [] } = spec.properties
    for (const key of ["locationPolicy", "instanceFlexibilityPolicy"]) {
      if (asked.body[key] !== undefined) throw invalid(`resource.${key}`, "", "It is only for regional requests.")
    }
    checkMachine(asked, zone, machineType, spec)
    return [{ zone, machineType, disks }]
  },
)

interface Selection {
  readonly rank?: string
  readonly machineTypes?: readonly string[]
  readonly disks?: readonly Disk[]
}

/** Lower ranks first; in each the zones of the policy, or all. A type that a zone has not is left out. */
const regional = handler(
  ({ parameters }) => `regions/${parameters.region}`,
  (asked, spec) => {
    const { world, project, body } = asked
    const allowed = zonesFor(asked)
    const { machineType, disks: common = [] } = spec.properties
    const { instanceSelections } = (body.instanceFlexibilityPolicy ?? {}) as {
      readonly instanceSelections?: Readonly<Record<string, Selection>>
    }
    const selections: readonly Selection[] = Object.values(
      instanceSelections ?? { only: { machineTypes: [machineType ?? ""] } },
    )
    const ranked = [...selections].sort((a, b) => Number(a.rank ?? 0) - Number(b.rank ?? 0))
    const places = ranked.flatMap(({ machineTypes = [], disks = common }) =>
      machineTypes.flatMap((type) =>
        allowed.filter((zone) => sells(asked, spec, zone, type)).map((zone) => ({ zone, machineType: type, disks })),
      ),
    )
    if (places.length === 0)
      throw invalid("resource.instanceFlexibilityPolicy", "", "No valid combination of machine type and zone.")
    for (const { zone, machineType: type, disks } of places) {
      const offer = world.offers.find((one) => one.zone === zone && one.instanceType === type)
      checkDisks(world, project, { machineType: type, arch: offer?.arch ?? "x86_64" }, disks)
    }
    return places
  },
)

function sells({ world }: Asked, { market }: BulkSpec, zone: string, machineType: string): boolean {
  return world.offers.some((one) => one.zone === zone && one.instanceType === machineType && one.market === market)
}

export const BULK: Readonly<Record<string, Handler>> = {
  "instances.bulkInsert": zonal,
  "regionInstances.bulkInsert": regional,
}
