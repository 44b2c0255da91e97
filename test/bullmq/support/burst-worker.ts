/** What runs on the workers of a burst, once it may: two jobs at once, each for as long as it says, and a square as its result. */
import { Worker } from "bullmq"
import { Redis } from "ioredis"
import { systemClock } from "../../../src/calls/clock.js"
import { drainOnNotice } from "../../../src/demand/bullmq/index.js"

const { REDIS = "", QUEUE = "", MUSTER_NAME = "" } = process.env
const connect = () => {
  const client = new Redis({ path: REDIS, maxRetriesPerRequest: null, retryStrategy: () => 100 })
  client.on("error", () => {})
  return client
}

const told = connect()
/** Until all workers are there none does anything: jobs that begin wait for that. */
const mayGo = async () => {
  while ((await told.get(`${QUEUE}:go`)) === null) await systemClock.sleep(50)
}

const worker = new Worker<{ n: number; ms: number }>(
  QUEUE,
  async ({ data: { n, ms } }) => {
    await mayGo()
    await systemClock.sleep(ms)
    return n * n
  },
  { connection: connect(), concurrency: 2, name: MUSTER_NAME, lockDuration: 8000, stalledInterval: 3000 },
)
worker.on("error", (error) => console.error(String(error)))
drainOnNotice(worker, {
  onDrained: async (drained) => {
    await told.hset(`${QUEUE}:drained`, MUSTER_NAME, JSON.stringify(drained))
  },
})
await told.hset(`${QUEUE}:processes`, MUSTER_NAME, process.pid)
