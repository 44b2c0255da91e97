/** A provider of your own, given as an object: see support/toy-provider.ts. Run it: node test/tools/run.mjs examples/custom-provider.ts */
import { Cluster } from "muster-vms"
import { ToyCloud } from "./support/toy-cloud.js"
import { toy } from "./support/toy-provider.js"

const cluster = new Cluster({ name: "toys", provider: toy(new ToyCloud()), vcpus: { min: 4 }, spread: "zones" })
try {
  const { groups } = await cluster.plan(30)
  for (const { calls, pricePerHour, notes } of groups) {
    for (const { count, instanceTypes, zone } of calls) console.log(`plan: ${count} x ${instanceTypes} in ${zone}`)
    console.log(`plan: $${pricePerHour?.toFixed(2)} per hour; ${notes}`)
  }
  const { running } = await cluster.scale(30)
  console.log(`${running} machines run, in ${new Set(cluster.workers.map(({ zone }) => zone)).size} zones`)
} finally {
  const { instances, leaked, cost } = await cluster.close()
  console.log(`${instances.length} machines ended, ${leaked.length} left, $${cost?.toFixed(4)}`)
}
