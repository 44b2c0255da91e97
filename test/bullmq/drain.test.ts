/** What becomes of the jobs of a worker that has a notice, in a real queue. */
import { type Job, Queue, Worker, type WorkerOptions } from "bullmq"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { type DrainOptions, drainOnNotice } from "../../src/demand/bullmq/index.js"
import { noRedis, RedisServer } from "./support/redis.js"
import { soon } from "./support/soon.js"

type Processor = (job: Job, token?: string, signal?: AbortSignal) => Promise<unknown>

/** Ends when it is told to. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}

describe.skipIf(noRedis !== undefined)(`a notice${noRedis === undefined ? "" : ` (${noRedis})`}`, () => {
  const redis = new RedisServer()
  const workers: Worker[] = []
  let queue: Queue
  let count = 0
  let errors: Error[] = []
  /** Jobs whose processor was called: Redis has one as active a little before. */
  let begun = 0
  beforeAll(() => redis.start())
  afterAll(() => redis.remove())
  beforeEach(() => {
    count += 1
    queue = new Queue(`jobs-${count}`, { connection: redis.connect() })
    errors = []
    begun = 0
  })
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.close(true)))
    await queue.close()
  })

  /** A worker with its notice. */
  function working(processor: Processor, options: DrainOptions = {}, settings: Partial<WorkerOptions> = {}) {
    const counted: Processor = (job, token, signal) => {
      begun += 1
      return processor(job, token, signal)
    }
    const worker = new Worker(queue.name, counted, { connection: redis.connect(), ...settings })
    workers.push(worker)
    worker.on("error", (error) => void errors.push(error))
    const notice = new AbortController()
    const { drained } = drainOnNotice(worker, { signal: notice.signal, ...options })
    return { worker, drained, notice: () => notice.abort() }
  }
  const add = (jobs: number, opts = {}) =>
    queue.addBulk(Array.from({ length: jobs }, (_, at) => ({ name: `job-${at}`, data: at, opts })))
  const counts = () => queue.getJobCounts("waiting", "prioritized", "active", "completed", "failed", "delayed")
  const active = (jobs: number) => soon(async () => [(await counts()).active, begun >= jobs]).toEqual([jobs, true])

  test("lets jobs end that fit, takes no more, and gives back the others, with attempts and stalls as they were", async () => {
    const { open, opened } = gate()
    const aborted: string[] = []
    const run: Processor = async ({ name, id = "" }, _, signal) => {
      if (name === "job-0") return await opened.then(() => "in time")
      return await new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => {
          aborted.push(id)
          reject(new Error("aborted"))
        })
      })
    }
    const fits = ({ name }: { readonly name: string }) => name === "job-0"
    const { drained, notice } = working(run, { secondsLeft: 60, fits }, { concurrency: 3 })
    const [first, second, third] = await add(6, { attempts: 1 })
    await active(3)
    notice()
    // Those that do not fit are back at once, ahead of those that wait.
    await active(1)
    expect((await queue.getWaiting()).map(({ name }) => name).sort()).toEqual([
      "job-1",
      "job-2",
      "job-3",
      "job-4",
      "job-5",
    ])
    open()
    const ids = [second?.id ?? "", third?.id ?? ""]
    expect(await drained).toEqual({ reason: "signal", ended: 1, handedBack: ids, lost: [] })
    expect(aborted).toEqual(ids)
    expect(await counts()).toMatchObject({ waiting: 5, active: 0, completed: 1, failed: 0, delayed: 0 })
    expect((await queue.getJob(first?.id ?? ""))?.returnvalue).toBe("in time")
    for (const id of ids) {
      expect(await queue.getJob(id)).toMatchObject({ attemptsMade: 0, stalledCounter: 0, attemptsStarted: 1 })
    }
    expect(errors).toEqual([])
    // Another takes those first that were given back.
    const order: string[] = []
    working(async ({ name }) => void order.push(name))
    await soon(() => order.length).toBe(5)
    expect(new Set(order.slice(0, 2))).toEqual(new Set(["job-1", "job-2"]))
  })

  test("gives back at the last moment what still runs then, though its processor hears no signal", async () => {
    const { drained, notice } = working(() => new Promise(() => {}), { secondsLeft: 2 }, { concurrency: 2 })
    await add(2, { priority: 5 })
    await active(2)
    notice()
    expect(await drained).toMatchObject({ ended: 0, handedBack: [expect.any(String), expect.any(String)], lost: [] })
    expect(await counts()).toMatchObject({ prioritized: 2, active: 0, failed: 0 })
  })

  test("what ends while it is given back is done once: by what Redis says", async () => {
    const held = gate()
    const { drained, notice, worker } = working(
      () => held.opened,
      { secondsLeft: 5, fits: () => false },
      { concurrency: 20 },
    )
    await add(20)
    await active(20)
    notice()
    held.open()
    const { ended, handedBack, lost } = await drained
    expect([ended + handedBack.length, lost]).toEqual([20, []])
    expect(await counts()).toMatchObject({ completed: ended, waiting: handedBack.length, active: 0, failed: 0 })
    expect(errors).toEqual([])
    expect(worker.closing).toBeDefined()
  })

  test("a job whose lock is lost is not given back, and says so where it does not end in time", async () => {
    const { open, opened } = gate()
    const { drained, notice } = working(() => opened, { secondsLeft: 0.2 })
    const [job] = await add(1)
    await active(1)
    const client = redis.connect()
    await client.set(`${queue.toKey(job?.id ?? "")}:lock`, "somebody else's")
    notice()
    expect(await drained).toEqual({ reason: "signal", ended: 0, handedBack: [], lost: [job?.id] })
    open()
  })

  test("a failure stays a failure, and spends its attempt", async () => {
    const failing = gate()
    const { drained, notice } = working(() => failing.opened.then(() => Promise.reject(new Error("no such file"))), {
      secondsLeft: 60,
    })
    await add(1)
    await active(1)
    notice()
    failing.open()
    expect(await drained).toMatchObject({ ended: 1, handedBack: [], lost: [] })
    expect(await queue.getFailed()).toMatchObject([{ failedReason: "no such file", attemptsMade: 1 }])
  })

  test("jobs that were moved, limited or failed before are none that are held", async () => {
    const { drained, notice } = working(async (job, token) => {
      if (job.name === "job-0") {
        await job.moveToDelayed(Date.now() + 60_000, token)
        throw Object.assign(new Error("later"), { name: "DelayedError" })
      }
      throw new Error("it failed")
    })
    await add(3)
    await soon(async () => (await counts()).failed).toBe(2)
    notice()
    expect(await drained).toMatchObject({ ended: 0, handedBack: [], lost: [] })
    expect(await counts()).toMatchObject({ delayed: 1, failed: 2, waiting: 0 })
  })

  test("with Redis away it is over when the time is", async () => {
    const own = new RedisServer()
    await own.start()
    const away = new Queue("away", { connection: own.connect() })
    away.on("error", () => {})
    const worker = new Worker("away", () => new Promise(() => {}), { connection: own.connect() })
    worker.on("error", () => {})
    const notice = new AbortController()
    const { drained } = drainOnNotice(worker, { signal: notice.signal, secondsLeft: 0.3 })
    const { id } = await away.add("job", 1)
    await soon(() => away.getActiveCount()).toBe(1)
    await own.kill()
    notice.abort()
    expect(await drained).toEqual({ reason: "signal", ended: 0, handedBack: [], lost: [id] })
    await own.remove()
  })

  test("an idle worker is closed at once, one that was closed before listens no more", async () => {
    const before = process.listenerCount("SIGTERM")
    const idle = working(async () => {})
    await idle.worker.waitUntilReady()
    expect(process.listenerCount("SIGTERM")).toBe(before + 1)
    idle.notice()
    expect(await idle.drained).toEqual({ reason: "signal", ended: 0, handedBack: [], lost: [] })
    const closed = working(async () => {})
    await closed.worker.close()
    expect(process.listenerCount("SIGTERM")).toBe(before)
  })
})

test("options that are wrong are named", () => {
  expect(() => drainOnNotice({ name: "x" } as never, { secondsLeft: -1, exit: 1.5 })).toThrow(
    /3 problems:\n {2}worker: is none: .*\n {2}secondsLeft: is -1; .*\n {2}exit: is 1\.5; /,
  )
})
