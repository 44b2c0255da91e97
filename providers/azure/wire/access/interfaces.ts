/** Interfaces as resources that can be read and written one by one ("Network Interfaces - Create Or Update"). */
import { Refusal } from "../client/refusals.js"
import { type Answered, type Asked, inGroup, READ, type Route, WRITE } from "../client/route.js"
import { nicBody, type PartAttributes } from "../prepare/parts.js"
import { checkSubnet } from "../prepare/network.js"
import { etagOf, type State } from "../world/state.js"
import { checkConditions, notFound } from "./conditions.js"
import { checkDoor, type Reference } from "./rule-check.js"

const TYPE = "Microsoft.Network/networkInterfaces"
const PATH = inGroup(`/providers/${TYPE.toLowerCase()}/*`)

interface RestInterface {
  readonly tags?: Readonly<Record<string, string>>
  readonly properties?: {
    readonly ipConfigurations?: readonly {
      readonly name?: string
      readonly properties?: {
        readonly subnet?: Reference
        readonly publicIPAddress?: Reference
        readonly applicationSecurityGroups?: readonly Reference[]
      }
    }[]
  }
}

function get(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  if (state.world.resources.get("nic", `${group}/${name}`) === undefined) throw notFound(TYPE, group, name)
  return { status: 200, body: nicBody(state, asked, `${group}/${name}`) }
}

/** What is put is what it has afterwards: a public address that the request does not name is taken off it. */
function put(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  const key = `${group}/${name}`
  const known = state.world.resources.get("nic", key)
  if (known === undefined)
    throw new Refusal(404, "NotFound", "This wire knows only interfaces that VMs have brought with them.")
  const attributes = known.attributes as unknown as PartAttributes
  checkConditions(asked, etagOf(attributes.version ?? 1))
  const { tags = {}, properties = {} } = asked.body as RestInterface
  const [configuration] = properties.ipConfigurations ?? []
  const { subnet, publicIPAddress, applicationSecurityGroups = [] } = configuration?.properties ?? {}
  checkSubnet(state, subnet?.id ?? "")
  if (subnet?.id?.toLowerCase() !== attributes.subnet?.toLowerCase())
    throw new Refusal(400, "SubnetCannotBeChanged", `The subnet of ${name} cannot be changed while a VM uses it.`)
  checkDoors(state, applicationSecurityGroups)
  const { publicIp, doors: _before, ...rest } = attributes
  const doors = applicationSecurityGroups.map(({ id = "" }) => id).join(" ")
  const written = {
    ...rest,
    ...(publicIPAddress === undefined || publicIp === undefined ? {} : { publicIp }),
    ...(doors === "" ? {} : { doors }),
    version: (attributes.version ?? 1) + 1,
  }
  state.world.resources.put({ ...known, tags, attributes: written as never })
  return { status: 200, body: nicBody(state, asked, key) }
}

/** "Azure subscription limits": 20 for each address configuration. */
export function checkDoors(state: State, doors: readonly Reference[]): void {
  if (doors.length > 20)
    throw new Refusal(
      400,
      "ApplicationSecurityGroupsPerIpConfigurationLimitReached",
      "An IP configuration has up to 20.",
    )
  for (const { id = "" } of doors) checkDoor(state, id)
}

export const interfaceRoutes: readonly Route[] = [
  { api: "NetworkInterfaces_Get", method: "GET", path: PATH, cost: READ, answer: get },
  { api: "NetworkInterfaces_CreateOrUpdate", method: "PUT", path: PATH, cost: WRITE, answer: put },
]
