/** Two groups of one cluster: one queue, and workers that are scaled on their own. Run it: node test/tools/run.mjs examples/groups.ts */
import { Cluster } from "muster-vms"

const cluster = new Cluster({
  provider: "local",
  maxLifetime: "10m",
  // What is given here is for every group; a group says what differs.
  environment: { QUEUE_PORT: "7000" },
  startup: 'echo "$MUSTER_NAME takes work from port $QUEUE_PORT" && exec sleep 600',
  groups: {
    queue: { startup: 'echo "serving on $MUSTER_ADDRESS:$QUEUE_PORT" && exec sleep 600' },
    worker: { tags: { role: "worker" } },
  },
})

function report(when: string): void {
  const [queue, worker] = [cluster.group("queue"), cluster.group("worker")]
  console.log(`${when}: ${queue.workers.length} queue, ${worker.workers.length} workers`)
}

try {
  await cluster.scale({ queue: 1, worker: 4 })
  report("at first")
  await cluster.group("worker").scale(6)
  report("more work")
  await cluster.scale({ worker: 0 })
  report("no work")
} finally {
  const { instances, leaked } = await cluster.close()
  console.log(`${instances.length} workers ended, ${leaked.length} left`)
}
