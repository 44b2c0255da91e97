/** A cluster that closes itself at the end of a block, also when an error leaves it. Run it: node test/tools/run.mjs examples/await-using.ts */
import { Cluster } from "muster-vms"

async function countWorkers(): Promise<number> {
  await using cluster = new Cluster({ provider: "local", startup: "exec sleep 600" })
  cluster.on("closed", ({ instances, leaked }) => console.log(`closed: ${instances} workers ended, ${leaked} left`))

  await cluster.scale(3)
  for (const { name, privateIp, state } of cluster.workers) console.log(`${name} at ${privateIp} is ${state}`)
  if (process.argv.includes("--fail")) throw new Error("the work failed")
  return cluster.workers.length
}

try {
  console.log(`${await countWorkers()} workers were there`)
} catch (error) {
  // By now the cluster is closed.
  console.log(`failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
