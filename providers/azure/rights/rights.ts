/** The actions on Azure: each with what it is for. A principal's list of permissions tells all of them. */
import type { NeededRight, Purpose } from "../../../src/rights.js"

export const PURPOSES: readonly Purpose[] = [
  {
    name: "launch",
    what: "launching, listing and ending workers",
    when: "always",
    without: "nothing can be launched, or nothing be ended",
  },
  {
    name: "groups",
    what: "a resource group for each generation of a cluster",
    when: "usual",
    without: "a resourceGroup of yours must be named",
  },
  {
    name: "claim",
    what: "claiming a cluster's name and generations, so that one process alone owns it",
    when: "usual",
    without: "clusters are claimed by tags alone",
  },
  {
    name: "types",
    what: "choosing sizes, and images by name",
    when: "usual",
    without: "sizes and image must be named in full",
  },
  {
    name: "console",
    what: "reading the consoles of workers that failed",
    when: "usual",
    without: "failed boots are told without the last lines of their consoles",
  },
  {
    name: "network",
    what: "the location's shared network, and public addresses",
    when: "usual",
    without: "a subnetId of yours must be named, and publicAddress: false",
  },
  {
    name: "access",
    what: "access: rules for port 22",
    when: "asked",
    without: "workers cannot be opened to ssh",
  },
  {
    name: "peers",
    what: "peers: rules among a cluster's workers",
    when: "asked",
    without: "a cluster with peers cannot be made",
  },
  {
    name: "quotas",
    what: "reading quotas",
    when: "asked",
    without: "quotas are only known once Azure refuses a launch",
  },
  {
    name: "subnet",
    what: "checking a subnet of yours (subnetId)",
    when: "asked",
    without: "whether a subnet of yours has a way out, and port 22 is open there, is unknown",
  },
  {
    name: "identity",
    what: "giving workers an identity, by which they end themselves",
    when: "asked",
    without: "launches with identity are refused",
  },
  {
    name: "image",
    what: "reading an image of yours",
    when: "asked",
    without: "sizes that cannot boot an image of yours are only known once Azure refuses them",
  },
  {
    name: "own-group",
    what: "sweeping a resourceGroup of yours",
    when: "asked",
    without: "disks that stayed behind in a resourceGroup of yours are not seen",
  },
  {
    name: "doctor",
    what: "letting doctor read the principal's rights and the subscription's state",
    when: "asked",
    without: "doctor cannot tell which rights the principal has",
  },
]

const COMPUTE = "Microsoft.Compute"
const NETWORK = "Microsoft.Network"
const GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"

const row = (name: string, purposes: string): NeededRight => ({ name, for: purposes.split(" "), ask: "alone" })

export const RIGHTS: readonly NeededRight[] = [
  row(`${GROUPS}/read`, "groups"),
  row(`${GROUPS}/write`, "groups"),
  row(`${GROUPS}/delete`, "groups"),
  row(`${COMPUTE}/virtualMachines/read`, "launch"),
  row(`${COMPUTE}/virtualMachines/write`, "launch"),
  row(`${COMPUTE}/virtualMachines/delete`, "launch"),
  row(`${COMPUTE}/virtualMachines/retrieveBootDiagnosticsData/action`, "console"),
  row(`${COMPUTE}/virtualMachineScaleSets/read`, "claim"),
  row(`${COMPUTE}/virtualMachineScaleSets/write`, "claim"),
  row(`${COMPUTE}/virtualMachineScaleSets/delete`, "claim"),
  row(`${COMPUTE}/skus/read`, "types"),
  row(`${COMPUTE}/locations/publishers/artifacttypes/offers/skus/versions/read`, "types"),
  row(`${COMPUTE}/locations/usages/read`, "quotas"),
  row(`${COMPUTE}/disks/write`, "launch"),
  row(`${COMPUTE}/disks/delete`, "launch"),
  row(`${COMPUTE}/disks/read`, "own-group"),
  row(`${NETWORK}/networkInterfaces/read`, "launch"),
  row(`${NETWORK}/networkInterfaces/write`, "launch"),
  row(`${NETWORK}/networkInterfaces/delete`, "launch"),
  row(`${NETWORK}/networkInterfaces/join/action`, "launch"),
  row(`${NETWORK}/publicIPAddresses/read`, "network"),
  row(`${NETWORK}/publicIPAddresses/write`, "network"),
  row(`${NETWORK}/publicIPAddresses/delete`, "network"),
  row(`${NETWORK}/publicIPAddresses/join/action`, "network"),
  row(`${NETWORK}/virtualNetworks/read`, "network"),
  row(`${NETWORK}/virtualNetworks/write`, "network"),
  row(`${NETWORK}/virtualNetworks/subnets/join/action`, "launch"),
  row(`${NETWORK}/networkSecurityGroups/write`, "network"),
  row(`${NETWORK}/networkSecurityGroups/join/action`, "network"),

  row(`${NETWORK}/applicationSecurityGroups/read`, "access peers"),
  row(`${NETWORK}/applicationSecurityGroups/write`, "access peers"),
  row(`${NETWORK}/applicationSecurityGroups/delete`, "access peers"),
  row(`${NETWORK}/applicationSecurityGroups/joinIpConfiguration/action`, "access peers"),
  row(`${NETWORK}/applicationSecurityGroups/joinNetworkSecurityRule/action`, "access peers"),
  row(`${NETWORK}/networkSecurityGroups/securityRules/read`, "access peers"),
  row(`${NETWORK}/networkSecurityGroups/securityRules/write`, "access peers"),
  row(`${NETWORK}/networkSecurityGroups/securityRules/delete`, "access peers"),

  row(`${NETWORK}/virtualNetworks/subnets/read`, "subnet"),
  row(`${NETWORK}/networkSecurityGroups/read`, "subnet"),
  row("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", "identity"),
  row(`${COMPUTE}/images/read`, "image"),
  row(`${COMPUTE}/galleries/images/read`, "image"),
  row("Microsoft.Authorization/permissions/read", "doctor"),
  row("Microsoft.Resources/subscriptions/read", "doctor"),
  row("Microsoft.Resources/subscriptions/locations/read", "doctor"),
]
