/** The serial console of an instance ("Azure boot diagnostics", with storage that Azure manages itself), and its page in the portal. */
import { MusterError, RejectedError } from "../../../src/errors.js"
import type { Calls, Instance } from "../../../src/provider.js"
import { isForbidden, thrownError } from "../client/errors.js"
import { groupPath, placeOf, type VmPlace } from "../client/ids.js"
import { arm, type Azure } from "../client/send.js"
import { COMPUTE } from "../client/versions.js"
import { cloudOf } from "../clouds.js"
import type { AzureOptions } from "../options.js"

/** The end of it says why a boot failed; all of it may be megabytes. */
const LAST_CHARACTERS = 65_536
/** The address that we are given is as good as a password for as long. */
const ADDRESS_MINUTES = 5

const LOG = "BootDiagnosticsLog"

/** The last of the log; "" while there is none, and for a principal that may not read it. */
export async function consoleLog(azure: Azure, instance: Instance, calls: Calls): Promise<string> {
  const place = placeOf(instance.id, azure.options.subscriptionId)
  const what = `reading the console of ${instance.name}`
  const address = place === undefined ? undefined : await addressOf(azure, place, what, calls)
  return address === undefined ? "" : readLog(azure, address, what, calls)
}

async function addressOf(azure: Azure, place: VmPlace, what: string, calls: Calls): Promise<string | undefined> {
  const vm = `${groupPath(azure.options.subscriptionId, place.group)}/providers/Microsoft.Compute/virtualMachines/${encodeURIComponent(place.name)}`
  const path = `${vm}/retrieveBootDiagnosticsData?sasUriExpirationTimeInMinutes=${ADDRESS_MINUTES}&api-version=${COMPUTE}`
  const api = "VirtualMachines_RetrieveBootDiagnosticsData"
  try {
    const { status, body } = await arm(azure, calls, api, { method: "POST", path }, { what, accepts: [404, 409] })
    return status > 299 ? undefined : (body as { readonly serialConsoleLogBlobUri?: string }).serialConsoleLogBlobUri
  } catch (error) {
    if (!isForbidden(error)) throw error
    return undefined
  }
}

/** From the storage itself, which must not see our token; and its address, with which anybody can read it, is never reported. */
function readLog(azure: Azure, address: string, what: string, calls: Calls): Promise<string> {
  return calls.send(LOG, {}, async ({ signal }) => {
    const { origin: url } = new URL(address)
    try {
      const { status, body } = await azure.open(LOG, address, signal)
      if (status === 404) return ""
      if (status !== 200) throw new RejectedError(`${what}: ${url} answered with HTTP ${status}`)
      return (typeof body === "string" ? body : JSON.stringify(body)).slice(-LAST_CHARACTERS)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw error instanceof MusterError ? error : thrownError(error, { what, url })
    }
  })
}

/** The instance's page in the portal of its cloud; the browser asks for a login there. */
export function consoleUrl(options: Pick<AzureOptions, "cloud" | "endpoint">, { id }: Pick<Instance, "id">): string {
  return `${cloudOf(options).portal}/#resource${encodeURI(id)}/overview`
}
