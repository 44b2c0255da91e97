/** What each operation asks of the caller's role ("Azure permissions for Compute", for Networking, for Management). */
import { nicsOf, type RestVm } from "../world/rest.js"

const COMPUTE = "Microsoft.Compute"
const NETWORK = "Microsoft.Network"
const GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"

const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  ResourceGroups_List: [`${GROUPS}/read`],
  ResourceGroups_Get: [`${GROUPS}/read`],
  ResourceGroups_CreateOrUpdate: [`${GROUPS}/write`],
  ResourceGroups_Delete: [
    `${GROUPS}/delete`,
    // A group's deletion deletes what is in it with the caller's own rights.
    `${COMPUTE}/virtualMachines/delete`,
    `${COMPUTE}/virtualMachineScaleSets/delete`,
    `${COMPUTE}/disks/delete`,
    `${NETWORK}/networkInterfaces/delete`,
    `${NETWORK}/publicIPAddresses/delete`,
  ],
  VirtualMachines_Get: [`${COMPUTE}/virtualMachines/read`],
  VirtualMachines_List: [`${COMPUTE}/virtualMachines/read`],
  VirtualMachines_ListAll: [`${COMPUTE}/virtualMachines/read`],
  VirtualMachines_Delete: [`${COMPUTE}/virtualMachines/delete`],
  VirtualMachines_RetrieveBootDiagnosticsData: [`${COMPUTE}/virtualMachines/retrieveBootDiagnosticsData/action`],
  VirtualMachineScaleSets_Get: [`${COMPUTE}/virtualMachineScaleSets/read`],
  VirtualMachineScaleSets_CreateOrUpdate: [`${COMPUTE}/virtualMachineScaleSets/write`],
  VirtualMachineImages_List: [`${COMPUTE}/locations/publishers/artifacttypes/offers/skus/versions/read`],
  VirtualMachineImages_Get: [`${COMPUTE}/locations/publishers/artifacttypes/offers/skus/versions/read`],
  NetworkOperations_Get: [`${NETWORK}/locations/operations/read`],
  Operations_Get: [`${COMPUTE}/locations/operations/read`],
  ResourceSkus_List: [`${COMPUTE}/skus/read`],
  Usage_List: [`${COMPUTE}/locations/usages/read`],
  Disks_ListByResourceGroup: [`${COMPUTE}/disks/read`],
  Disks_Delete: [`${COMPUTE}/disks/delete`],
  NetworkInterfaces_List: [`${NETWORK}/networkInterfaces/read`],
  NetworkInterfaces_Get: [`${NETWORK}/networkInterfaces/read`],
  NetworkInterfaces_Delete: [`${NETWORK}/networkInterfaces/delete`],
  PublicIPAddresses_List: [`${NETWORK}/publicIPAddresses/read`],
  PublicIPAddresses_Delete: [`${NETWORK}/publicIPAddresses/delete`],
  VirtualNetworks_Get: [`${NETWORK}/virtualNetworks/read`],
  VirtualNetworks_CreateOrUpdate: [
    `${NETWORK}/virtualNetworks/write`,
    // Its subnet names the security group.
    `${NETWORK}/networkSecurityGroups/join/action`,
  ],
  Subnets_Get: [`${NETWORK}/virtualNetworks/subnets/read`],
  NetworkSecurityGroups_Get: [`${NETWORK}/networkSecurityGroups/read`],
  NetworkSecurityGroups_CreateOrUpdate: [`${NETWORK}/networkSecurityGroups/write`],
  SecurityRules_List: [`${NETWORK}/networkSecurityGroups/securityRules/read`],
  SecurityRules_CreateOrUpdate: [
    `${NETWORK}/networkSecurityGroups/securityRules/write`,
    // Every rule of ours names a group.
    `${NETWORK}/applicationSecurityGroups/joinNetworkSecurityRule/action`,
  ],
  SecurityRules_Delete: [`${NETWORK}/networkSecurityGroups/securityRules/delete`],
  ApplicationSecurityGroups_Get: [`${NETWORK}/applicationSecurityGroups/read`],
  ApplicationSecurityGroups_List: [`${NETWORK}/applicationSecurityGroups/read`],
  ApplicationSecurityGroups_CreateOrUpdate: [`${NETWORK}/applicationSecurityGroups/write`],
  ApplicationSecurityGroups_Delete: [`${NETWORK}/applicationSecurityGroups/delete`],
  Subscriptions_Get: ["Microsoft.Resources/subscriptions/read"],
  Subscriptions_ListLocations: ["Microsoft.Resources/subscriptions/locations/read"],
  Permissions_List: ["Microsoft.Authorization/permissions/read"],
  Tags_UpdateAtScope: ["Microsoft.Resources/tags/write"],
  RetailPrices: [],
  BootDiagnosticsLog: [],
}

const JOIN_DOOR = `${NETWORK}/applicationSecurityGroups/joinIpConfiguration/action`

/** An interface joins what it names, each time that it is written. */
function interfaceActions(body: unknown): readonly string[] {
  const text = JSON.stringify(body)
  return [
    `${NETWORK}/networkInterfaces/write`,
    `${NETWORK}/virtualNetworks/subnets/join/action`,
    ...(text.includes('"publicIPAddress"') ? [`${NETWORK}/publicIPAddresses/join/action`] : []),
    ...(text.includes('"applicationSecurityGroups"') ? [JOIN_DOOR] : []),
  ]
}

/** A VM's creation makes its parts with the caller's own rights, and joins what it is given. */
function creationActions(request: RestVm): readonly string[] {
  const hasAddress = nicsOf(request).some((nic) =>
    nic.properties?.ipConfigurations?.some((one) => one.properties?.publicIPAddressConfiguration !== undefined),
  )
  const hasDoors = nicsOf(request).some((nic) =>
    nic.properties?.ipConfigurations?.some((one) => one.properties?.applicationSecurityGroups !== undefined),
  )
  return [
    `${COMPUTE}/virtualMachines/write`,
    `${COMPUTE}/disks/write`,
    `${NETWORK}/networkInterfaces/write`,
    `${NETWORK}/networkInterfaces/join/action`,
    `${NETWORK}/virtualNetworks/subnets/join/action`,
    ...(hasAddress ? [`${NETWORK}/publicIPAddresses/write`, `${NETWORK}/publicIPAddresses/join/action`] : []),
    ...(hasDoors ? [JOIN_DOOR] : []),
    ...(request.identity === undefined ? [] : ["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"]),
  ]
}

/** The actions that the caller's role must hold for a request. An operation that is not in the table needs one that no role holds. */
export function actionsOf(api: string, body: unknown): readonly string[] {
  if (api === "VirtualMachines_CreateOrUpdate") return creationActions(body as RestVm)
  if (api === "NetworkInterfaces_CreateOrUpdate") return interfaceActions(body)
  return ACTIONS[api] ?? [`unknown: ${api}`]
}
