import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { TimeoutError } from "../../src/errors.js"
import { NotUpError } from "../../src/remote/inside/inside.js"
import { type Delivery, Farm, type FarmOptions } from "../../src/work/farm/farm.js"
import { TaskError } from "../../src/work/farm/task-error.js"
import type { Inputs } from "../../src/work/types.js"
import { heldBytes, MEBIBYTE } from "../support/held.js"
import { isLong, LONG } from "../support/long.js"
import { PlayedPlaces, type PlayedOptions } from "./support/played.js"
import { playStorm } from "./support/storm.js"

type Given = Partial<FarmOptions<number, number>> & { readonly inputs: Inputs<number> }

function farmOf(places: PlayedPlaces, given: Given): Farm<number, number> {
  const farm = new Farm<number, number>({
    ...{ places, start: places.start, retries: 0, errors: "throw", isOrdered: false },
    ...{ taskTimeoutMs: undefined, timeoutMs: undefined, signal: undefined },
    ...given,
  })
  farm.begin()
  return farm
}

async function allOf(farm: Farm<number, number>): Promise<readonly Delivery<number>[]> {
  const found: Delivery<number>[] = []
  for (let one = await farm.next(); one !== undefined; one = await farm.next()) found.push(one)
  return found
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index)
}

function played(
  options: PlayedOptions,
  workers: number,
): { readonly clock: VirtualClock; readonly places: PlayedPlaces } {
  const clock = new VirtualClock()
  const places = new PlayedPlaces(clock, options)
  places.add(workers)
  return { clock, places }
}

describe("a farm of workers", () => {
  test("storms take workers, with notice and without: each input has its result once, and no retry is spent", async () => {
    for (let seed = 0; seed < 20; seed += 1) await playStorm(seed, { workers: 10, tasks: 300, everyS: 5, share: 0.3 })
  })

  test("a task that was there whenever a worker went down is given up", async () => {
    const { clock, places } = played({ taskMs: ({ index }) => (index === 1 ? 3_600_000 : 100) }, 3)
    const found = allOf(farmOf(places, { inputs: numbers(3), errors: "yield", isOrdered: true }))
    const killer = () => {
      places.kill(places.tries.findLast(({ index }) => index === 1)?.worker ?? "")
      places.add(1)
      if (places.tries.filter(({ index }) => index === 1).length < 20) clock.timer(2000, killer)
    }
    clock.timer(2000, killer)
    const [, second] = await clock.run(found)
    expect(second).toMatchObject({
      ok: false,
      error: { code: "TaskLost", message: /was lost 10 times.* the last time on w\d+: / },
    })
    expect(places.tries.filter(({ index }) => index === 1)).toHaveLength(10)
  })

  test.each([
    ["is waited for", 10 * 60_000],
    ["is an error after a quarter of an hour", 60 * 60_000],
  ])("a container that is not up yet %s", async (_what, upMs) => {
    const { clock, places } = played({ taskMs: () => 100 }, 2)
    const begunAt = clock.now()
    let asked = 0
    const start: typeof places.start = (place) => {
      asked += 1
      if (clock.now() - begunAt < upMs) throw new NotUpError(`${place.name}: its container is not up`)
      return places.start(place)
    }
    const all = allOf(farmOf(places, { inputs: numbers(3), start: async (place) => start(place) }))
    if (upMs > 15 * 60_000) await expect(clock.run(all)).rejects.toThrow("its container is not up")
    else expect(await clock.run(all)).toHaveLength(3)
    // Every ten seconds at most, each of the two.
    expect(asked).toBeLessThan(200)
  })

  test("a worker that has notice takes no task, and what it loses then is not held against the task", async () => {
    const { clock, places } = played({ taskMs: () => 3_600_000 }, 1)
    let given = 0
    const more = () => {
      for (const id of places.ids) places.notice(id, 30_000)
      places.add(1)
      given += 1
      if (given < 15) clock.timer(60_000, more)
    }
    clock.timer(60_000, more)
    const [one] = await clock.run(allOf(farmOf(places, { inputs: [7] })))
    expect(one).toMatchObject({ ok: true, value: 7 })
    expect(places.tries.length).toBeGreaterThan(10)
  })

  test("an abort tells all tasks at once", async () => {
    const { clock, places } = played({ slots: 2, taskMs: () => 60_000 }, 50)
    const abort = new AbortController()
    const run = allOf(farmOf(places, { inputs: numbers(1000), signal: abort.signal })).catch((one: unknown) => one)
    await clock.run(clock.sleep(10_000))
    const at = clock.now()
    abort.abort(new Error("enough"))
    expect(await clock.run(run)).toMatchObject({ message: "enough" })
    expect([clock.now() - at, places.stopped.length]).toEqual([0, 100])
    expect(places.list()).toHaveLength(50)
  })

  test.skipIf(!isLong)(
    `a million inputs pass through, and nothing of them stays${isLong ? "" : ` (${LONG})`}`,
    async () => {
      const { clock, places } = played({ slots: 8, taskMs: () => 10 }, 100)
      places.isForgetful = true
      function* inputs() {
        for (let index = 0; index < 1_000_000; index += 1) yield index
      }
      const farm = farmOf(places, { inputs: inputs() })
      const before = heldBytes()
      let [count, most] = [0, 0]
      const all = async () => {
        while ((await farm.next()) !== undefined) {
          count += 1
          if (count % 50_000 === 0) most = Math.max(most, heldBytes() - before)
        }
      }
      await clock.run(all())
      expect(count).toBe(1_000_000)
      console.log(`held of a million inputs: ${(most / MEBIBYTE).toFixed(1)} MiB at most`)
      expect(most).toBeLessThan(50 * MEBIBYTE)
    },
    120_000,
  )

  test("inputs are read no faster than their results are taken", async () => {
    const { clock, places } = played({ taskMs: () => 10 }, 4)
    let made = 0
    async function* endless() {
      for (;;) yield await Promise.resolve(made++)
    }
    const farm = farmOf(places, { inputs: endless() })
    await clock.run(clock.sleep(60_000))
    expect(made).toBeLessThanOrEqual(260)
    for (let taken = 0; taken < 100; taken += 1) await clock.run(farm.next())
    await clock.run(clock.sleep(60_000))
    expect(made).toBeGreaterThan(300)
    expect(made).toBeLessThanOrEqual(360)
    await clock.run(farm.close())
    const before = made
    await clock.run(clock.sleep(60_000))
    expect(made).toBe(before)
    expect(clock.asleep).toBe(0)
  })

  test("a failure cancels the rest, which is told at once; workers are as they were", async () => {
    const { clock, places } = played(
      {
        taskMs: ({ index }) => (index === 2 ? 1000 : 60_000),
        outcome: ({ index }) =>
          index === 2
            ? { kind: "failure", failure: { name: "RangeError", message: "no", tail: "words", stack: "at work.ts" } }
            : { kind: "value", value: index },
      },
      4,
    )
    const begunAt = clock.now()
    const error = await clock.run(allOf(farmOf(places, { inputs: numbers(100) })).catch((one: unknown) => one))
    expect(error).toBeInstanceOf(TaskError)
    expect(error).toMatchObject({ index: 2, attempt: 1, remoteStack: "at work.ts" })
    expect((error as Error).message).toMatch(/^task 2 on w\d: RangeError: no; the last that it wrote:\nwords$/)
    expect(clock.now() - begunAt).toBeLessThan(2100)
    expect([...places.stopped].sort()).toEqual([0, 1, 3])
    expect(places.list()).toHaveLength(4)
    await clock.run(clock.sleep(10_000))
    expect([clock.asleep, places.busyNow.size]).toEqual([0, 0])
  })

  test("a worker that is to end is let go of once it has no task, and what others have there goes on", async () => {
    const { clock, places } = played({ taskMs: () => 10_000 }, 3)
    const farm = farmOf(places, { inputs: numbers(2) })
    const all = allOf(farm)
    await clock.run(clock.sleep(1000))
    expect(farm.state()).toMatchObject({ running: 2, workers: 3 })
    for (const { id } of places.list()) places.notice(id, 60_000)
    expect(farm.state()).toMatchObject({ running: 2, workers: 2, slots: 0 })
    expect([places.left.length, places.closed]).toEqual([1, []])
    expect(await clock.run(all)).toHaveLength(2)
    expect([places.left.length, places.closed, farm.state().lost]).toEqual([3, [], 0])
  })

  test("a task is tried again as often as retries say, and failures are results where they are asked for", async () => {
    const options: PlayedOptions = {
      taskMs: () => 100,
      outcome: ({ index, attempt }) =>
        index % 2 === 1 && attempt <= 2
          ? { kind: "failure", failure: { name: "Error", message: `try ${attempt}` } }
          : { kind: "value", value: index },
    }
    const { clock, places } = played(options, 3)
    const enough = await clock.run(allOf(farmOf(places, { inputs: numbers(10), retries: 2 })))
    expect(enough.every(({ ok }) => ok)).toBe(true)
    const short = await clock.run(
      allOf(farmOf(places, { inputs: numbers(10), retries: 1, errors: "yield", isOrdered: true })),
    )
    expect(short.map(({ ok }) => ok)).toEqual(numbers(10).map((index) => index % 2 === 0))
    expect(short[3]).toMatchObject({ error: { index: 3, attempt: 2 } })
  })

  test("a task that takes too long is told, then ended, and has failed", async () => {
    const { clock, places } = played({ taskMs: ({ index }) => (index === 1 ? 3_600_000 : 100) }, 2)
    const given = { inputs: numbers(3), taskTimeoutMs: 5000, errors: "yield", isOrdered: true } as const
    const found = await clock.run(allOf(farmOf(places, given)))
    expect(found.map(({ ok }) => ok)).toEqual([true, false, true])
    expect((found[1] as { error: Error }).error.message).toContain("did not end within 5 s (taskTimeout)")
  })

  test("the whole has a time, a signal, and ends when no worker can come", async () => {
    const { clock, places } = played({ taskMs: () => 60_000 }, 2)
    const late = allOf(farmOf(places, { inputs: numbers(10), timeoutMs: 90_000 })).catch((one: unknown) => one)
    const error = await clock.run(late)
    expect(error).toBeInstanceOf(TimeoutError)
    expect((error as Error).message).toBe(
      "the work did not end within 90 s: 2 of 10 tasks are done, 2 ran on 2 workers and were cancelled",
    )
    const abort = new AbortController()
    const aborted = allOf(farmOf(places, { inputs: numbers(10), signal: abort.signal })).catch((one: unknown) => one)
    clock.timer(1000, () => abort.abort(new Error("enough")))
    expect(await clock.run(aborted)).toMatchObject({ message: "enough" })
    const none = new PlayedPlaces(clock, { taskMs: () => 1 })
    none.ended = new Error("it is closed")
    expect(await clock.run(allOf(farmOf(none, { inputs: [1] })).catch((one: unknown) => one))).toBe(none.ended)
  })

  test("inputs that throw end it with their error; none at all is no work", async () => {
    const { clock, places } = played({ taskMs: () => 100 }, 2)
    function* broken() {
      yield 1
      throw new Error("the list is broken")
    }
    const error = await clock.run(allOf(farmOf(places, { inputs: broken() })).catch((one: unknown) => one))
    expect(error).toMatchObject({ message: "the list is broken" })
    expect(await clock.run(allOf(farmOf(places, { inputs: [] })))).toEqual([])
  })
})
