/** What doctor asks on EC2. */
import { examinedPackage } from "../../../src/client/examined-package.js"
import type { Examination, Finding, GroupRequest } from "../../../src/provider.js"
import { EC2, PRICING, SERVICE_QUOTAS, STS } from "../client/packages.js"
import type { Send } from "../client/send.js"
import type { AwsOptions } from "../options.js"
import { imagesOf } from "../prepare/images.js"
import { type Network, networkOf } from "../prepare/network.js"
import { PURPOSES } from "../rights/rights.js"
import { credentialLook, regionLook } from "./credential.js"
import { rights } from "./rights.js"

/** Types that every account may run, in the order in which regions are likely to sell them. */
const SMALLEST = ["t3.micro", "t4g.micro", "t2.micro"]

export function examinationOf(send: Send, options: AwsOptions): Examination {
  return {
    packages: [
      examinedPackage(EC2),
      examinedPackage(STS, "whose the credentials are is not known, and refusals are not decoded"),
      examinedPackage(PRICING, "on-demand prices are not known, unless the option prices has them"),
      examinedPackage(SERVICE_QUOTAS, "quotas are only known once EC2 refuses a launch"),
    ],
    smallest: SMALLEST,
    credential: credentialLook(send, options),
    looks: [
      regionLook(options),
      {
        name: "image",
        look: async ({ group }, calls) => {
          const { images, notes } = await imagesOf(send, options, group, calls)
          const found = Object.entries(images).map(([arch, { id }]) => `${id} (${arch})`)
          return [
            {
              status: "ok",
              text: [...found, ...notes].join("; "),
              data: { images: JSON.parse(JSON.stringify(images)) },
            },
          ]
        },
      },
      {
        name: "network",
        look: async ({ owner, group }, calls) =>
          networkFindings(await networkOf(send, options, { owner, group }, calls)),
      },
    ],
    purposes: (group) => purposesOf(options, group),
    rights: (purposes, examined, seen, calls) => rights({ send, options, purposes, examined, seen }, calls),
  }
}

function networkFindings({ subnets, notes }: Network): readonly Finding[] {
  const found = subnets.map(({ id, zone, free }) => {
    const room = free === undefined ? "" : `, ${free} addresses free`
    return `${id} (${zone ?? "zone unknown"}${room})`
  })
  const where = found.length === 0 ? "the default subnet of each zone" : found.join(", ")
  const isFull = subnets.length > 0 && subnets.every(({ free }) => free === 0)
  if (isFull) {
    const remedy = "name larger subnets in subnetIds, or end what uses the addresses"
    return [{ status: "fail", text: `no address is free in ${where}`, remedy }]
  }
  const status = subnets.length === 0 ? "warn" : "ok"
  return [{ status, text: [where, ...notes].join("; ") }]
}

function purposesOf(options: AwsOptions, { access, peers, markets = [] }: GroupRequest) {
  const usual = PURPOSES.filter(({ when }) => when !== "asked").map(({ name }) => ({
    name,
    isNeeded: name === "launch",
  }))
  const asked = [
    ...(access === undefined ? [] : ["access"]),
    ...(peers === true ? ["peers"] : []),
    ...(options.instanceProfile === undefined ? [] : ["profile"]),
  ]
  const isSpotOnly = markets.length > 0 && markets.every((market) => market === "spot")
  const needed = usual.map((one) =>
    one.name === "spot" && isSpotOnly && options.fleet === true ? { ...one, isNeeded: true } : one,
  )
  return [...needed, ...asked.map((name) => ({ name, isNeeded: true }))]
}
