/** How many workers a real queue wants, for each state that a job may have. */
import { Queue, Worker } from "bullmq"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { type BullDemandOptions, bullmq } from "../../src/demand/bullmq/index.js"
import { noRedis, RedisServer } from "./support/redis.js"
import { soon } from "./support/soon.js"

const HOUR = 3_600_000

describe.skipIf(noRedis !== undefined)(`demand of a queue${noRedis === undefined ? "" : ` (${noRedis})`}`, () => {
  const redis = new RedisServer()
  const workers: Worker[] = []
  let queue: Queue
  let count = 0
  beforeAll(() => redis.start())
  afterAll(() => redis.remove())
  beforeEach(() => {
    count += 1
    queue = new Queue(`jobs-${count}`, { connection: redis.connect() })
  })
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close(true)))
    await queue.close()
  })

  const add = (jobs: number, opts = {}) =>
    queue.addBulk(Array.from({ length: jobs }, (_, at) => ({ name: "job", data: at, opts })))
  /** A worker that takes no job by itself. */
  const byHand = () => {
    const worker = new Worker(queue.name, undefined, { connection: redis.connect() })
    workers.push(worker)
    return worker
  }
  /** So many jobs are active from then on. */
  const begin = async (jobs: number) => {
    const worker = byHand()
    for (let at = 0; at < jobs; at += 1) await worker.getNextJob(`token-${at}`)
    return worker
  }
  const wanted = async (perWorker = 1, options: Partial<BullDemandOptions> = {}) =>
    (await bullmq(queue, { perWorker, ...options })()).workers

  test("nothing where there is no job", async () => {
    expect(await wanted()).toBe(0)
  })

  test("waiting, prioritized, active and due jobs together, by those that a worker runs, rounded up", async () => {
    await add(7)
    await add(2, { priority: 3 })
    await add(1, { delay: 1 })
    await begin(3)
    // The one that was delayed may be due, and then waits.
    await soon(() => wanted()).toBe(10)
    expect(await wanted(4)).toBe(3)
    expect(await wanted(10)).toBe(1)
  })

  test("not what is delayed for later, has completed or failed, or waits for its children", async () => {
    await add(5, { delay: HOUR })
    expect(await wanted()).toBe(0)
    await add(2)
    const worker = await begin(0)
    const [done, failed] = [await worker.getNextJob("a"), await worker.getNextJob("b")]
    await done?.moveToCompleted("done", "a", false)
    await failed?.moveToFailed(new Error("it failed"), "b", false)
    expect(await wanted()).toBe(0)
    const parent = await queue.add("parent", 1)
    const [, child] = [await worker.getNextJob("c"), await queue.add("child", 2, { parent: parentOf(parent) })]
    await parent.moveToWaitingChildren("c")
    expect(await queue.getWaitingChildrenCount()).toBe(1)
    // The child itself waits.
    expect(await wanted()).toBe(1)
    await child.remove()
    expect(await queue.getJobCounts("waiting", "waiting-children")).toMatchObject({ waiting: 1 })
  })
  const parentOf = ({ id = "" }: { id?: string }) => ({ id, queue: queue.qualifiedName })

  test("due jobs though no worker is there that would look at them", async () => {
    await add(6, { delay: 20 })
    await add(3, { delay: HOUR })
    await soon(() => wanted()).toBe(6)
    expect(await queue.getJobCounts("waiting", "delayed")).toMatchObject({ waiting: 0, delayed: 9 })
  })

  test("a job that is tried again later counts when its time has come", async () => {
    const worker = await begin(0)
    await add(1, { attempts: 3, backoff: { type: "fixed", delay: HOUR } })
    const job = await worker.getNextJob("a")
    await job?.moveToFailed(new Error("try again"), "a", false)
    expect(await queue.getDelayedCount()).toBe(1)
    expect(await wanted()).toBe(0)
    await (await queue.getDelayed())[0]?.changeDelay(0)
    await soon(() => wanted()).toBe(1)
  })

  test("how long one worker would be at work, by what a job takes", async () => {
    await add(10)
    await begin(4)
    expect(await bullmq(queue, { perWorker: 2, jobSeconds: 30 })()).toEqual({ workers: 5, seconds: 120 })
    await queue.pause()
    expect(await bullmq(queue, { perWorker: 2, jobSeconds: 30 })()).toEqual({ workers: 2, seconds: 30 })
    expect(await bullmq(queue, { perWorker: 2 })()).toEqual({ workers: 2 })
  })

  test("what runs and no more while the queue is paused", async () => {
    await add(10)
    await begin(2)
    await queue.pause()
    expect(await wanted()).toBe(2)
    await queue.resume()
    expect(await wanted()).toBe(10)
  })

  test("no more than may run at once", async () => {
    await add(10)
    await queue.setGlobalConcurrency(4)
    expect(await wanted()).toBe(4)
    await begin(3)
    expect(await wanted()).toBe(4)
    await queue.setGlobalConcurrency(2)
    expect(await wanted()).toBe(3)
  })

  test("no more than one window of the queue's rate limit lets begin beside what runs", async () => {
    await add(50)
    await queue.setGlobalRateLimit(5, 30_000)
    expect(await wanted()).toBe(5)
    await begin(4)
    expect(await wanted()).toBe(9)
    expect(await wanted(1, { limiter: { max: 1, duration: HOUR } })).toBe(9)
  })

  test("what runs, while a limit of hours is used up", async () => {
    await add(50)
    await queue.setGlobalRateLimit(5, HOUR)
    await begin(4)
    expect(await wanted()).toBe(9)
    await begin(1)
    expect(await wanted()).toBe(5)
  })

  test("the limit of the workers counts where it is given", async () => {
    const limiter = { max: 2, duration: HOUR }
    await add(10)
    const worker = new Worker(queue.name, undefined, { connection: redis.connect(), limiter })
    workers.push(worker)
    expect(await wanted(1, { limiter })).toBe(2)
    await worker.getNextJob("a")
    // Not given, it is not known, and an hour of it is no hour without jobs.
    expect(await wanted()).toBe(10)
    expect(await wanted(1, { limiter })).toBe(3)
    await worker.getNextJob("b")
    expect(await wanted(1, { limiter })).toBe(2)
    expect(await wanted()).toBe(10)
  })

  test("a queue whose connection was closed throws, and one that never connects is waited for no longer than was said", async () => {
    const connection = redis.connect()
    const closed = new Queue("closed", { connection })
    closed.on("error", () => {})
    await closed.waitUntilReady()
    connection.disconnect()
    await expect(bullmq(closed, { perWorker: 1, timeout: "30s" })()).rejects.toThrow("Connection is closed")
    const nowhere = new Queue("nowhere", { connection: redis.connect("no-such-socket") })
    nowhere.on("error", () => {})
    await expect(bullmq(nowhere, { perWorker: 1, timeoutMs: 50 })()).rejects.toThrow(
      'reading the queue "nowhere" took longer than 0.05 s',
    )
  })

  test("what runs, after `queue.rateLimit`", async () => {
    await add(10)
    await begin(1)
    await queue.rateLimit(HOUR)
    expect(await wanted()).toBe(1)
    await queue.rateLimit(500)
    expect(await wanted()).toBe(10)
  })
})
