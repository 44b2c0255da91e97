/** One process starts a cluster and lets go of it; another finds it by its name and ends it. Run it: node test/tools/run.mjs examples/attach.ts */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Cluster } from "muster-vms"

async function start(name: string): Promise<void> {
  // Should nobody ever come back for it, it ends by itself after ten minutes.
  const cluster = new Cluster({ name, provider: "local", startup: "exec sleep 600", maxLifetime: "10m" })
  await cluster.scale(2)
  console.log(`process ${process.pid} has ${cluster.workers.length} workers and lets go of ${name}`)
  await cluster.detach()
}

async function finish(name: string): Promise<void> {
  const cluster = await Cluster.attach(name, { provider: "local" })
  console.log(`process ${process.pid} found ${cluster.workers.length} workers: ${cluster.workers.map((w) => w.name)}`)
  const { instances, leaked } = await cluster.close()
  console.log(`${instances.length} workers ended, ${leaked.length} left`)
}

const [name] = process.argv.slice(2)
if (name === undefined) {
  const fresh = `attach-${process.pid}`
  await start(fresh)
  execFileSync(process.execPath, [fileURLToPath(import.meta.url), fresh], { stdio: "inherit" })
} else await finish(name)
