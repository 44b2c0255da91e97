/** CI runners: a worker for each queued job, which it does and is gone. Run it: node test/tools/run.mjs examples/ci-runners.ts */
import { setTimeout as sleep } from "node:timers/promises"
import { Cluster } from "muster-vms"
import { CiService, RUNNER } from "./support/ci-service.js"

// It stands for GitHub: docs/recipes.md has the same program for the real one.
const service = new CiService("token")
const url = await service.start()
const runners = `${url}/repos/you/repo/actions/runners/generate-jitconfig`
const headers = { authorization: "Bearer token" }

const cluster = new Cluster({
  provider: "local",
  secrets: {
    // Each worker's own: no other can use it.
    ACTIONS_RUNNER_INPUT_JITCONFIG: async ({ name }) => {
      const made = await fetch(runners, { method: "POST", headers, body: JSON.stringify({ name, labels: ["muster"] }) })
      return ((await made.json()) as { encoded_jit_config: string }).encoded_jit_config
    },
  },
  startup: `exec node --input-type=module --eval '${RUNNER}'`,
  whenDone: "end",
})
const demand = () => service.jobs.filter(({ status }) => status !== "completed").length
try {
  service.queue(5, "muster")
  await cluster.adapt({ maximum: 8, demand, every: "1s", shrink: false })
  while (demand() > 2) await sleep(50)
  service.queue(3, "muster")
  while (demand() > 0 || cluster.workers.length > 0) await sleep(50)
} finally {
  const { instances, leaked } = await cluster.close()
  const names = new Set(service.jobs.map(({ runner_name }) => runner_name))
  console.log(`${service.jobs.length} jobs on ${names.size} of ${instances.length} runners, ${leaked.length} left`)
  service.stop()
}
