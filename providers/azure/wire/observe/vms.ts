/** Virtual machines ("Virtual Machines" of the REST reference). */
import type { InstanceState } from "../../../../src/provider.js"
import { foundGroup, openGroup } from "../prepare/groups.js"
import { Refusal } from "../client/refusals.js"
import type { RestVm } from "../world/rest.js"
import { type Answered, type Asked, DELETE, inGroup, READ, type Route, under, WRITE } from "../client/route.js"
import {
  failureOf,
  type ProvisioningState,
  provisioningOf,
  type State,
  truthOf,
  type Vm,
  vmKey,
} from "../world/state.js"
import { bodyOf, idOf } from "./vm-body.js"
import { checkVm } from "../launch/vm-check.js"
import { addParts, create, release } from "../launch/vm-create.js"
import { operation, operationHeaders } from "../launch/vm-operations.js"

/** No figure is published; small enough that a thousand take several. */
const PAGE = 200
const PATH = "/providers/microsoft.compute/virtualmachines"

function put(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  const request = asked.body as RestVm
  openGroup(state, group)
  const known = state.vms.get(vmKey(group, name))
  if (known !== undefined) throw exists(state, known, asked.headers["if-none-match"])
  checkVm(state, name, request)
  const vm = create(state, group, name, request)
  state.vms.set(vmKey(group, name), vm)
  addParts(state, asked, vm)
  return { status: 201, body: bodyOf(asked, vm, "Creating"), headers: operationHeaders(state, asked, vm, "10") }
}

function exists(state: State, vm: Vm, ifNoneMatch: string | undefined): Refusal {
  const id = `${vm.group}/${vm.name}`
  if (truthOf(state, vm) === "Deleting") {
    return new Refusal(
      409,
      "OperationNotAllowed",
      `Operation 'Create Or Update' is not allowed on VM '${id}' since the VM is marked for deletion. You can only retry the Delete operation.`,
    )
  }
  return ifNoneMatch === "*"
    ? new Refusal(412, "PreconditionFailed", `The precondition 'If-None-Match: *' failed: '${id}' exists.`)
    : new Refusal(
        409,
        "PropertyChangeNotAllowed",
        `Changing property 'osProfile.customData' of '${id}' is not allowed.`,
      )
}

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

function remove(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  const vm = state.vms.get(vmKey(group, name))
  if (vm === undefined) return { status: 204 }
  if (state.quirks.locked.has(group)) {
    throw new Refusal(
      409,
      "ScopeLocked",
      `The scope '${asked.path}' cannot perform delete operation because following scope(s) are locked.`,
    )
  }
  const { world } = state
  const now = world.clock.now()
  if (vm.deletedAt === undefined) {
    vm.deletedAt = now
    if (vm.instanceId !== undefined) world.terminate([vm.instanceId])
    const isOver = vm.instanceId === undefined || world.instance(vm.instanceId)?.state === "terminated"
    if (isOver) vm.goneAt = now + world.draw(world.latency.stopMs)
    release(state, vm, now)
  }
  const headers = operationHeaders(state, asked, vm, "10")
  const operation = headers["azure-asyncoperation"] ?? ""
  return { status: 202, headers: { ...headers, location: `${operation}&monitor=true` } }
}

export const vmRoutes: readonly Route[] = [
  {
    api: "VirtualMachines_CreateOrUpdate",
    method: "PUT",
    path: inGroup(`${PATH}/*`),
    cost: { ...WRITE, "compute.PutVM": 1 },
    creates: true,
    answer: put,
  },
  {
    api: "VirtualMachines_Get",
    method: "GET",
    path: inGroup(`${PATH}/*`),
    cost: { ...READ, "compute.LowCostGet": 1 },
    answer: get,
  },
  {
    api: "VirtualMachines_List",
    method: "GET",
    path: inGroup(PATH),
    cost: { ...READ, "compute.HighCostGet": 1 },
    answer: list,
  },
  {
    api: "VirtualMachines_ListAll",
    method: "GET",
    path: under(PATH),
    cost: { ...READ, "compute.HighCostGet": 1 },
    answer: listAll,
  },
  {
    api: "VirtualMachines_Delete",
    method: "DELETE",
    path: inGroup(`${PATH}/*`),
    cost: { ...DELETE, "compute.DeleteVM": 1 },
    answer: remove,
  },
  {
    api: "Operations_Get",
    method: "GET",
    path: under("/providers/microsoft.compute/locations/*/operations/*"),
    cost: { ...READ, "compute.GetOperation": 1 },
    answer: operation,
  },
]
