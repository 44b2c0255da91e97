/** Reads of virtual machines ("Virtual Machines - Get", "List" and "List All"). */
import type { InstanceState } from "../../../../src/provider.js"
import { Refusal } from "../client/refusals.js"
import { type Answered, type Asked, inGroup, READ, type Route, under, VMS } from "../client/route.js"
import { foundGroup } from "../prepare/groups.js"
import {
  failureOf,
  provisioningOf,
  type ProvisioningState,
  type State,
  truthOf,
  type Vm,
  vmKey,
} from "../world/state.js"
import { bodyOf, idOf } from "./vm-body.js"

/** No figure is published; small enough that a thousand take several. */
const PAGE = 200

function get(state: State, asked: Asked): Answered {
  const vm = found(state, asked)
  const provisioningState = truthOf(state, vm)
  if (provisioningState === undefined) throw notFound(asked)
  const body = bodyOf(asked, vm, provisioningState)
  const { userData } = vm.request.properties ?? {}
  switch (asked.query.get("$expand")) {
    case "instanceView":
      return { status: 200, body: withProperties(body, { instanceView: viewOf(state, vm, provisioningState) }) }
    case "userData":
      return { status: 200, body: withProperties(body, userData === undefined ? {} : { userData }) }
    default:
      return { status: 200, body }
  }
}

function withProperties(body: ReturnType<typeof bodyOf>, properties: object): unknown {
  return { ...body, properties: { ...(body.properties as object), ...properties } }
}

/** All of the subscription; with `statusOnly` how they fare, and nothing of their models. */
function listAll(state: State, asked: Asked): Answered {
  if (asked.query.get("statusOnly") !== "true") throw new Refusal(400, "InvalidParameter", "only statusOnly=true here")
  const value = [...state.vms.values()].flatMap((vm) => {
    const provisioningState = truthOf(state, vm)
    if (provisioningState === undefined) return []
    const { name, request } = vm
    const { location = "" } = request
    const properties = { provisioningState, vmId: vm.vmId, instanceView: viewOf(state, vm, provisioningState) }
    return [{ id: idOf(asked, vm), name, type: "Microsoft.Compute/virtualMachines", location, properties }]
  })
  return { status: 200, body: { value } }
}

function viewOf(state: State, vm: Vm, provisioningState: ProvisioningState): unknown {
  const failure = provisioningState === "Failed" ? failureOf(state, vm) : undefined
  const status = { level: "Info", displayStatus: `Provisioning ${provisioningState.toLowerCase()}` }
  if (failure !== undefined) {
    const code = `ProvisioningState/failed/${failure.code}`
    return { statuses: [{ ...status, code, level: "Error", message: failure.message }] }
  }
  const truth = vm.instanceId === undefined ? undefined : state.world.instance(vm.instanceId)?.state
  const power = truth === "stopped" && state.quirks.deallocates ? "deallocated" : POWER[truth ?? "terminated"]
  const statuses = [{ ...status, code: `ProvisioningState/${provisioningState.toLowerCase()}` }]
  return {
    statuses:
      power === undefined
        ? statuses
        : [...statuses, { code: `PowerState/${power}`, level: "Info", displayStatus: `VM ${power}` }],
  }
}

/** "States and billing status of Azure Virtual Machines". */
const POWER: Readonly<Record<InstanceState, string | undefined>> = {
  pending: "starting",
  running: "running",
  stopped: "stopped",
  terminating: "stopping",
  terminated: undefined,
}

function found(state: State, asked: Asked): Vm {
  const [group = "", name = ""] = asked.names
  const vm = state.vms.get(vmKey(group, name))
  if (vm === undefined) throw notFound(asked)
  return vm
}

function notFound(asked: Asked): Refusal {
  const [group = "", name = ""] = asked.names
  return new Refusal(
    404,
    "ResourceNotFound",
    `The Resource 'Microsoft.Compute/virtualMachines/${name}' under resource group '${group}' was not found.`,
  )
}

/** One page: what lists show, which is late; the order does not change. */
function list(state: State, asked: Asked): Answered {
  const [group = ""] = asked.names
  foundGroup(state, group)
  const after = Number(asked.query.get("$skiptoken") ?? 0)
  const vms = [...state.vms.values()].filter((vm) => vm.group === group && vm.order > after)
  const ids = vms.flatMap(({ instanceId }) => instanceId ?? [])
  const shown = new Map(state.world.visible({ ids }).map((instance) => [instance.id, instance]))
  const page: unknown[] = []
  let last = after
  for (const vm of vms) {
    const provisioningState = shownState(state, vm, shown.get(vm.instanceId ?? ""))
    if (provisioningState === undefined) continue
    if (page.length === PAGE) return { status: 200, body: { value: page, nextLink: nextLink(asked, last) } }
    last = vm.order
    page.push(bodyOf(asked, vm, provisioningState))
  }
  return { status: 200, body: { value: page } }
}

/** A boot that failed leaves the VM there, although its instance is in no list any more. */
function shownState(
  state: State,
  vm: Vm,
  instance: Parameters<typeof provisioningOf>[2],
): ProvisioningState | undefined {
  if (vm.instanceId === undefined || instance !== undefined) return provisioningOf(state, vm, instance)
  const truth = truthOf(state, vm)
  return truth === "Failed" || (truth === "Deleting" && failureOf(state, vm) !== undefined) ? truth : undefined
}

function nextLink(asked: Asked, order: number): string {
  const query = new URLSearchParams(asked.query)
  query.set("$skiptoken", String(order))
  return `${asked.url}${asked.path}?${query.toString()}`
}

export const vmRoutes: readonly Route[] = [
  {
    api: "VirtualMachines_Get",
    method: "GET",
    path: inGroup(`${VMS}/*`),
    cost: { ...READ, "compute.LowCostGet": 1 },
    answer: get,
  },
  {
    api: "VirtualMachines_List",
    method: "GET",
    path: inGroup(VMS),
    cost: { ...READ, "compute.HighCostGet": 1 },
    answer: list,
  },
  {
    api: "VirtualMachines_ListAll",
    method: "GET",
    path: under(VMS),
    cost: { ...READ, "compute.HighCostGet": 1 },
    answer: listAll,
  },
]
