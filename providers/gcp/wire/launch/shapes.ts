/** "Strategy for distributing VMs across zones in a region" (LocationPolicy, targetShape). */
import type { Asked } from "../client/handler.js"
import { invalid } from "../client/refusals.js"

interface LocationPolicy {
  readonly zones?: readonly { readonly zone?: string }[]
  readonly targetShape?: string
}

const SHAPES: readonly string[] = ["ANY", "ANY_SINGLE_ZONE", "BALANCED"]

function policyOf({ body }: Asked): Required<Pick<LocationPolicy, "targetShape">> & LocationPolicy {
  const policy = (body.locationPolicy ?? {}) as LocationPolicy
  const { targetShape = "ANY_SINGLE_ZONE" } = policy
  if (!SHAPES.includes(targetShape))
    throw invalid("resource.locationPolicy.targetShape", targetShape, "No such target shape.")
  return { ...policy, targetShape }
}

/** "ANY_SINGLE_ZONE (default)": all instances in one zone; here the first of those that are allowed. */
export function zonesFor(asked: Asked): readonly string[] {
  const { zones, targetShape } = policyOf(asked)
  const allowed = zones?.map(({ zone = "" }) => zone.replace(/^zones\//, "")) ?? asked.world.settings.zones
  return targetShape === "ANY_SINGLE_ZONE" ? allowed.slice(0, 1) : allowed
}

/** How many each zone may have: what is even first, where that is asked for, and then wherever there is room. */
export function roundsOf(asked: Asked, count: number): readonly ((zone: string) => number)[] {
  const anywhere = () => count
  if (asked.parameters.region === undefined || policyOf(asked).targetShape !== "BALANCED") return [anywhere]
  const zones = zonesFor(asked)
  const even = (zone: string) => Math.floor(count / zones.length) + (zones.indexOf(zone) < count % zones.length ? 1 : 0)
  return [even, anywhere]
}
