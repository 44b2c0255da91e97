/** What doctor asks on Compute Engine. */
import { examinedPackage } from "../../../src/client/examined-package.js"
import type { Examination, GroupRequest } from "../../../src/provider.js"
import { COMPUTE } from "../client/packages.js"
import type { Connection, Send } from "../client/send.js"
import type { GcpOptions } from "../options.js"
import { imagesOf } from "../prepare/images.js"
import { addressOf, placeOf } from "../prepare/network.js"
import { PURPOSES } from "../rights/rights.js"
import { type CredentialSource, credentialLook, regionLook, regionReader } from "./credential.js"
import { rights } from "./rights.js"

/** Types of series that every region has. */
const SMALLEST = ["e2-small", "n1-standard-1", "n2-standard-2"]

export interface GcpContext {
  readonly send: Send
  readonly options: GcpOptions
  readonly connection: Connection & { readonly identity: CredentialSource }
}

export function examinationOf(context: GcpContext): Examination {
  const { send, options, connection } = context
  const region = regionReader(send, options)
  return {
    packages: [examinedPackage(COMPUTE)],
    smallest: SMALLEST,
    credential: credentialLook(connection.identity, region),
    looks: [
      regionLook(options, region),
      {
        name: "image",
        look: async ({ group }, calls) => {
          const { images, notes } = await imagesOf(send, options, group, calls)
          const found = Object.entries(images).map(([arch, image]) => `${image} (${arch})`)
          return [{ status: "ok", text: [...found, ...notes].join("; "), data: { images } }]
        },
      },
      {
        name: "network",
        look: async ({ group }, calls) => {
          const { notes } = await addressOf(send, options, group, calls)
          const place = Object.values(placeOf(options)).join(", ")
          return [{ status: "ok", text: [place, ...notes].join("; ") }]
        },
      },
    ],
    purposes: (group) => purposesOf(options, group),
    rights: (purposes, _examined, _seen, calls) => rights(context, purposes, calls),
  }
}

/** What an option says needs no right to be found out. */
function purposesOf(options: GcpOptions, { access, peers }: GroupRequest) {
  const usual = PURPOSES.filter(({ when }) => when !== "asked").map(({ name }) => name)
  const isNeeded = (name: string) => name === "launch" || (name === "zones" && options.zones === undefined)
  const asked = [
    ...(access === undefined ? [] : ["access"]),
    ...(peers === true ? ["peers"] : []),
    ...(options.serviceAccount === undefined ? [] : ["account"]),
  ]
  return [
    ...usual.map((name) => ({ name, isNeeded: isNeeded(name) })),
    ...asked.map((name) => ({ name, isNeeded: true })),
  ]
}
