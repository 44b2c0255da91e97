/** What a launch is prepared with: images, networks, subnetworks and routers. */
import type { Json, JsonObject } from "../../../../src/provider.js"
import type { Resource, World } from "../../../../src/simulator/index.js"
import { imageOf, link, numberOf, pathIn } from "../account.js"
import type { Asked, Handler } from "../client/handler.js"
import { listReply, plainPage } from "../client/paging.js"
import { notFound } from "../client/refusals.js"
import { CREATED, known, read } from "../offers/catalogue.js"

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

/** A router, with its NATs as the test wrote them into the world. */
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

export const RESOURCES: Readonly<Record<string, Handler>> = {
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
