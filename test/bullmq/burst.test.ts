/** A burst on real processes with a real Redis: workers that have a notice, workers that are killed, a Redis that goes away. */
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Queue } from "bullmq"
import type { Redis } from "ioredis"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { systemClock } from "../../src/calls/clock.js"
import { bareCalls } from "../../src/calls/send.js"
import { Cluster } from "../../src/cluster.js"
import { bullmq, drainNotice } from "../../src/demand/bullmq/index.js"
import { folderForEachTest } from "../support/folder.js"
import { isLong, LONG } from "../support/long.js"
import { eventsOf, handovers, redisNow } from "./support/happened.js"
import { noRedis, RedisServer } from "./support/redis.js"
import { soon } from "./support/soon.js"

const PROGRAM = fileURLToPath(new URL("../../.cache/js/test/bullmq/support/burst-worker.js", import.meta.url))
const JOBS = 500
/** Those that a worker with a notice cannot end. */
const isLasting = (n: number) => n % 4 === 3
const SQUARES = Array.from({ length: JOBS }, (_, n) => n * n).reduce((sum, square) => sum + square, 0)

const why = noRedis ?? (isLong ? undefined : LONG)

describe.skipIf(why !== undefined)(`a burst${why === undefined ? "" : ` (${why})`}`, { timeout: 900_000 }, () => {
  let folder = ""
  folderForEachTest((path) => {
    folder = path
  })
  let redis: RedisServer
  let client: Redis
  let queue: Queue
  let cluster: Cluster
  beforeEach(async () => {
    redis = new RedisServer()
    await redis.start()
    client = redis.connect()
    queue = new Queue("burst", { connection: redis.connect() })
    queue.on("error", () => {})
    const provider = local({ root: join(folder, "state"), graceMs: 6000, capacity: 40 })
    const spec = {
      provider,
      instanceType: "local-1",
      startup: `exec '${process.execPath}' '${PROGRAM}'`,
      environment: { REDIS: redis.path, QUEUE: "burst" },
      onNotice: drainNotice,
    }
    cluster = new Cluster(spec, { journal: join(folder, "journal") })
  })
  afterEach(async () => {
    await cluster.close()
    await queue.close()
    await redis.remove()
  })

  const add = (ms: (n: number) => number) => {
    const jobs = Array.from({ length: JOBS }, (_, n) => ({ name: "square", data: { n, ms: ms(n) } }))
    return queue.addBulk(jobs)
  }
  const counts = () => queue.getJobCounts("completed", "failed", "active", "waiting", "delayed")
  const squares = async () => {
    const jobs = await queue.getCompleted(0, JOBS)
    return jobs.reduce((sum, { returnvalue }) => sum + Number(returnvalue), 0)
  }
  const allComplete = async () => {
    const ended = async () => {
      const { completed = 0, failed = 0 } = await counts()
      return completed + failed
    }
    await expect.poll(ended, { timeout: 300_000, interval: 100 }).toBe(JOBS)
    expect(await counts()).toEqual({ completed: JOBS, failed: 0, active: 0, waiting: 0, delayed: 0 })
    expect(await squares()).toBe(SQUARES)
  }
  /** Workers at work: first those whose lasting job has the longest time before it. */
  const busy = async () => {
    const processes = await client.hgetall("burst:processes")
    const active = (await queue.getActive()).filter(({ processedBy }) => processes[processedBy ?? ""] !== undefined)
    const begunAt = ({ data, processedOn = 0 }: (typeof active)[number]) => (isLasting(data.n) ? processedOn : 0)
    const names = active.sort((one, other) => begunAt(other) - begunAt(one)).map(({ processedBy }) => processedBy)
    return [...new Set(names)].flatMap((name) => cluster.workers.filter((worker) => worker.name === name))
  }

  test("500 jobs, 20 workers, 5 with a notice, 2 killed: all complete, none fails, what was handed back goes on at once", async () => {
    await add((n) => (isLasting(n) ? 6000 : 400))
    expect(await bullmq(queue, { perWorker: 2 })()).toEqual({ workers: 250 })
    await cluster.scale(20)
    await soon(async () => (await busy()).length).toBe(20)
    await client.set("burst:go", "now")
    await soon(async () => (await counts()).completed).toBeGreaterThan(50)

    const names = await busy()
    const [noticed, killed] = [names.slice(0, 5), names.slice(5, 7)]
    const processes = await client.hgetall("burst:processes")
    const since = await redisNow(client)
    for (const { name } of killed) process.kill(Number(processes[name]), "SIGKILL")
    const calls = bareCalls({ clock: systemClock })
    const provider = local({ root: join(folder, "state"), graceMs: 6000 })
    const ids = noticed.map(({ id }) => id)
    await provider.terminate(
      (await provider.list({}, calls)).filter(({ id }) => ids.includes(id)),
      calls,
    )

    await soon(async () => await client.hgetall("burst:drained")).toMatchObject(
      Object.fromEntries(noticed.map(({ name }) => [name, expect.stringContaining('"lost":[]')])),
    )
    await allComplete()

    const drained = Object.values(await client.hgetall("burst:drained")).map(
      (text) => JSON.parse(text) as { handedBack: string[]; ended: number; reason: string },
    )
    const back = drained.flatMap(({ handedBack }) => handedBack)
    const handed = handovers(await eventsOf(client, "burst"), back, since)
    const slowest = Math.max(...handed.map(({ againAt }) => againAt - since))
    console.log(
      `${drained.length} notices: ${drained.reduce((sum, { ended }) => sum + ended, 0)} jobs ended in time, ${back.length} handed back; the last of them ran again ${Math.round(slowest)} ms after the notice`,
    )
    expect(drained.map(({ reason }) => reason)).toEqual(Array.from({ length: 5 }, () => "scaled-down"))
    expect(handed.map(({ jobId }) => jobId).sort()).toEqual([...back].sort())
    expect(back.length).toBeGreaterThan(0)
    // Ahead of all that wait: nothing else began meanwhile.
    expect(handed.flatMap(({ before }) => before)).toEqual([])
    for (const id of back) expect(await queue.getJob(id)).toMatchObject({ attemptsMade: 1, stalledCounter: 0 })
  })

  test("a cluster follows the queue, 0 → 20 → 0, though Redis goes away in the middle", async () => {
    const problems: string[] = []
    const targets: number[] = []
    cluster.on("problem", ({ error }) => void problems.push(error))
    cluster.on("adapt", ({ target }) => void targets.push(target))
    const demand = bullmq(queue, { perWorker: 2, timeout: "3s" })
    const adapting = await cluster.adapt({ maximum: 20, every: "1s", demand })
    expect(cluster.workers).toEqual([])
    await add((n) => (isLasting(n) ? 1500 : 600))
    await soon(async () => (await busy()).length).toBe(20)
    await client.set("burst:go", "now")
    await soon(async () => (await counts()).completed).toBeGreaterThan(50)

    await redis.kill()
    await soon(() => problems).toEqual(["DemandError"])
    expect(adapting.target).toBe(20)
    expect(cluster.explain().groups[0]?.adapting?.problem).toContain('reading the queue "burst" took longer than 3 s')
    await redis.start()

    await allComplete()
    await expect.poll(() => cluster.workers.length, { timeout: 200_000, interval: 100 }).toBe(0)
    console.log(`targets: ${targets.join(", ")}; workers in all: ${(await cluster.close()).instances.length}`)
    expect(adapting.target).toBe(0)
    expect(problems).toEqual(["DemandError"])
    // Up, and then down.
    const top = targets.indexOf(20)
    expect(targets.slice(0, top + 1)).toEqual(targets.slice(0, top + 1).sort((one, other) => one - other))
    expect(targets.slice(top)).toEqual(targets.slice(top).sort((one, other) => other - one))
    for (const job of await queue.getCompleted(0, JOBS)) expect(job.attemptsMade).toBe(1)
  })
})
