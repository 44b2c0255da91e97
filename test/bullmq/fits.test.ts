/** Which jobs have time to end, by those that ended before: on a clock that does what it is told. */
import { expect, test, vi } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { type BullWorker, type DrainOptions, drainOnNotice } from "../../src/demand/bullmq/index.js"

/** A worker whose jobs take what they are told to. */
class Played {
  readonly name = "thumbs"
  readonly back: [id: string, atMs: number][] = []
  readonly #running = new Set<Promise<unknown>>()
  readonly clock = new VirtualClock()
  readonly #since = this.clock.now()
  readonly #notice = new AbortController()
  readonly drained

  constructor(options: DrainOptions) {
    this.drained = drainOnNotice(this as unknown as BullWorker, {
      clock: this.clock,
      signal: this.#notice.signal,
      ...options,
    }).drained
  }

  async callProcessJob(job: { readonly seconds: number }): Promise<void> {
    await this.clock.sleep(job.seconds * 1000)
  }

  begin(id: string, seconds: number): void {
    const moveToWait = async () => void this.back.push([id, this.clock.now() - this.#since])
    const run = this.callProcessJob as (job: object, token: string) => Promise<void>
    const running = run({ id, name: "job", seconds, moveToWait }, "token").catch(() => {})
    this.#running.add(running)
  }

  async close(): Promise<void> {
    await Promise.all(this.#running)
  }

  once(): void {}

  async pass(seconds: number): Promise<void> {
    await this.clock.run(this.clock.sleep(seconds * 1000))
  }

  notice(): void {
    this.#notice.abort()
  }
}

test("one that needs longer than there is, by the median of those before, goes back at once; the others at the last moment", async () => {
  const worker = new Played({ secondsLeft: 30 })
  for (const seconds of [10, 40, 50, 60, 300]) worker.begin(`before-${seconds}`, seconds)
  await worker.pass(300)
  worker.begin("older", 90)
  await worker.pass(21)
  // 28 s until they go back, and 50 s is what one takes.
  worker.begin("ends", 27)
  await worker.pass(1)
  worker.notice()
  await worker.pass(30)
  expect(await worker.drained).toEqual({ reason: "signal", ended: 0, handedBack: ["ends", "older"], lost: [] })
  expect(worker.back).toEqual([
    ["ends", 322_000],
    ["older", 350_000],
  ])
  // What the two would have gone on to wait for.
  expect(worker.clock.asleep).toBe(1)
})

test("where nothing has ended yet, all may go on until two seconds before the end, or half of the time", async () => {
  for (const [secondsLeft, atMs] of [
    [30, 28_000],
    [3, 1500],
  ] as const) {
    const worker = new Played({ secondsLeft })
    worker.begin("long", 100)
    worker.begin("short", 1)
    worker.notice()
    await worker.pass(secondsLeft)
    expect(await worker.drained).toMatchObject({ ended: 1, handedBack: ["long"], lost: [] })
    expect(worker.back).toEqual([["long", atMs]])
  }
})

test("a rule of one's own counts instead, and one that throws keeps none", async () => {
  const warnings: string[] = []
  vi.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(String(warning)))
  const times: object[] = []
  const fits: DrainOptions["fits"] = ({ id }, time) => {
    times.push(time)
    if (id === "b") throw new Error("no rule for b")
    return id === "a"
  }
  const worker = new Played({ secondsLeft: 10, fits })
  for (const id of ["a", "b", "c"]) worker.begin(id, 60)
  await worker.pass(4)
  worker.notice()
  await worker.pass(10)
  expect(worker.back).toEqual([
    ["b", 4000],
    ["c", 4000],
    ["a", 12_000],
  ])
  expect(times).toEqual([1, 2, 3].map(() => ({ secondsLeft: 8, secondsSoFar: 4 })))
  expect(warnings).toEqual(["fits: Error: no rule for b"])
  vi.restoreAllMocks()
})
