/** Boot diagnostics: where the console is, and the console itself, which is another service's and is read without a token. */
import { Refusal } from "../client/refusals.js"
import { type Answered, type Asked, inGroup, type Route, VMS, WRITE } from "../client/route.js"
import { failureOf, guidOf, type State, truthOf, type Vm, vmKey } from "../world/state.js"

function vmOf(state: State, asked: Asked): Vm {
  const [group = "", name = ""] = asked.names
  const vm = state.vms.get(vmKey(group, name))
  if (vm !== undefined && truthOf(state, vm) !== undefined) return vm
  throw new Refusal(404, "ResourceNotFound", `The Resource 'virtualMachines/${name}' under '${group}' was not found.`)
}

function retrieve(state: State, asked: Asked): Answered {
  const vm = vmOf(state, asked)
  if (vm.request.properties?.diagnosticsProfile?.bootDiagnostics?.enabled !== true)
    throw new Refusal(409, "OperationNotAllowed", `Boot diagnostics is not enabled for VM '${vm.name}'.`)
  const blob = `${asked.url}/bootdiagnostics/${vm.group}/${vm.name}`
  const signature = `sv=2024-05-04&sig=${signatureOf(vm)}`
  return {
    status: 200,
    body: {
      consoleScreenshotBlobUri: `${blob}.screenshot.bmp?${signature}`,
      serialConsoleLogBlobUri: `${blob}.serialconsole.log?${signature}`,
    },
  }
}

const signatureOf = ({ vmId }: Vm) => guidOf(`signature/${vmId}`)

/** A request with a token is refused: a caller that sends its token to this address has given it away. */
function read(state: State, asked: Asked): Answered {
  const vm = vmOf(state, asked)
  const isSigned = asked.query.get("sig") === signatureOf(vm)
  if (!isSigned || asked.headers.authorization !== undefined)
    throw new Refusal(403, "AuthenticationFailed", "Server failed to authenticate the request.")
  const failure = failureOf(state, vm)
  const last =
    failure === undefined ? "Ubuntu 24.04 LTS ttyS0\r\n\r\nlogin: " : `Kernel panic - not syncing: ${failure.code}`
  const written = vm.instanceId === undefined ? "" : state.world.consoleText(vm.instanceId).replaceAll("\n", "\r\n")
  const boot = `[    0.000000] Linux version 6.8.0-azure\r\n[    1.250000] ${last}\r\n`
  return { status: 200, body: boot + written }
}

export const diagnosticsRoutes: readonly Route[] = [
  {
    api: "VirtualMachines_RetrieveBootDiagnosticsData",
    method: "POST",
    path: inGroup(`${VMS}/*/retrievebootdiagnosticsdata`),
    cost: WRITE,
    answer: retrieve,
  },
  {
    api: "BootDiagnosticsLog",
    method: "GET",
    path: /^\/bootdiagnostics\/([^/]+)\/([^/]+)\.serialconsole\.log$/,
    cost: {},
    isElsewhere: true,
    answer: read,
  },
]
