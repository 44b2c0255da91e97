/** The request that makes a virtual machine ("Virtual Machines - Create Or Update"). */
import { Refusal } from "../client/refusals.js"
import { WRITE, VMS, inGroup, type Answered, type Asked, type Route } from "../client/route.js"
import { bodyOf } from "../observe/vm-body.js"
import { openGroup } from "../prepare/groups.js"
import type { RestVm } from "../world/rest.js"
import { type State, truthOf, type Vm, vmKey } from "../world/state.js"
import { checkVm } from "./vm-check.js"
import { addParts, create } from "./vm-create.js"
import { operationHeaders } from "./vm-operations.js"

function put(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  const request = asked.body as RestVm
  openGroup(state, group)
  const known = state.vms.get(vmKey(group, name))
  if (known !== undefined) throw exists(state, known, asked.headers["if-none-match"])
  checkVm(state, name, request)
  const vm = create(state, { subscription: asked.path.split("/")[2] ?? "", group, name }, request)
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

export const vmPutRoutes: readonly Route[] = [
  {
    api: "VirtualMachines_CreateOrUpdate",
    method: "PUT",
    path: inGroup(`${VMS}/*`),
    cost: { ...WRITE, "compute.PutVM": 1 },
    creates: true,
    answer: put,
  },
]
