/** instances.bulkInsert and regionInstances.bulkInsert. */
import type { Scope } from "../../../../src/provider.js"
import { errorOf, isAbout, refusalOf, type ScriptedAnswer } from "../client/answers.js"
import { bulkSpec, type BulkSpec, checkDisks, checkMachine } from "./bulk-spec.js"
import type { Asked, Handler } from "../client/handler.js"
import { groupOf, keepFailed } from "./inserts.js"
import { type Made, make, type Place } from "./make.js"
import { operationJson, type Outcome, startOperation, statusOf } from "../client/operations.js"
import { invalid } from "../client/refusals.js"
import { remember, remembered } from "../client/request-ids.js"
import type { Disk } from "../client/messages.js"
import { zonesFor } from "./shapes.js"

function handler(
  api: string,
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
      const made = scripted(asked, api, spec, placesOf(asked, spec))
      const doneInMs = world.draw(settings.operationMs)
      const group = groupOf(identity)
      keepFailed(asked, made.failed, group, doneInMs)
      const requestId = parameters.requestId === undefined ? {} : { requestId: parameters.requestId }
      const outcome = {
        scope,
        type: "bulkInsert",
        target: `${scope}/instances`,
        group,
        ...requestId,
        ...reportOf(made),
      }
      const operation = startOperation(world, identity, doneInMs, outcome)
      remember(asked, `bulk/${scope}`, operation)
      return operationJson(operation, project)
    },
  }
}

/** The part of the operation that reports what was made. */
function reportOf({ names, failed, errors }: Made): Pick<Outcome, "counts" | "made" | "error"> {
  const zones = [...new Set([...Object.keys(names), ...failed.map(({ zone }) => zone)])]
  const counts = zones.map((zone) => {
    const created = names[zone]?.length ?? 0
    const target = created + failed.filter((vm) => vm.zone === zone).length
    return [`zones/${zone}`, { target, created }] as const
  })
  const cause = errors.at(-1)
  return {
    // One that failed before it began has none.
    ...(counts.length === 0 ? {} : { counts: Object.fromEntries(counts), made: names }),
    ...(cause === undefined ? {} : { error: { status: statusOf(cause), errors } }),
  }
}

/**
 * Makes it, as far as scripts let it. What they refuse of several places is left out, as an "invalid combination" of a flexible
 * request is; what they refuse of all is refused.
 */
function scripted(asked: Asked, api: string, spec: BulkSpec, places: readonly Place[]): Made {
  const { answers } = asked.settings
  const pools = new Map(places.map((place) => [place, poolOf(spec, place)]))
  const without = (left: readonly Place[], answer: ScriptedAnswer | undefined) =>
    answer === undefined ? left : left.filter((place) => !isAbout(answer, pools.get(place) ?? {}))
  const scopes = [...pools.values()]
  const refused = answers.forAny(api, "whole", scopes)
  const asking = without(places, refused)
  if (refused !== undefined && asking.length === 0) throw refusalOf(refused)
  const failing = answers.forAny(api, "operation", scopes)
  const making = without(asking, failing)
  if (failing !== undefined && making.length === 0) return { names: {}, failed: [], errors: [errorOf(failing)] }
  const spoiling = answers.forAny(api, "insert-operation", scopes)
  return make(asked, spec, making, (place) =>
    spoiling !== undefined && isAbout(spoiling, pools.get(place) ?? {}) ? errorOf(spoiling) : undefined,
  )
}

function poolOf({ market }: BulkSpec, { zone, machineType }: Place): Scope {
  return { zone, instanceType: machineType, market }
}

const zonal = handler(
  "instances.bulkInsert",
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
  "regionInstances.bulkInsert",
  ({ parameters }) => `regions/${parameters.region}`,
  (asked, spec) => {
    const { world, project, body, settings } = asked
    const allowed = zonesFor(asked).filter((zone) => !settings.unreachable.has(zone))
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
