/** Jobs: a cluster for as long as its work takes, whatever comes of it. */
import { getEventListeners } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  Cluster,
  type ClusterEvent,
  type ClusterOptions,
  type ClusterSpec,
  runJob,
  type ProviderChoice,
  ShortfallError,
  VirtualClock,
  type Worker,
  type WorkOptions,
  type WorkState,
} from "muster-vms"
import { local } from "muster-vms/local"
import { type Held, Holding } from "../../src/session/work/holding.js"
import type { Working } from "../../src/session/work/mapping.js"
import { Tally } from "../../src/session/work/tally.js"
import { isOverSsh } from "../../src/spec/access.js"
import { jobDefaults } from "../../src/session/work/job-defaults.js"
import { NOT_BEGUN } from "../../src/work/map.js"
import { rig, SMALL } from "../cluster/support.js"
import { isLong } from "../support/long.js"

const ECHO = { command: (word: string) => ["printf", "%s", word] }

describe("a job on this machine", () => {
  let root = ""
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "muster-job-"))
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  const spec = (): ClusterSpec => ({ provider: local({ root: join(root, "local") }), closeOnExit: false })
  const options = (): ClusterOptions => ({ journal: join(root, "journal") })
  const job = <const Own extends WorkOptions>(inputs: Iterable<string>, own?: Own) =>
    runJob(spec(), { workers: 2, inputs, work: ECHO, ...own }, options())

  test("gives all results in order, tells how far it has come, and leaves nothing", async () => {
    const made = job(["a", "b c", "d"])
    const told: ClusterEvent[] = []
    made.cluster.on("tasks", (event) => told.push(event))
    expect(made.state()).toMatchObject({ done: 0, running: 0 })
    expect((await made).map(({ stdout }) => stdout)).toEqual(["a", "b c", "d"])
    expect(made.cluster.explain()).toMatchObject({ ended: { how: "closed" } })
    expect(await made.cluster.audit()).toEqual([])
    expect(told.at(-1)).toMatchObject({ type: "tasks", total: 3, read: 3, done: 3, failed: 0, running: 0 })
    expect(told.length).toBeLessThan(10)
    await expect(async () => {
      for await (const _one of made);
    }).rejects.toThrow("has begun already")
  })

  test("begins on a worker once it has the files and secrets of the spec, and has passed its checks", async () => {
    const files = join(root, "files")
    mkdirSync(files)
    writeFileSync(join(files, "word"), "here")
    const secrets = { TOKEN: { value: "token-1" } }
    const startup = "sleep 0.3; : >up; exec sleep 1000"
    const command = 'cat word; printf %s "$TOKEN"; ls'
    const text = { stdout: "heretoken-1up\nword\n" }
    const brought = { ...spec(), files: [{ from: files }], secrets, startup }
    for (const checked of [{ ...brought, ready: { command: "[ -e up ]" } }, ...(isLong ? [brought] : [])]) {
      const [value] = await runJob(checked, { workers: 1, inputs: [1], work: { command } }, options())
      expect(value).toMatchObject("ready" in checked ? text : { stdout: expect.stringContaining("heretoken-1") })
    }
  })

  test.runIf(isLong)("is closed when the loop over its results is left, and with the first error", async () => {
    const left = job(["a", "b", "c"])
    for await (const { value } of left) {
      expect(value.isCut).toBe(false)
      break
    }
    expect(await left.cluster.audit()).toEqual([])
    const failing = runJob(spec(), { workers: 1, inputs: [1], work: { command: "exit 3" } }, options())
    await expect(failing).rejects.toMatchObject({ name: "TaskError", exitCode: 3 })
    expect(failing.cluster.explain()).toMatchObject({ ended: { how: "closed" } })
    const reason = new Error("enough")
    const stopped = new AbortController()
    const aborted = runJob(
      spec(),
      { workers: 1, inputs: [1], work: { command: "exec sleep 1000" }, signal: stopped.signal },
      options(),
    )
    aborted.cluster.on("tasks", ({ running }) => {
      if (running > 0) stopped.abort(reason)
    })
    await expect(aborted).rejects.toBe(reason)
    expect(await aborted.cluster.audit()).toEqual([])
  })

  test("makes nothing where its options, its work, its inputs or its files are wrong", async () => {
    expect(() => runJob({ provider: "nowhere" } as never, { workers: 1, inputs: [], work: ECHO })).toThrow("nowhere")
    expect(() => runJob(spec(), { inputs: [], work: ECHO } as never)).toThrow("runJob.workers: is missing")
    for (const workers of [0, -1, 1.5, "2", {}, { default: 0 }])
      expect(() => runJob(spec(), { workers, inputs: [], work: ECHO } as never)).toThrow(
        "; use a number from 1, or one for",
      )
    const wrong: readonly (readonly [object, RegExp])[] = [
      [{ slots: 0 }, /runJob\.slots/],
      [{ work: () => 1 }, /runJob\.task: is a function of this process/],
      [{ inputs: "words" }, /runJob\.inputs: is "words"; use a list/],
      [{ inputs: 7 }, /runJob\.inputs: is 7/],
      [{ resume: root }, /resume: cannot be written/],
      [{ work: { module: "file:///nowhere.js", name: "f" } }, /nowhere\.js/],
    ]
    for (const [own, words] of wrong) {
      const journal = join(root, "none")
      const made = runJob(spec(), { workers: 1, inputs: ["a"], work: ECHO, ...own } as never, { journal })
      await expect(made).rejects.toThrow(words)
      expect(made.cluster.workers).toEqual([])
    }
    expect(existsSync(join(root, "none"))).toBe(false)
  })

  test("`map` waits for the cluster whose first `scale` is going on", async () => {
    const cluster = new Cluster(spec(), options())
    expect(() => cluster.worker("x")).not.toThrow()
    await expect(cluster.map(["a"], ECHO).all()).rejects.toThrow("scale it first")
    const scaling = cluster.scale(1)
    expect((await cluster.map(["a"], ECHO).all()).map(({ stdout }) => stdout)).toEqual(["a"])
    await scaling
    await cluster.scale(0)
    await expect(cluster.map(["a"], ECHO).all()).rejects.toThrow("wants none; scale it first")
    await cluster.close()
  })
})

describe("a job on a cloud that gives none", () => {
  test("ends with the error of `scale`, and is closed", async () => {
    const { provider, clock, world } = rig({ capacity: [{ count: 0 }] })
    const spec = { provider, instanceType: SMALL, closeOnExit: false } as ClusterSpec
    const made = runJob(spec, { workers: 4, inputs: ["a"], work: ECHO }, { clock, journal: false })
    const error = await clock.run(Promise.resolve(made).catch((one: unknown) => one))
    expect(error).toMatchObject({ name: "ShortfallError", running: 0, desired: 4 })
    expect(world.truth({ states: ["pending", "running"] })).toEqual([])
    expect(made.cluster.explain()).toMatchObject({ ended: { how: "closed" } })
  })

  test.each([
    ["the deadline has come", { capacity: [{ count: 0 }] }, 0, /reached its deadline/],
    ["startups always fail", {}, 1, /has no workers for what is to be done, and launches none any more: too many/],
  ] as const)("`map` ends where no worker runs and none will come: %s", async (_why, given, failing, words) => {
    const { clock, world, cluster: make } = rig({ ...given } as Parameters<typeof rig>[0])
    if (failing > 0) world.faults.rateStartups(failing, {}, { exitCode: 3 })
    const cluster = make({ maxLifetime: failing > 0 ? "12h" : "15m", startup: "true" })
    await clock.run(cluster.scale(4).catch(() => {}))
    if (failing > 0) await clock.run(clock.sleep(30 * 60_000))
    const mapping = cluster.map(["a"], ECHO).all()
    const error = await clock.run(mapping.catch((one: unknown) => one as Error))
    expect((error as Error).message).toMatch(words)
    await clock.run(cluster.close())
  })
})

test("workers of a cloud are reached over ssh, those of this machine are not", () => {
  const choices = [
    "local",
    "aws",
    { local: {} },
    { gcp: { region: "r", project: "p" } },
    local({}),
    rig().provider,
  ] as const
  expect(choices.map((one) => isOverSsh(one as ProviderChoice))).toEqual([false, true, false, true, false, false])
})

test("a job whose process is killed leaves its workers no longer than a lease, where nothing is to be asked for it", () => {
  const leaseOf = (provider: ProviderChoice, own: object = {}) => jobDefaults({ ...own }, [provider]).lease
  expect([leaseOf("local"), leaseOf({ local: {} }), leaseOf(local({}))]).toEqual(["10m", "10m", "10m"])
  expect([leaseOf("aws"), leaseOf("local", { lease: "1m" }), leaseOf("local", { maxLifetime: "5m" })]).toEqual([
    ...[undefined, undefined, undefined],
  ])
  expect(() => runJob({} as never, { workers: 1, inputs: [], work: ECHO })).toThrow(/cluster\.provider/)
})

describe("workers of a job", () => {
  function held(busy: readonly string[], state: Partial<WorkState>, needsAll = false) {
    const clock = new VirtualClock({ seed: 1 })
    const scaled: unknown[] = []
    const events: unknown[] = []
    const workers: Worker[] = [{ state: "running" } as Worker]
    let answer: Error | undefined
    const fleet = {
      roster: { living: () => busy.map((group) => ({ group, isBusy: true })) },
      groups: new Map([
        ["a", { desired: 4 }],
        ["b", { desired: 2 }],
      ]),
      emit: (event: unknown) => events.push(event),
    }
    const cluster: Held = {
      workers,
      scale: (target) => {
        scaled.push(target)
        return answer === undefined ? Promise.resolve({} as never) : Promise.reject(answer)
      },
    }
    const working = { clock, session: () => ({ fleet }) } as unknown as Working
    const { signal } = new AbortController()
    const holding = new Holding(cluster, working, { target: 6, group: undefined, needsAll, signal })
    const begin = (error?: Error) => {
      answer = error
      holding.begin(() => ({ ...{ running: 3, done: 6, failed: 1 }, ...state }) as WorkState)
      return clock.run(clock.sleep(12_000))
    }
    return { holding, begin, scaled, events, workers, signal }
  }

  test("are as many as have a task, once each that is left runs", async () => {
    const tail = held(["a", "a", "b", "b"], { total: 10 })
    await tail.begin()
    expect(tail.scaled).toEqual([6, { a: 2 }, { a: 2 }])
    const none = held([], { total: 10, running: 1, done: 9, failed: 0 })
    await none.begin()
    expect(none.scaled[1]).toEqual({ a: 0, b: 0 })
  })

  test.each([
    ["there may be more inputs", {}],
    ["one waits for a worker, as what a lost one had", { total: 11 }],
    ["all have ended", { total: 7, running: 0 }],
  ])("stay while %s", async (_why, state) => {
    const { begin, scaled } = held(["a"], state)
    await begin()
    expect(scaled).toEqual([6])
  })

  test("that are fewer go on where some run, and not where all are needed, or none runs, or it is over", async () => {
    const short = new ShortfallError("short of 3", { desired: 6, running: 3, shortfall: { count: 3, reasons: [] } })
    const some = held(["a"], {})
    await some.begin(short)
    expect(some.holding.signal.aborted).toBe(false)
    expect(some.events).toEqual([{ type: "note", message: "the work goes on with 1 worker: short of 3" }])
    for (const [without, needsAll] of [
      [0, true],
      [1, false],
    ] as const) {
      const all = held(["a"], {}, needsAll)
      all.workers.splice(0, without)
      await all.begin(short)
      expect(all.holding.signal.reason).toBe(short)
    }
    const over = held(["a"], {})
    const begun = over.begin(short)
    over.holding.end()
    await begun
    expect([over.events, over.holding.signal.aborted, over.scaled]).toEqual([[], false, [6]])
    expect([over, some].map(({ signal }) => getEventListeners(signal, "abort").length)).toEqual([0, 1])
  })
})

describe("what is told of tasks", () => {
  const state = (more: Partial<WorkState>) => () => ({ ...NOT_BEGUN, ...more })

  test("is told at most once a second, with its pace, and at once when it ends", async () => {
    const clock = new VirtualClock({ seed: 1 })
    const told: ClusterEvent[] = []
    const tally = new Tally(clock, (event) => void told.push({ at: clock.now(), cluster: "c", ...event }))
    const from = clock.now()
    const one = tally.begin()
    const other = tally.begin()
    await clock.run(
      (async () => {
        for (let done = 0; done <= 500; done += 1) {
          one.changed(state({ total: 1000, read: done + 2, done, running: 2 }))
          other.changed(state({ total: 10, read: 1, lost: 1 }))
          await clock.sleep(20)
        }
        one.end()
        other.end()
      })(),
    )
    const times = told.map(({ at }) => at - from)
    expect(times.slice(0, 10)).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000])
    expect(told[5]).toMatchObject({ total: 1010, done: 249, running: 2, lost: 1, perSecond: 49.8, leftMs: 15_281 })
    expect(told[0]).not.toHaveProperty("perSecond")
    expect(told.at(-1)).toMatchObject({ at: from + 10_020, done: 500, running: 0, workers: 0 })
    // What begins once all has ended counts from nothing; where a total is not known, that of all is not.
    tally.begin().changed(state({ read: 1 }))
    await clock.run(clock.sleep(1000))
    expect(told.at(-1)).toMatchObject({ read: 1, done: 0 })
    expect(told.at(-1)).not.toHaveProperty("total")
  })

  test("of many short calls is not told for each", async () => {
    const clock = new VirtualClock({ seed: 1 })
    const told: unknown[] = []
    const tally = new Tally(clock, (event) => told.push(event))
    await clock.run(
      (async () => {
        for (let call = 0; call < 1000; call += 1) {
          const one = tally.begin()
          one.changed(state({ total: 1, read: 1, done: 1 }))
          await clock.sleep(3)
          one.end()
        }
      })(),
    )
    expect(told.length).toBeLessThan(10)
  })
})
