/** What a project can read of its region: its zones, and the machine types of each. */
import type { JsonObject, Offer } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { localSsdGiB } from "../../offers/families.js"
import { pacificTime } from "../client/pacific.js"
import { link, numberOf } from "../account.js"
import type { Asked, Handler } from "../client/handler.js"
import { listReply, plainPage } from "../client/paging.js"
import { notFound } from "../client/refusals.js"

/** A request that reads one thing. */
export const read = (answer: Handler["answer"]): Handler => ({ cost: () => ({ reads: 1 }), answer })

/** Long before anything that a test is about. */
export const CREATED = pacificTime(0)

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

/** The zone or region that a request names. @throws Refusal for one that is not there. */
export function known(asked: Asked, kind: "region" | "zone"): string {
  const { world, project, parameters } = asked
  const name = parameters[kind] ?? ""
  const names = kind === "zone" ? world.settings.zones : [world.settings.region]
  if (!names.includes(name)) throw notFound(`projects/${project}/${kind}s/${name}`)
  return name
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
}
