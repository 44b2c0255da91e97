/** Addresses of instances: a VM only names its interface, which has the private one and names the public one. */
import type { Calls, Instance } from "../../../src/provider.js"
import { isRefused } from "../client/errors.js"
import { groupPath, placeOf } from "../client/ids.js"
import { itemsOf } from "../client/pages.js"
import type { Azure } from "../client/send.js"
import { NETWORK } from "../client/versions.js"
import type { Api } from "../limits.js"

interface NativeNic {
  readonly properties?: {
    readonly virtualMachine?: { readonly id?: string }
    readonly ipConfigurations?: readonly {
      readonly properties?: { readonly privateIPAddress?: string; readonly publicIPAddress?: { readonly id?: string } }
    }[]
  }
}

interface NativeAddress {
  readonly id?: string
  readonly properties?: { readonly ipAddress?: string }
}

/**
 * The running instances with their addresses: one list of interfaces for each group that has some, and one of public
 * addresses where an interface names one. Where they are refused, the instances come without.
 */
export async function withAddresses(
  azure: Azure,
  instances: readonly Instance[],
  calls: Calls,
): Promise<readonly Instance[]> {
  const { subscriptionId } = azure.options
  const running = instances.filter(({ state }) => state === "running")
  const groups = new Set(running.flatMap(({ id }) => placeOf(id, subscriptionId)?.group ?? []))
  if (groups.size === 0) return instances
  try {
    const known = new Map((await Promise.all([...groups].map((group) => addressesIn(azure, group, calls)))).flat())
    return instances.map((instance) => ({ ...instance, ...known.get(instance.id) }))
  } catch (error) {
    if (!isRefused(error)) throw error
    return instances
  }
}

type Addresses = Pick<Instance, "privateIp" | "publicIp">

async function addressesIn(
  azure: Azure,
  group: string,
  calls: Calls,
): Promise<readonly (readonly [string, Addresses])[]> {
  const nics = (await listOf<NativeNic>(azure, group, "networkInterfaces", "NetworkInterfaces_List", calls)).flatMap(
    (nic) => {
      const [first] = nic.properties?.ipConfigurations ?? []
      const vm = nic.properties?.virtualMachine?.id?.toLowerCase()
      return vm === undefined ? [] : [{ vm, ...first?.properties }]
    },
  )
  const hasPublic = nics.some(({ publicIPAddress }) => publicIPAddress !== undefined)
  const list = hasPublic
    ? await listOf<NativeAddress>(azure, group, "publicIPAddresses", "PublicIPAddresses_List", calls)
    : []
  const publicIps = new Map(list.map(({ id = "", properties }) => [id.toLowerCase(), properties?.ipAddress]))
  return nics.map(({ vm, privateIPAddress, publicIPAddress }) => {
    const publicIp = publicIps.get(publicIPAddress?.id?.toLowerCase() ?? "")
    return [
      vm,
      {
        ...(privateIPAddress === undefined ? {} : { privateIp: privateIPAddress }),
        ...(publicIp === undefined ? {} : { publicIp }),
      },
    ] as const
  })
}

function listOf<T>(azure: Azure, group: string, type: string, api: Api, calls: Calls): Promise<readonly T[]> {
  const path = `${groupPath(azure.options.subscriptionId, group)}/providers/Microsoft.Network/${type}?api-version=${NETWORK}`
  return itemsOf<T>(azure, calls, api, path, { what: `listing ${type} of ${group}`, accepts: [404] })
}
