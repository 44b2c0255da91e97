/** EC2 Fleets of type instant ("Configure an EC2 Fleet of type instant"): one answer with instances and errors together. */
import type { Json, JsonObject, Market } from "../../../../src/provider.js"
import { type World, WorldError } from "../../../../src/simulator/index.js"
import { hexOf } from "../world/account.js"
import { errorCodeOf, Refusal } from "../client/refusals.js"
import { type Shape, tagSpecifications, type Values } from "../client/shapes.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, type Habits, listOf } from "../client/action.js"
import { byStrategy, type Pool } from "./fleet-pools.js"
import { PLACEMENT } from "../prepare/launch-data.js"
import { launchSpec, onPowerOffOf } from "./launch-spec.js"
import { templateOf } from "../prepare/launch-templates.js"
import { shortage } from "./run-instances.js"

const OVERRIDE: Shape = {
  struct: {
    InstanceType: "string",
    MaxPrice: "string",
    SubnetId: "string",
    AvailabilityZone: "string",
    Priority: "integer",
    Placement: PLACEMENT,
    ImageId: "string",
  },
}

const CONFIGS: Shape = {
  list: {
    struct: {
      "LaunchTemplateSpecification!": {
        struct: { LaunchTemplateId: "string", LaunchTemplateName: "string", "Version!": "string" },
      },
      Overrides: { list: OVERRIDE },
    },
  },
}

const CREATE_FLEET: Readonly<Record<string, Shape>> = {
  ClientToken: "string",
  "Type!": ["instant"],
  "LaunchTemplateConfigs!": CONFIGS,
  "TargetCapacitySpecification!": {
    struct: { "TotalTargetCapacity!": "integer", "DefaultTargetCapacityType!": ["on-demand", "spot"] },
  },
  SpotOptions: {
    struct: {
      AllocationStrategy: [
        "lowest-price",
        "diversified",
        "capacity-optimized",
        "capacity-optimized-prioritized",
        "price-capacity-optimized",
      ],
      InstanceInterruptionBehavior: ["terminate"],
    },
  },
  OnDemandOptions: { struct: { AllocationStrategy: ["lowest-price", "prioritized"] } },
  TagSpecification: tagSpecifications("fleet", "instance", "volume", "network-interface"),
  DryRun: "boolean",
}

/** "Target capacity for each EC2 Fleet: 10,000" (EC2 Fleet quotas). */
const MOST_INSTANCES = 10_000

interface FleetRequest {
  readonly ClientToken?: string
  readonly LaunchTemplateConfigs: readonly {
    readonly LaunchTemplateSpecification: { readonly LaunchTemplateId?: string; readonly LaunchTemplateName?: string }
    readonly Overrides?: readonly Pool["override"][]
  }[]
  readonly TargetCapacitySpecification: {
    readonly TotalTargetCapacity: number
    readonly DefaultTargetCapacityType: Market
  }
  readonly SpotOptions?: { readonly AllocationStrategy?: string }
  readonly OnDemandOptions?: { readonly AllocationStrategy?: string }
  readonly TagSpecification?: readonly {
    readonly ResourceType: string
    readonly Tag?: readonly { readonly Key: string; readonly Value?: string }[]
  }[]
}

export const createFleet: Action = {
  members: CREATE_FLEET,
  cost: ({ TargetCapacitySpecification: target }, { fleetsDrawOnRunInstances }) => {
    const count = Number((target as { TotalTargetCapacity?: string } | undefined)?.TotalTargetCapacity) || 1
    return { CreateFleet: 1, ...(fleetsDrawOnRunInstances ? { "RunInstances.resources": count } : {}) }
  },
  creates: true,
  answer(world, values, habits) {
    const request = values as unknown as FleetRequest
    const { ClientToken: token, ...rest } = request
    const now = world.clock.now()
    const parameters = rest as unknown as Json
    const before = token === undefined ? undefined : world.tokens.find("fleet", token, parameters, now)
    if (before?.kind === "mismatch") {
      throw new Refusal(
        "IdempotentParameterMismatch",
        "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
      )
    }
    // "No further action": whether the instances are named again is not documented (aws.fleet-replay); here they are not.
    if (before?.kind === "known") return { fleetId: String(before.made), errorSet: [], fleetInstanceSet: [] }
    checkFleet(request)
    const pools = poolsOf(world, request, habits)
    checkDryRun(values)
    const fleetId = `fleet-${uuidOf(`${token ?? ""}/${world.ledger.count()}`)}`
    const made = launchAll(world, request, { pools, fleetId, habits })
    const { instances, errors } = made
    world.resources.add({
      kind: "fleet",
      id: fleetId,
      tags: tagsFor(request, "fleet"),
      attributes: {
        token: token ?? "",
        count: request.TargetCapacitySpecification.TotalTargetCapacity,
        createdAt: now,
        instances,
        errors,
      } as unknown as JsonObject,
    })
    if (token !== undefined) world.tokens.keep("fleet", token, parameters, fleetId, now)
    return { fleetId, errorSet: errors, fleetInstanceSet: instances }
  },
}

function checkFleet({
  TargetCapacitySpecification: { TotalTargetCapacity: total },
  LaunchTemplateConfigs: configs,
}: FleetRequest): void {
  if (total < 1 || total > MOST_INSTANCES) {
    throw new Refusal("InvalidTargetCapacitySpecification", `The total target capacity must be 1 to ${MOST_INSTANCES}.`)
  }
  if (configs.length === 0 || configs.length > 50) {
    throw new Refusal("InvalidParameterValue", "A fleet takes 1 to 50 launch template configurations.")
  }
}

/** @throws Refusal when a template is not there, and for two subnets of one zone. */
function poolsOf(world: World, request: FleetRequest, habits: Habits): readonly Pool[] {
  const pools = request.LaunchTemplateConfigs.flatMap(({ LaunchTemplateSpecification: asked, Overrides = [] }) => {
    const { LaunchTemplateId: id, LaunchTemplateName: name = "" } = asked
    const template = templateOf(world, id === undefined ? { name } : { id }, habits)
    return Overrides.map(
      (override): Pool => ({ override, template, content: template.attributes.content as JsonObject }),
    )
  })
  const subnets = new Map<string, string>()
  for (const { override } of pools) {
    const zone = override.AvailabilityZone ?? ""
    const other = subnets.get(zone)
    if (zone !== "" && override.SubnetId !== undefined && other !== undefined && other !== override.SubnetId) {
      throw new Refusal(
        "InvalidFleetConfiguration",
        `The fleet names two subnets of ${zone}: ${other}, ${override.SubnetId}`,
      )
    }
    if (override.SubnetId !== undefined) subnets.set(zone, override.SubnetId)
  }
  return pools
}

interface Launching {
  readonly pools: readonly Pool[]
  readonly fleetId: string
  readonly habits: Habits
}

/** Pool after pool, as the strategy ranks them, until all are made; each that has too few is an error of its own. */
function launchAll(world: World, request: FleetRequest, { pools, fleetId, habits }: Launching) {
  const { TotalTargetCapacity: total, DefaultTargetCapacityType: market } = request.TargetCapacitySpecification
  const strategy =
    (market === "spot" ? request.SpotOptions : request.OnDemandOptions)?.AllocationStrategy ?? "lowest-price"
  const tags = { ...tagsFor(request, "instance"), "aws:ec2:fleet-id": fleetId }
  const instances: Xml[] = []
  const errors: Xml[] = []
  let left = total
  let tries = habits.fleetTries
  for (const { pool, share } of byStrategy(world, pools, { strategy, market, total })) {
    if (left === 0) break
    if (tries === 0) {
      errors.push(errorXml(pool, market, UNTRIED))
      continue
    }
    try {
      const made = launchPool(world, { pool, market, count: Math.min(left, share), tags, fleetId, habits })
      left -= made.ids.length
      if (made.ids.length === 0) tries -= 1
      if (made.ids.length > 0)
        instances.push({ ...poolXml(pool, market), instanceIds: made.ids, instanceType: pool.override.InstanceType })
      if (made.refusal !== undefined) errors.push(errorXml(pool, market, made.refusal))
    } catch (error) {
      if (!(error instanceof WorldError)) throw error
      errors.push(errorXml(pool, market, inFleet(error)))
      tries -= 1
    }
  }
  return { instances, errors }
}

/** What fleets say of pools that they have not tried, as users have measured. */
const UNTRIED = new Refusal("UnfulfillableCapacity", "Unable to fulfill capacity due to your request configuration")

/** What RunInstances calls `Unsupported` fleets call otherwise, and without advice, where the zone does not sell the type. */
function inFleet(error: WorldError): WorldError {
  const [sentence] = /^Your requested instance type .* is not supported in .*?\)\./.exec(error.message) ?? []
  return error.code === "Unsupported" && sentence !== undefined
    ? new Refusal("InvalidFleetConfiguration", sentence)
    : error
}

interface PoolLaunch {
  readonly pool: Pool
  readonly market: Market
  readonly count: number
  readonly tags: Readonly<Record<string, string>>
  readonly fleetId: string
  readonly habits: Habits
}

/** The same checks as RunInstances makes, with the template's content under the override. */
function launchPool(world: World, { pool, market, count, tags, fleetId, habits }: PoolLaunch) {
  const spec = launchSpec(world, valuesOf(pool, market, count), habits)
  const { instanceType, zone } = spec
  const asked = { provider: "aws", region: world.settings.region, instanceType, zone, market }
  const scripted = habits.answers.next("CreateFleet", "pool", [asked])
  if (scripted !== undefined) throw scripted
  const creation = world.create({
    zone: spec.zone,
    instanceType: spec.instanceType,
    market,
    min: 1,
    max: Math.min(count, spec.addresses),
    tags,
    publicAddress: spec.publicAddress,
    onPowerOff: onPowerOffOf(pool.content as Values),
    attributes: {
      reservation: `r-0${hexOf(`${fleetId}/${spec.zone}/${spec.instanceType}/${world.ledger.count()}`, 16)}`,
      imageId: spec.imageId,
      rootDevice: spec.rootDevice,
      subnetId: spec.subnetId,
      securityGroupIds: spec.securityGroupIds,
      request: { ...pool.content, ...(pool.override as unknown as JsonObject) },
    },
  })
  if (creation.kind !== "created") throw new Refusal("InternalError", "An internal error has occurred")
  const ids = creation.instances.map(({ id }) => id)
  return ids.length < count ? { ids, refusal: shortage(creation, spec) } : { ids }
}

function valuesOf({ override, content }: Pool, market: Market, count: number): Values {
  const { InstanceType = "", SubnetId, AvailabilityZone, MaxPrice, Placement = {} } = override
  const [nic] = listOf<JsonObject>(content.NetworkInterface)
  const place =
    SubnetId === undefined ? {} : nic === undefined ? { SubnetId } : { NetworkInterface: [{ ...nic, SubnetId }] }
  const spot = { MarketType: "spot", SpotOptions: MaxPrice === undefined ? {} : { MaxPrice } }
  const placement = { ...Placement, ...(AvailabilityZone === undefined ? {} : { AvailabilityZone }) }
  return {
    ...(content as Values),
    InstanceType,
    MinCount: 1,
    MaxCount: count,
    Placement: placement,
    ...place,
    ...(market === "spot" ? { InstanceMarketOptions: spot } : {}),
  } as Values
}

function tagsFor({ TagSpecification = [] }: FleetRequest, kind: string): Readonly<Record<string, string>> {
  const given = TagSpecification.find(({ ResourceType }) => ResourceType === kind)?.Tag ?? []
  return Object.fromEntries(given.map(({ Key, Value = "" }) => [Key, Value]))
}

function poolXml({ override, template }: Pool, market: Market): { readonly [name: string]: Xml } {
  const { InstanceType, AvailabilityZone, SubnetId, Priority, MaxPrice } = override
  return {
    launchTemplateAndOverrides: {
      launchTemplateSpecification: { launchTemplateId: template.id, version: "1" },
      overrides: {
        instanceType: InstanceType,
        maxPrice: MaxPrice,
        subnetId: SubnetId,
        availabilityZone: AvailabilityZone,
        priority: Priority,
      },
    },
    lifecycle: market,
  }
}

function errorXml(pool: Pool, market: Market, error: WorldError): Xml {
  return { ...poolXml(pool, market), errorCode: errorCodeOf(error), errorMessage: error.message }
}

function uuidOf(text: string): string {
  const hex = hexOf(text, 32)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}
