/** Scale sets, as far as an empty one goes ("Virtual Machine Scale Sets - Create Or Update"). */
import { foundGroup, openGroup } from "./groups.js"
import { Refusal } from "../client/refusals.js"
import { type Answered, type Asked, inGroup, READ, type Route, WRITE } from "../client/route.js"
import type { State } from "../world/state.js"

const TYPE = "Microsoft.Compute/virtualMachineScaleSets"
const KIND = "scale-set"
const PATH = inGroup(`/providers/${TYPE.toLowerCase()}/*`)

interface RestScaleSet {
  readonly location?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly sku?: unknown
  readonly properties?: { readonly orchestrationMode?: string; readonly virtualMachineProfile?: unknown }
}

function put(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  openGroup(state, group)
  const { location = "", tags = {}, sku, properties = {} } = asked.body as RestScaleSet
  if (location.toLowerCase() !== state.world.settings.region)
    throw new Refusal(400, "LocationNotAvailableForResourceType", `'${location}' is not available for ${TYPE}.`)
  if (
    properties.orchestrationMode !== "Flexible" ||
    properties.virtualMachineProfile !== undefined ||
    sku !== undefined
  )
    throw new Refusal(400, "InvalidParameter", "This wire knows only empty scale sets of orchestration mode Flexible.")
  const id = `${group}/${name}`
  const isKnown = state.world.resources.get(KIND, id) !== undefined
  if (isKnown && asked.headers["if-none-match"] === "*")
    throw new Refusal(412, "PreconditionFailed", `The precondition 'If-None-Match: *' failed: '${id}' exists.`)
  state.world.resources.put({ kind: KIND, id, tags, attributes: { group, properties: properties as never } })
  return { status: isKnown ? 200 : 201, body: bodyOf(state, asked, id) }
}

function get(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  foundGroup(state, group)
  const id = `${group}/${name}`
  if (state.world.resources.get(KIND, id) !== undefined) return { status: 200, body: bodyOf(state, asked, id) }
  throw new Refusal(404, "ResourceNotFound", `The Resource '${TYPE}/${name}' under '${group}' was not found.`)
}

function bodyOf(state: State, asked: Asked, id: string): unknown {
  const found = state.world.resources.get(KIND, id)
  const properties = (found?.attributes.properties ?? {}) as object
  return {
    id: asked.path,
    name: id.split("/")[1],
    type: TYPE,
    location: state.world.settings.region,
    tags: found?.tags,
    properties: { ...properties, provisioningState: "Succeeded" },
  }
}

export const scaleSetRoutes: readonly Route[] = [
  { api: "VirtualMachineScaleSets_Get", method: "GET", path: PATH, cost: READ, answer: get },
  { api: "VirtualMachineScaleSets_CreateOrUpdate", method: "PUT", path: PATH, cost: WRITE, answer: put },
]
