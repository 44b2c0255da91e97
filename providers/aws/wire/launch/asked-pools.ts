/** The pools that a launch request asks for, read before it is answered. */
import type { Market, Scope } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { marketOf } from "./launch-options.js"
import type { Values } from "../client/shapes.js"

interface Asked {
  readonly InstanceType?: string
  readonly SubnetId?: string
  readonly Placement?: { readonly AvailabilityZone?: string }
  readonly NetworkInterface?: readonly { readonly SubnetId?: string }[]
}

interface FleetAsked {
  readonly LaunchTemplateConfigs: readonly {
    readonly Overrides?: readonly (Asked & { readonly AvailabilityZone?: string })[]
  }[]
  readonly TargetCapacitySpecification: { readonly DefaultTargetCapacityType: Market }
}

/** None, of a request that launches nothing. */
export function poolsAsked(world: World, action: string, values: Values): readonly Scope[] {
  const place = { provider: "aws", region: world.settings.region }
  const poolOf = ({ InstanceType = "", SubnetId, NetworkInterface = [] }: Asked, named: string | undefined) => {
    const subnet = NetworkInterface[0]?.SubnetId ?? SubnetId ?? ""
    const zone = named ?? world.resources.get("subnet", subnet)?.attributes.zone
    return { ...place, instanceType: InstanceType, ...(zone === undefined ? {} : { zone: String(zone) }) }
  }
  if (action === "RunInstances") {
    const asked = values as Asked
    return [{ ...poolOf(asked, asked.Placement?.AvailabilityZone), market: marketOf(values) }]
  }
  if (action !== "CreateFleet") return []
  const { LaunchTemplateConfigs: configs, TargetCapacitySpecification: target } = values as unknown as FleetAsked
  const overrides = configs.flatMap(({ Overrides = [] }) => Overrides)
  return overrides.map((one) => ({
    ...poolOf(one, one.AvailabilityZone),
    market: target.DefaultTargetCapacityType,
  }))
}
