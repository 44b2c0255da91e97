/** What is sold, at what price, and how much of it the subscription may have. */
import type { Offer } from "../../../../src/provider.js"
import { controllersOf, generationsOf, IMAGES, type ImageFacts } from "./hardware.js"
import { Refusal } from "../client/refusals.js"
import { type Answered, type Asked, READ, type Route, under } from "../client/route.js"
import type { State } from "../world/state.js"
import { NO_ZONE } from "../world/world.js"

/** A version of each image that the wire knows. */
export const VERSION = "24.04.202510010"

/** What a VM would boot. Undefined for a user's own image, of which the wire knows nothing. */
export function checkImage({
  publisher = "",
  offer = "",
  sku = "",
  version = "",
  id,
}: Readonly<Record<string, string>>): ImageFacts | undefined {
  const facts = IMAGES[`${publisher}/${offer}/${sku}`.toLowerCase()]
  const isKnown = facts !== undefined && (version === VERSION || version === "latest")
  if (id !== undefined || isKnown) return id === undefined ? facts : undefined
  throw new Refusal(
    404,
    "PlatformImageNotFound",
    `The platform image '${publisher}:${offer}:${sku}:${version}' is not available.`,
  )
}

function skus(state: State, asked: Asked): Answered {
  const { region, types, zones } = state.world.settings
  const wanted = /^location eq '([^']*)'$/.exec(asked.query.get("$filter") ?? "")?.[1]
  if (wanted !== undefined && wanted.toLowerCase() !== region) return { status: 200, body: { value: [] } }
  const value = types.map((type) => ({
    resourceType: "virtualMachines",
    name: type.name,
    family: type.family,
    locations: [region],
    locationInfo: [
      { location: region, zones: (type.zones ?? zones).filter((zone) => zone !== NO_ZONE), zoneDetails: [] },
    ],
    capabilities: capabilitiesOf(type),
    restrictions: state.quirks.restricted.has(type.name) ? [restriction(region)] : [],
  }))
  return {
    status: 200,
    body: { value: [...value, { resourceType: "disks", name: "Premium_LRS", locations: [region], restrictions: [] }] },
  }
}

function restriction(region: string) {
  const restrictionInfo = { locations: [region] }
  return { type: "Location", values: [region], restrictionInfo, reasonCode: "NotAvailableForSubscription" }
}

function capabilitiesOf(type: State["world"]["settings"]["types"][number]) {
  const values: Readonly<Record<string, string | undefined>> = {
    vCPUs: String(type.vcpus),
    vCPUsAvailable: String(type.vcpus),
    MemoryGB: String(type.memoryGiB),
    HyperVGenerations: generationsOf(type),
    DiskControllerTypes: controllersOf(type),
    CpuArchitectureType: type.arch === "arm64" ? "Arm64" : "x64",
    GPUs: type.gpu === undefined ? undefined : String(type.gpu.count),
    MaxResourceVolumeMB: type.localDiskGiB === undefined ? "0" : String(type.localDiskGiB * 1024),
    EphemeralOSDiskSupported: type.localDiskGiB === undefined ? "False" : "True",
    LowPriorityCapable: type.markets?.includes("spot") === false ? "False" : "True",
  }
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))
}

function versions(_state: State, asked: Asked): Answered {
  const [location = "", ...names] = asked.names
  if (IMAGES[names.join("/")] === undefined) throw noImage(location)
  return { status: 200, body: [{ id: `${asked.path}/${VERSION}`, name: VERSION, location }] }
}

function noImage(location: string): Refusal {
  return new Refusal(404, "NotFound", `Artifact: VMImage was not found in ${location}.`)
}

function image(_state: State, asked: Asked): Answered {
  const [location = "", publisher, offer, sku, version = ""] = asked.names
  const facts = IMAGES[`${publisher}/${offer}/${sku}`]
  if (facts === undefined || version !== VERSION) throw noImage(location)
  const features = [
    { name: "IsAcceleratedNetworkSupported", value: "True" },
    { name: "DiskControllerTypes", value: facts.controllers },
  ]
  const { generation: hyperVGeneration, architecture, os = "Linux", isSold } = facts
  const sold = isSold === undefined ? {} : { plan: { publisher, product: offer, name: sku } }
  return {
    status: 200,
    body: {
      id: asked.path,
      name: version,
      location,
      properties: { hyperVGeneration, architecture, features, osDiskImage: { operatingSystem: os }, ...sold },
    },
  }
}

function usages(state: State): Answered {
  const value = state.world.quotas().map(({ name, scope, limit, used }) => {
    const quota = scope.family ?? (scope.market === "spot" ? "lowPriorityCores" : "cores")
    return { unit: "Count", currentValue: used, limit, name: { value: quota, localizedValue: name } }
  })
  return { status: 200, body: { value } }
}

/** The public list has a row of Windows beside each of Linux, and low priority ones of old. */
function prices(state: State, asked: Asked): Answered {
  const filter = asked.query.get("$filter") ?? ""
  const named = new Set([...filter.matchAll(/armSkuName eq '([^']*)'/g)].map((match) => match[1]?.toLowerCase()))
  const rows = state.world.offers.filter(
    ({ zone, instanceType }) => zone === NO_ZONE && (named.size === 0 || named.has(instanceType.toLowerCase())),
  )
  return {
    status: 200,
    body: {
      BillingCurrency: "USD",
      Items: rows.flatMap((offer) => priceRows(offer)),
      NextPageLink: null,
      Count: rows.length,
    },
  }
}

function priceRows({ instanceType, market, pricePerHour, region }: Offer): readonly unknown[] {
  if (pricePerHour === undefined) return []
  const meter = `${instanceType.replace("Standard_", "").replaceAll("_", " ")}${market === "spot" ? " Spot" : ""}`
  const row = {
    currencyCode: "USD",
    armRegionName: region,
    armSkuName: instanceType,
    unitOfMeasure: "1 Hour",
    type: "Consumption",
  }
  const linux = {
    ...row,
    retailPrice: pricePerHour,
    meterName: meter,
    skuName: meter,
    productName: "Virtual Machines Series",
  }
  return [linux, { ...linux, retailPrice: pricePerHour * 1.9, productName: "Virtual Machines Series Windows" }]
}

export const catalogueRoutes: readonly Route[] = [
  {
    api: "ResourceSkus_List",
    method: "GET",
    path: under("/providers/microsoft.compute/skus"),
    cost: READ,
    answer: skus,
  },
  {
    api: "Usage_List",
    method: "GET",
    path: under("/providers/microsoft.compute/locations/*/usages"),
    cost: READ,
    answer: usages,
  },
  {
    api: "VirtualMachineImages_List",
    method: "GET",
    path: under("/providers/microsoft.compute/locations/*/publishers/*/artifacttypes/vmimage/offers/*/skus/*/versions"),
    cost: READ,
    answer: versions,
  },
  {
    api: "VirtualMachineImages_Get",
    method: "GET",
    path: under(
      "/providers/microsoft.compute/locations/*/publishers/*/artifacttypes/vmimage/offers/*/skus/*/versions/*",
    ),
    cost: READ,
    answer: image,
  },
  { api: "RetailPrices", method: "GET", path: /^\/api\/retail\/prices$/, cost: {}, isElsewhere: true, answer: prices },
]
