/** Long-running operations of VMs: where they are asked for, and what they say. */
import { isoTime } from "../../../../src/tables/times.js"
import { under, READ, type Answered, type Asked, type Route } from "../client/route.js"
import { failureOf, guidOf, type State, truthOf, type Vm, vmKey } from "../world/state.js"

export function operationHeaders(state: State, asked: Asked, vm: Vm, retryAfter: string): Record<string, string> {
  const subscription = asked.path.split("/")[2] ?? ""
  const id = guidOf(`${vm.vmId}/${asked.method}`)
  const query = `p=${guidOf(vm.name)}&api-version=${asked.query.get("api-version") ?? ""}`
  const { region } = state.world.settings
  const key = Buffer.from(`${asked.method}/${vmKey(vm.group, vm.name)}`).toString("base64url")
  return {
    "azure-asyncoperation": `${asked.url}/subscriptions/${subscription}/providers/Microsoft.Compute/locations/${region}/operations/${id}~${key}?${query}`,
    "azure-asyncnotification": "Enabled",
    "retry-after": retryAfter,
  }
}

/** The operation's own outcome is that of its VM. */
function operation(state: State, asked: Asked): Answered {
  const [, id = ""] = asked.path.split("/").slice(-2)
  const [guid = "", key = ""] = id.split("~")
  const [method = "", group = "", name = ""] = Buffer.from(key, "base64url").toString().split("/")
  const vm = state.vms.get(vmKey(group, name))
  const provisioning = vm === undefined ? undefined : truthOf(state, vm)
  const failure = vm !== undefined && provisioning === "Failed" ? failureOf(state, vm) : undefined
  const isOpen = method === "PUT" ? provisioning === "Creating" : provisioning !== undefined
  const status = isOpen
    ? "InProgress"
    : failure === undefined
      ? method === "PUT" && provisioning !== "Succeeded"
        ? "Canceled"
        : "Succeeded"
      : "Failed"
  const startTime = isoTime(vm?.createdAt ?? 0)
  const error = failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }
  return {
    status: 200,
    body: { startTime, status, name: guid, ...error },
    ...(isOpen ? { headers: { "retry-after": "35" } } : {}),
  }
}

export const vmOperationRoutes: readonly Route[] = [
  {
    api: "Operations_Get",
    method: "GET",
    path: under("/providers/microsoft.compute/locations/*/operations/*"),
    cost: { ...READ, "compute.GetOperation": 1 },
    answer: operation,
  },
]
