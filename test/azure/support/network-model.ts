/**
 * What Azure's own description of its network resources says of those that Muster reads and writes one by one ("networkSecurityGroup.json",
 * "applicationSecurityGroup.json" and "networkInterface.json" of Microsoft.Network/stable/2024-05-01, Azure/azure-rest-api-specs): the
 * SDK that is used here has no types for them.
 */

interface Shape {
  /** Members that a request must have. */
  readonly required?: readonly string[]
  /** Members that it may have. */
  readonly optional: readonly string[]
  /** Members that only Azure sets: in answers alone, but where a resource is sent back as it was read. */
  readonly readOnly: readonly string[]
  /** What stands in a member, or in each item of it. */
  readonly inside?: Readonly<Record<string, string>>
  /** The values of members. */
  readonly values?: Readonly<Record<string, readonly string[]>>
}

const RESOURCE = { optional: ["id", "location", "tags", "properties"], readOnly: ["name", "type", "etag"] }
const STATES = ["Succeeded", "Updating", "Deleting", "Failed"]

const SHAPES: Readonly<Record<string, Shape>> = {
  ApplicationSecurityGroup: { ...RESOURCE, inside: { properties: "ApplicationSecurityGroupProperties" } },
  ApplicationSecurityGroupProperties: {
    optional: [],
    readOnly: ["resourceGuid", "provisioningState"],
    values: { provisioningState: STATES },
  },
  NetworkSecurityGroup: { ...RESOURCE, inside: { properties: "NetworkSecurityGroupProperties" } },
  NetworkSecurityGroupProperties: {
    optional: ["flushConnection", "securityRules"],
    readOnly: ["defaultSecurityRules", "networkInterfaces", "subnets", "flowLogs", "resourceGuid", "provisioningState"],
    inside: { securityRules: "SecurityRule", defaultSecurityRules: "SecurityRule" },
    values: { provisioningState: STATES },
  },
  SecurityRule: {
    optional: ["id", "name", "type", "properties"],
    readOnly: ["etag"],
    inside: { properties: "SecurityRuleProperties" },
  },
  SecurityRuleProperties: {
    required: ["protocol", "access", "priority", "direction"],
    optional: [
      ...["description", "sourcePortRange", "sourcePortRanges", "destinationPortRange", "destinationPortRanges"],
      ...["sourceAddressPrefix", "sourceAddressPrefixes", "sourceApplicationSecurityGroups"],
      ...["destinationAddressPrefix", "destinationAddressPrefixes", "destinationApplicationSecurityGroups"],
    ],
    readOnly: ["provisioningState"],
    inside: {
      sourceApplicationSecurityGroups: "ApplicationSecurityGroup",
      destinationApplicationSecurityGroups: "ApplicationSecurityGroup",
    },
    values: {
      protocol: ["Tcp", "Udp", "Icmp", "Esp", "*", "Ah"],
      access: ["Allow", "Deny"],
      direction: ["Inbound", "Outbound"],
      provisioningState: STATES,
    },
  },
  NetworkInterface: {
    optional: [...RESOURCE.optional, "extendedLocation"],
    readOnly: RESOURCE.readOnly,
    inside: { properties: "NetworkInterfaceProperties" },
  },
  NetworkInterfaceProperties: {
    optional: [
      ...["networkSecurityGroup", "ipConfigurations", "dnsSettings", "enableAcceleratedNetworking", "nicType"],
      ...["disableTcpStateTracking", "enableIPForwarding", "workloadType", "privateLinkService", "migrationPhase"],
      ...["auxiliaryMode", "auxiliarySku"],
    ],
    readOnly: [
      ...["virtualMachine", "privateEndpoint", "tapConfigurations", "macAddress", "primary", "hostedWorkloads"],
      ...[
        "vnetEncryptionSupported",
        "defaultOutboundConnectivityEnabled",
        "dscpConfiguration",
        "resourceGuid",
        "provisioningState",
      ],
    ],
    inside: { ipConfigurations: "IpConfiguration" },
    values: { provisioningState: STATES },
  },
  IpConfiguration: {
    optional: ["id", "name", "type", "properties"],
    readOnly: ["etag"],
    inside: { properties: "IpConfigurationProperties" },
  },
  IpConfigurationProperties: {
    optional: [
      ...["gatewayLoadBalancer", "virtualNetworkTaps", "applicationGatewayBackendAddressPools", "primary", "subnet"],
      ...["loadBalancerBackendAddressPools", "loadBalancerInboundNatRules", "privateIPAddress", "publicIPAddress"],
      ...["privateIPAddressPrefixLength", "privateIPAllocationMethod", "privateIPAddressVersion"],
      "applicationSecurityGroups",
    ],
    readOnly: ["provisioningState", "privateLinkConnectionProperties"],
    inside: { applicationSecurityGroups: "ApplicationSecurityGroup" },
  },
}

interface Operation {
  readonly shape: string
  readonly statuses: readonly number[]
  readonly isList?: true
  /** A resource is sent back as it was read. */
  readonly isReturned?: true
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ApplicationSecurityGroups_CreateOrUpdate: { shape: "ApplicationSecurityGroup", statuses: [200, 201] },
  ApplicationSecurityGroups_Get: { shape: "ApplicationSecurityGroup", statuses: [200] },
  ApplicationSecurityGroups_List: { shape: "ApplicationSecurityGroup", statuses: [200], isList: true },
  ApplicationSecurityGroups_Delete: { shape: "", statuses: [200, 202, 204] },
  NetworkSecurityGroups_CreateOrUpdate: { shape: "NetworkSecurityGroup", statuses: [200, 201] },
  NetworkSecurityGroups_Get: { shape: "NetworkSecurityGroup", statuses: [200] },
  SecurityRules_CreateOrUpdate: { shape: "SecurityRule", statuses: [200, 201] },
  SecurityRules_List: { shape: "SecurityRule", statuses: [200], isList: true },
  SecurityRules_Delete: { shape: "", statuses: [200, 202, 204] },
  NetworkInterfaces_CreateOrUpdate: { shape: "NetworkInterface", statuses: [200, 201], isReturned: true },
  NetworkInterfaces_Get: { shape: "NetworkInterface", statuses: [200] },
  NetworkInterfaces_List: { shape: "NetworkInterface", statuses: [200], isList: true },
}

export interface NetworkExchange {
  readonly api: string
  readonly request: unknown
  readonly status: number
  readonly reply: unknown
}

/** Everything in an exchange that the description does not have; undefined where it is about none of these resources. */
export function checkNetwork({ api, request, status, reply }: NetworkExchange): readonly string[] | undefined {
  const operation = OPERATIONS[api]
  if (operation === undefined) return undefined
  const { shape, statuses, isList, isReturned } = operation
  const problems = statuses.includes(status) ? [] : [`${api}: the status ${status} is not described`]
  if (shape === "") return problems
  const replies = isList === true ? ((reply as { readonly value?: readonly unknown[] }).value ?? []) : [reply]
  return [
    ...problems,
    ...(request === undefined
      ? []
      : check(request, shape, isReturned === true ? "returned" : "request", `${api}: request`)),
    ...replies.flatMap((one) => check(one, shape, "reply", `${api}: reply`)),
  ]
}

type Direction = "request" | "returned" | "reply"

function check(json: unknown, name: string, direction: Direction, path: string): readonly string[] {
  const shape = SHAPES[name]
  if (shape === undefined) return [`${path}: there is no ${name}`]
  if (typeof json !== "object" || json === null || Array.isArray(json)) return [`${path}: is no object`]
  const { required = [], optional, readOnly, inside = {}, values = {} } = shape
  const given = json as Readonly<Record<string, unknown>>
  const allowed = new Set([...required, ...optional, ...(direction === "request" ? [] : readOnly)])
  const missing = required.filter((member) => given[member] === undefined).map((member) => `${path}: lacks ${member}`)
  const found = Object.entries(given).flatMap(([member, value]) => {
    const at = `${path}.${member}`
    if (!allowed.has(member)) return [`${at}: is not described`]
    const known = values[member]
    if (known !== undefined && !known.includes(String(value))) return [`${at}: ${String(value)} is no value of it`]
    const type = inside[member]
    if (type === undefined) return []
    return (Array.isArray(value) ? value : [value]).flatMap((one) => check(one, type, direction, at))
  })
  return [...missing, ...found]
}
