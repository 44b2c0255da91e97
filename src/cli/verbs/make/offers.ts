/** `muster offers`: what is sold that fits, in the order in which it would be tried. Nothing is made. */
import type { Offer } from "../../../provider.js"
import { clusterOf } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { formatOf, rowsText, type Shape } from "../../output.js"
import { providersAt } from "../../spec/places.js"
import { targetOf } from "../../spec/target.js"
import type { RunVerb } from "../../surroundings.js"

type Row = Offer & { readonly group: string }

export const run: RunVerb = async (given, surroundings) => {
  formatOf(given)
  const { clock, out, say } = surroundings
  const { name: _name, ...target } = await targetOf(given, given.words[0], surroundings)
  const providers = await providersAt(target.places, surroundings)
  const cluster = clusterOf({ ...target, name: undefined }, providers, { clock, journal: false })
  try {
    const groups = Object.keys((target.spec.groups as object | undefined) ?? { default: {} })
    const plan = await cluster.plan(groups.length === 1 ? 1 : Object.fromEntries(groups.map((group) => [group, 1])))
    const rows = plan.groups.flatMap(({ group, offers }) => offers.map((offer): Row => ({ group, ...offer })))
    out(await rowsText(rows, SHAPE, given, surroundings))
    say("list prices of the clouds, an estimate; nothing was made\n")
    return EXIT.ok
  } finally {
    await cluster.detach()
  }
}

const SHAPE: Shape<Row> = {
  nameOf: ({ provider, zone, instanceType, market }) => `offers/${provider}/${zone}/${instanceType}/${market}`,
  columns: [
    { head: "TYPE", cell: ({ instanceType }) => instanceType },
    { head: "MARKET", cell: ({ market }) => market },
    { head: "ZONE", cell: ({ zone }) => zone },
    { head: "VCPUS", cell: ({ vcpus }) => String(vcpus) },
    { head: "GIB", cell: ({ memoryGiB }) => String(memoryGiB) },
    { head: "USD/H", cell: ({ pricePerHour }) => pricePerHour?.toFixed(4) ?? "?" },
    { head: "PROVIDER", wide: true, cell: ({ provider, region }) => `${provider} ${region}` },
    { head: "ARCH", wide: true, cell: ({ arch }) => arch },
    { head: "GROUP", wide: true, cell: ({ group }) => group },
    { head: "PRICE FROM", wide: true, cell: ({ priceSource }) => priceSource ?? "-" },
  ],
}
