/** An engine of your own, given as an object: see support/toy-engine.ts. Run it: node test/tools/run.mjs examples/custom-engine.ts */
import { Cluster } from "muster-vms"
import { runLines, toyEngine } from "./support/toy-engine.js"

const cluster = new Cluster({ provider: "local", engine: toyEngine(), closeOnExit: true })
try {
  const { ready } = await cluster.scale(4)
  console.log(`${ready} workers have joined their head`)
  const client = await cluster.client()
  const lines = Array.from({ length: 12 }, (_, index) => `echo $((${index} * ${index}))`)
  const squares = (await runLines(client, lines)).map(Number)
  console.log(`squares: ${squares.join(" ")}`)
  const { running } = await cluster.scale(1)
  console.log(`${running} worker and the head go on`)
} finally {
  const { instances, leaked } = await cluster.close()
  console.log(`${instances.length} machines ended, ${leaked.length} left`)
}
