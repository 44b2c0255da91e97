/** What Azure refuses of a VM before it makes anything ("Virtual Machines - Create Or Update", and its error messages). */
import type { TypeSpec } from "../../../../src/simulator/index.js"
import { checkDoors } from "../access/interfaces.js"
import { checkImage } from "../offers/catalogue.js"
import { checkBoot } from "../offers/hardware.js"
import { checkSubnet } from "../prepare/network.js"
import { Refusal } from "../client/refusals.js"
import type { RestVm } from "../world/rest.js"
import type { State } from "../world/state.js"
import { NO_ZONE } from "../world/world.js"

const MAX_TAGS = 50
/** "Naming rules and restrictions for Azure resources": 80 characters. */
const DISK_NAME = /^[a-z0-9]([a-z0-9._-]{0,78}[a-z0-9_])?$/i
/** The longest base64 of 65,535 bytes. */
const CUSTOM_DATA_CHARACTERS = 87_380
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const VM_NAME = /^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9_])?$/i

export function checkVm(state: State, name: string, request: RestVm): void {
  const { location = "", tags = {}, zones = [], properties = {} } = request
  const { region, types, zones: all } = state.world.settings
  if (!VM_NAME.test(name)) throw invalid("vmName", `'${name}' is not a valid name`)
  if (location.toLowerCase() !== region) {
    throw new Refusal(
      400,
      "LocationNotAvailableForResourceType",
      `The provided location '${location}' is not available for resource type 'Microsoft.Compute/virtualMachines'.`,
    )
  }
  const { vmSize = "" } = properties.hardwareProfile ?? {}
  const type = types.find((known) => known.name.toLowerCase() === vmSize.toLowerCase())
  if (type === undefined) throw invalid("vmSize", `The value ${vmSize} provided for the VM size is not valid`)
  if (zones.length > 1 || zones.some((zone) => !all.includes(zone) || zone === NO_ZONE)) {
    throw new Refusal(
      400,
      "InvalidAvailabilityZone",
      `The zone(s) '${zones.join(",")}' for resource '${name}' is not supported.`,
    )
  }
  checkTags(tags)
  checkLogin(properties.osProfile ?? {}, name)
  if ((properties.userData ?? "").length > CUSTOM_DATA_CHARACTERS || !BASE64.test(properties.userData ?? ""))
    throw invalid("userData", "User data must be in Base64 encoding and with a maximum length of 87380 characters")
  checkDisk(properties.storageProfile, type, request.plan)
  checkNetwork(state, properties.networkProfile)
  checkSpot(properties)
}

function invalid(parameter: string, message: string): Refusal {
  return new Refusal(400, "InvalidParameter", `${message}. Parameter name: ${parameter}`)
}

function checkTags(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length > MAX_TAGS)
    throw new Refusal(400, "TooManyTags", `A resource may have up to ${MAX_TAGS} tags.`)
  const bad = Object.entries(tags).find(
    ([key, value]) => key.length > 512 || value.length > 256 || /[<>%&\\?/]/.test(key),
  )
  if (bad !== undefined) throw new Refusal(400, "InvalidTagNameOrValue", `The tag '${bad[0]}' is not valid.`)
}

type Properties = NonNullable<RestVm["properties"]>

function checkLogin(
  {
    computerName = "",
    adminUsername,
    adminPassword,
    customData = "",
    linuxConfiguration,
  }: NonNullable<Properties["osProfile"]>,
  name: string,
): void {
  if (!/^[a-z0-9-]{1,64}$/i.test(computerName))
    throw invalid("computerName", `'${computerName}' of ${name} is not a valid Linux host name`)
  if (adminUsername === undefined)
    throw invalid("adminUsername", "Required parameter 'adminUsername' is missing (null)")
  if (adminPassword !== undefined) throw invalid("adminPassword", "passwords have no place here")
  if (customData.length > CUSTOM_DATA_CHARACTERS)
    throw invalid(
      "customData",
      "Custom data in OSProfile must be in Base64 encoding and with a maximum length of 87380 characters",
    )
  const keys = linuxConfiguration?.ssh?.publicKeys ?? []
  if (linuxConfiguration?.disablePasswordAuthentication !== true || keys.length === 0) {
    throw invalid(
      "linuxConfiguration",
      "Authentication using either SSH or by user name and password must be enabled in Linux profile",
    )
  }
  const isKey = keys.every(
    ({ path, keyData = "" }) =>
      path === `/home/${adminUsername}/.ssh/authorized_keys` && /^ssh-(rsa|ed25519) AAAA\S+/.test(keyData),
  )
  if (!isKey) throw invalid("linuxConfiguration.ssh.publicKeys.keyData", "the path or the key is not valid")
}

/** "Supply purchase plan information", and its error. */
function checkPlan(image: Readonly<Record<string, string>>, plan: RestVm["plan"]): void {
  const { publisher, offer, sku } = image
  if (plan?.publisher === publisher && plan?.product === offer && plan?.name === sku) return
  throw new Refusal(
    400,
    "VMMarketplaceInvalidInput",
    "Creating a virtual machine from Marketplace image or a custom image sourced from a Marketplace image requires Plan information in the request.",
  )
}

function checkDisk(storage: Properties["storageProfile"], type: TypeSpec, plan: RestVm["plan"]): void {
  const { imageReference = {}, osDisk, diskControllerType } = storage ?? {}
  if (osDisk?.createOption !== "FromImage")
    throw invalid("osDisk.createOption", "Required parameter 'createOption' is missing (null)")
  if (!DISK_NAME.test(osDisk.name ?? "disk")) throw invalid("osDisk.name", `'${osDisk.name}' is not a valid name`)
  const image = checkImage(imageReference)
  if (image !== undefined) checkBoot(type, image, diskControllerType)
  if (image?.isSold === true) checkPlan(imageReference, plan)
  if (image?.os === "Windows")
    throw invalid("linuxConfiguration", "The property 'linuxConfiguration' is not valid because the image is Windows")
  if (osDisk.diffDiskSettings !== undefined && osDisk.managedDisk?.storageAccountType?.startsWith("Premium")) {
    throw invalid("osDisk.diffDiskSettings", "an ephemeral disk has no Premium storage")
  }
}

function checkNetwork(state: State, network: Properties["networkProfile"]): void {
  const nics = network?.networkInterfaceConfigurations ?? []
  if (nics.length === 0) throw invalid("networkProfile.networkInterfaces", "at least one network interface is needed")
  if (network?.networkApiVersion === undefined)
    throw invalid("networkProfile.networkApiVersion", "Required parameter 'networkApiVersion' is missing (null)")
  for (const { name, properties } of nics) {
    const subnets = (properties?.ipConfigurations ?? []).map((configuration) => configuration.properties?.subnet?.id)
    if (name === undefined || subnets.length === 0)
      throw invalid("networkInterfaceConfigurations", "a name and an ipConfiguration are needed")
    for (const subnet of subnets) checkSubnet(state, subnet ?? "")
    for (const one of properties?.ipConfigurations ?? []) {
      checkAddress(one.properties?.publicIPAddressConfiguration)
      checkDoors(state, one.properties?.applicationSecurityGroups ?? [])
    }
  }
}

type Nic = NonNullable<NonNullable<Properties["networkProfile"]>["networkInterfaceConfigurations"]>[number]
type Ip = NonNullable<NonNullable<Nic["properties"]>["ipConfigurations"]>[number]

/**
 * "Standard SKU public IP addresses always use static allocation" ("Public IP addresses", SKU): the default is Dynamic, which is
 * refused, as `StandardSkuPublicIPAddressesMustBeStatic`.
 */
function checkAddress(address: NonNullable<Ip["properties"]>["publicIPAddressConfiguration"]): void {
  const { name = "", sku, properties } = address ?? {}
  if (sku?.name !== "Standard" || properties?.publicIPAllocationMethod === "Static") return
  throw new Refusal(
    400,
    "StandardSkuPublicIPAddressesMustBeStatic",
    `Standard sku publicIp ${name} must have AllocationMethod set to Static.`,
  )
}

function checkSpot({ priority, evictionPolicy, billingProfile }: Properties): void {
  if (priority === "Spot") return
  if (evictionPolicy !== undefined) {
    throw new Refusal(
      400,
      "EvictionPolicyCanBeSetOnlyOnAzureSpotVirtualMachines",
      "Eviction policy can be set only on Azure Spot Virtual Machines.",
    )
  }
  if (billingProfile !== undefined)
    throw invalid("billingProfile.maxPrice", "Max price can be set only on Azure Spot Virtual Machines")
}
