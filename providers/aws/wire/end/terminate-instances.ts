import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { checkInstanceIds, checkKnown } from "../client/ids.js"
import { Refusal } from "../client/refusals.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, listOf } from "../client/action.js"
import { stateXml } from "../observe/instance.js"

/** "You can terminate up to 1000 instances" at once (EC2 API Reference). */
const MOST = 1000

export const terminateInstances: Action = {
  members: { InstanceId: { list: "string" }, DryRun: "boolean", Force: "boolean", SkipOsShutdown: "boolean" },
  cost: ({ InstanceId: ids }) => {
    const count = Array.isArray(ids) ? ids.length : 1
    return { TerminateInstances: 1, "TerminateInstances.resources": count }
  },
  answer(world, values, habits) {
    const ids = [...new Set(listOf(values.InstanceId))]
    if (ids.length === 0) throw new Refusal("MissingParameter", "The request must contain the parameter InstanceId")
    if (ids.length > MOST)
      throw new Refusal("ResourceCountExceeded", `A request may name ${MOST} instances; this one names ${ids.length}`)
    checkInstanceIds(ids)
    const before = new Map(ids.flatMap((id) => pairOf(world, id)))
    const listed = new Set(habits.terminateLags ? world.visible({ ids }).map(({ id }) => id) : ids)
    checkKnown(ids, (id) => before.has(id) && listed.has(id))
    checkDryRun(values)
    const guarded = [...before.values()].filter(isProtected)
    const kept = new Set(guarded.map(({ zone }) => zone))
    const after = world.terminate(ids.filter((id) => !kept.has(before.get(id)?.zone ?? "")))
    const [first] = guarded
    if (first !== undefined) {
      throw new Refusal(
        "OperationNotPermitted",
        `The instance '${first.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
      )
    }
    return { instancesSet: ids.map((id) => change(id, before.get(id), after.get(id))) }
  },
}

/** The instance as long as lists show it: what lists have forgotten is forgotten here too. */
function pairOf(world: World, id: string): readonly (readonly [string, WorldInstance])[] {
  const instance = world.instance(id)
  if (instance === undefined) return []
  const { endedAt } = instance
  const isForgotten = endedAt !== undefined && world.clock.now() - endedAt > world.settings.terminatedVisibleMs
  return isForgotten ? [] : [[id, instance]]
}

/** Those of a protected instance's zone stay; those of other zones end all the same (Terminate Amazon EC2 instances). */
function isProtected({ attributes, state }: WorldInstance): boolean {
  const request = attributes.request as { readonly DisableApiTermination?: boolean }
  return request.DisableApiTermination === true && state !== "terminating" && state !== "terminated"
}

function change(id: string, before: WorldInstance | undefined, after: WorldInstance["state"] | undefined): Xml {
  return {
    instanceId: id,
    currentState: stateXml(after ?? "terminated"),
    previousState: stateXml(before?.state ?? "terminated"),
  }
}
