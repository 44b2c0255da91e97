/** What doctor asks on Azure. */
import { examinedPackage } from "../../../src/client/examined-package.js"
import type { Examination, GroupRequest } from "../../../src/provider.js"
import { IDENTITY, SDK } from "../client/packages.js"
import type { Azure } from "../client/send.js"
import type { AzureOptions } from "../options.js"
import { imagesOf } from "../prepare/images.js"
import { networkOf } from "../prepare/network.js"
import { PURPOSES } from "../rights/rights.js"
import { credentialLook, regionLook } from "./credential.js"
import { rights } from "./rights.js"

/** Small sizes, those first that old subscriptions may use as well as new ones. */
const SMALLEST = ["Standard_B2ats_v2", "Standard_B1s", "Standard_D2s_v5"]

export function examinationOf(azure: Azure): Examination {
  const { options } = azure
  return {
    packages: [examinedPackage(SDK), ...(options.credential === undefined ? [examinedPackage(IDENTITY)] : [])],
    smallest: SMALLEST,
    credential: credentialLook(azure),
    looks: [
      regionLook(azure),
      {
        name: "image",
        look: async ({ group }, calls) => {
          const { images, notes } = await imagesOf(azure, group, calls)
          const found = Object.entries(images).map(([arch, image]) => `${nameOf(image)} (${arch})`)
          return [{ status: "ok", text: [...found, ...notes].join("; "), data: { images } }]
        },
      },
      {
        name: "network",
        look: async ({ group }, calls) => {
          const { subnetId, notes, writes } = await networkOf(azure, group, calls)
          const made = writes > 0 ? ["made with the first launch"] : []
          return [
            { status: "ok", text: [subnetId.replace(/^\/subscriptions\/[^/]+/, ""), ...made, ...notes].join("; ") },
          ]
        },
      },
    ],
    purposes: (group) => purposesOf(options, group),
    rights: (purposes, _examined, _seen, calls) => rights(azure, purposes, calls),
  }
}

/** "Canonical:ubuntu-24_04-lts:server:24.04.202510010", or the id of an image of the user's. */
function nameOf(image: Readonly<Record<string, unknown>>): string {
  const { id, publisher, offer, sku, version } = image
  return typeof id === "string" ? id : [publisher, offer, sku, version].map(String).join(":")
}

/** A resource group and a subnet of the user's own save rights, and what is asked for needs some. */
function purposesOf(options: AzureOptions, { access, peers }: GroupRequest) {
  const { resourceGroup, subnetId, identity } = options
  const spared = [
    ...(resourceGroup === undefined ? [] : ["groups", "claim"]),
    ...(subnetId === undefined ? [] : ["network"]),
  ]
  const usual = PURPOSES.filter(({ name, when }) => when !== "asked" && !spared.includes(name)).map(({ name }) => name)
  const isAsked = (wanted: boolean, name: string) => (wanted ? [name] : [])
  const asked = [
    ...isAsked(access !== undefined && subnetId === undefined, "access"),
    ...isAsked(peers === true && subnetId === undefined, "peers"),
    ...isAsked(identity !== undefined, "identity"),
  ]
  const known = [
    ...isAsked(subnetId !== undefined, "subnet"),
    ...isAsked(resourceGroup !== undefined, "own-group"),
    "quotas",
  ]
  return [
    ...usual.map((name) => ({ name, isNeeded: ["launch", "groups", "network"].includes(name) })),
    ...asked.map((name) => ({ name, isNeeded: true })),
    ...known.map((name) => ({ name, isNeeded: false })),
  ]
}
