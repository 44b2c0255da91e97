/** What a project can read beside its instances: regions, zones, machine types, images, networks. */
import type { Json, JsonObject, Offer } from "../../../../src/provider.js"
import type { Resource, World } from "../../../../src/simulator/index.js"
import { localSsdGiB } from "../../offers/families.js"
import { pacificTime } from "../client/pacific.js"
import { link, numberOf, pathIn } from "../account.js"
import { imageOf } from "../launch/bulk-spec.js"
import type { Asked, Handler } from "../client/handler.js"
import { listReply, plainPage } from "../client/paging.js"
import { notFound, Refusal } from "../client/refusals.js"

const read = (answer: Handler["answer"]): Handler => ({ cost: () => ({ reads: 1 }), answer })

/** Long before anything that a test is about. */
const CREATED = pacificTime(0)

function typeJson(
  project: string,
  { zone, instanceType, vcpus = 0, memoryGiB = 0, arch, gpu, localDiskGiB }: Offer,
): JsonObject {
  const accelerators =
    gpu === undefined ? {} : { accelerators: [{ guestAcceleratorType: gpu.name, guestAcceleratorCount: gpu.count }] }
  const bundled =
    localDiskGiB === undefined
      ? {}
      : { bundledLocalSsds: { defaultInterface: "NVME", partitionCount: localDiskGiB / localSsdGiB(instanceType) } }
  return {
    kind: "compute#machineType",
    id: numberOf(`${zone}/${instanceType}`),
    creationTimestamp: CREATED,
    name: instanceType,
    description: `${vcpus} vCPUs, ${memoryGiB} GB RAM`,
    guestCpus: vcpus,
    memoryMb: memoryGiB * 1024,
    maximumPersistentDisks: 128,
    maximumPersistentDisksSizeGb: "263168",
    zone,
    selfLink: link(`projects/${project}/zones/${zone}/machineTypes/${instanceType}`),
    isSharedCpu: false,
    architecture: arch === "arm64" ? "ARM64" : "X86_64",
    ...accelerators,
    ...bundled,
  }
}

/** A zone has a type once, on whichever markets. */
function typesIn(world: World, zone: string): readonly Offer[] {
  const types = new Map(world.offers.filter((offer) => offer.zone === zone).map((offer) => [offer.instanceType, offer]))
  return [...types.values()].sort((a, b) => (a.instanceType < b.instanceType ? -1 : 1))
}

function regionJson({ world, project }: Asked): JsonObject {
  const { region, zones } = world.settings
  const path = `projects/${project}/regions/${region}`
  return {
    kind: "compute#region",
    id: numberOf(region),
    creationTimestamp: CREATED,
    name: region,
    description: region,
    status: "UP",
    zones: zones.map((zone) => link(`projects/${project}/zones/${zone}`)),
    quotas: world.quotas().map(({ name, limit, used }) => ({ metric: name, limit, usage: used })),
    selfLink: link(path),
  }
}

function zoneJson({ world, project }: Asked, zone: string): JsonObject {
  return {
    kind: "compute#zone",
    id: numberOf(zone),
    creationTimestamp: CREATED,
    name: zone,
    description: zone,
    status: "UP",
    region: link(`projects/${project}/regions/${world.settings.region}`),
    selfLink: link(`projects/${project}/zones/${zone}`),
  }
}

function known(asked: Asked, kind: "region" | "zone"): string {
  const { world, project, parameters } = asked
  const name = parameters[kind] ?? ""
  const names = kind === "zone" ? world.settings.zones : [world.settings.region]
  if (!names.includes(name)) throw notFound(`projects/${project}/${kind}s/${name}`)
  return name
}

function imageJson(world: World, path: string): JsonObject {
  const image = imageOf(world, path)
  if (image === undefined) throw notFound(path)
  const [, project = ""] = path.split("/")
  const { name = "", family = "", arch = "", licenses = "", features = "UEFI_COMPATIBLE" } = image
  return {
    kind: "compute#image",
    id: numberOf(name),
    creationTimestamp: CREATED,
    name,
    family: family.split("/").at(-1) ?? "",
    architecture: arch,
    status: "READY",
    licenses: licenses.split(" ").flatMap((path) => (path === "" ? [] : [link(path)])),
    guestOsFeatures: features.split(" ").map((type) => ({ type })),
    diskSizeGb: "10",
    selfLink: link(`projects/${project}/global/images/${name}`),
  }
}

function networkJson({ world, project }: Asked, kind: "network" | "subnetwork", path: string): JsonObject {
  const found = world.resources.get(kind, path)
  if (found === undefined) throw notFound(path)
  const name = path.split("/").at(-1) ?? ""
  const rest =
    kind === "network"
      ? { autoCreateSubnetworks: true }
      : {
          ipCidrRange: String(found.attributes.range),
          network: link(pathIn(project, `global/networks/${String(found.attributes.network)}`)),
        }
  return {
    kind: `compute#${kind}`,
    id: numberOf(path),
    creationTimestamp: CREATED,
    name,
    selfLink: link(path),
    ...rest,
  }
}

/** With its NATs as whoever put it into the world wrote them. */
function routerJson({ project, world }: Asked, { id, attributes }: Resource): JsonObject {
  const { network = "default", nats = [] } = attributes as { readonly network?: string; readonly nats?: Json }
  return {
    kind: "compute#router",
    id: numberOf(id),
    creationTimestamp: CREATED,
    name: id.split("/").at(-1) ?? "",
    region: link(`projects/${project}/regions/${world.settings.region}`),
    network: link(`projects/${project}/global/networks/${network}`),
    nats,
    selfLink: link(id),
  }
}

export const CATALOGUE: Readonly<Record<string, Handler>> = {
  "machineTypes.list": read((asked) => {
    const zone = known(asked, "zone")
    const types = typesIn(asked.world, zone).map((offer) => typeJson(asked.project, offer))
    return listReply(asked, "machineTypeList", `zones/${zone}/machineTypes`, plainPage(asked, types))
  }),
  "machineTypes.get": read((asked) => {
    const { world, project, parameters } = asked
    const zone = known(asked, "zone")
    const offer = typesIn(world, zone).find(({ instanceType }) => instanceType === parameters.machineType)
    if (offer === undefined) throw notFound(`projects/${project}/zones/${zone}/machineTypes/${parameters.machineType}`)
    return typeJson(project, offer)
  }),
  "regions.get": read((asked) => {
    known(asked, "region")
    return regionJson(asked)
  }),
  "regions.list": read((asked) => listReply(asked, "regionList", "regions", plainPage(asked, [regionJson(asked)]))),
  "zones.get": read((asked) => zoneJson(asked, known(asked, "zone"))),
  "zones.list": read((asked) =>
    listReply(
      asked,
      "zoneList",
      "zones",
      plainPage(
        asked,
        asked.world.settings.zones.map((zone) => zoneJson(asked, zone)),
      ),
    ),
  ),
  "images.get": read(({ world, parameters }) =>
    imageJson(world, `projects/${parameters.project}/global/images/${parameters.image}`),
  ),
  "images.getFromFamily": read(({ world, parameters }) =>
    imageJson(world, `projects/${parameters.project}/global/images/family/${parameters.family}`),
  ),
  "networks.get": read((asked) =>
    networkJson(asked, "network", `projects/${asked.project}/global/networks/${asked.parameters.network}`),
  ),
  "routers.list": read((asked) => {
    const path = `projects/${asked.parameters.project}/regions/${known(asked, "region")}/routers`
    const routers = asked.world.resources.list({ kind: "router" }).filter(({ id }) => id.startsWith(`${path}/`))
    const written = routers.map((router) => routerJson(asked, router))
    return listReply(asked, "routerList", path, plainPage(asked, written))
  }),
  "subnetworks.get": read((asked) => {
    const region = known(asked, "region")
    return networkJson(
      asked,
      "subnetwork",
      `projects/${asked.parameters.project}/regions/${region}/subnetworks/${asked.parameters.subnetwork}`,
    )
  }),
}

/** @throws Refusal for a place that is not this region's, before anything else is looked at. */
export function checkPlace(asked: Asked): void {
  const { world, parameters } = asked
  const { zone, region } = parameters
  if (zone !== undefined && !world.settings.zones.includes(zone)) {
    throw new Refusal(400, "invalid", `Invalid value for field 'zone': '${zone}'. Unknown zone.`)
  }
  if (region !== undefined && region !== world.settings.region) {
    throw new Refusal(400, "invalid", `Invalid value for field 'region': '${region}'. Unknown region.`)
  }
}
