/** True time: from what a machine's clocks show, when they are set and when the machine sleeps. */
import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../../src/calls/clock.js"
import { CloudTime, httpMoment } from "../../../src/calls/cloud-time.js"
import { TIMER_SLICE_MS, trueTime, trueTimer } from "../../../src/calls/true-time.js"
import { httpDate } from "../../../src/simulator/requests/http-date.js"
import { shiftOf, timeOf } from "../../../src/fleet/journal/written-time.js"

const START = Date.UTC(2026, 0, 1)
const HOUR_MS = 3_600_000

/** A machine that can be set and put to sleep. */
function machine({ countsSleep = false } = {}) {
  let [truth, setMs, sleptMs] = [0, 0, 0]
  const clocks = {
    wall: () => START + truth + setMs,
    awake: () => 50_000 + truth - (countsSleep ? 0 : sleptMs),
    // In hundredths of a second, as /proc/uptime.
    ...(countsSleep ? {} : { sinceBoot: () => Math.floor((7_000_000 + truth) / 10) * 10 }),
  }
  return {
    clocks,
    pass: (ms: number) => {
      truth += ms
    },
    set: (ms: number) => {
      setMs += ms
    },
    sleep: (ms: number) => {
      truth += ms
      sleptMs += ms
    },
    truth: () => START + truth,
  }
}

describe("true time", () => {
  test.each([-30, -13, 24])("goes on as it was when the clock is set by %d hours, and back", (hours) => {
    const { clocks, pass, set, truth } = machine()
    const now = trueTime(clocks)
    pass(5_000)
    set(hours * HOUR_MS)
    expect(now()).toBe(truth())
    pass(60_000)
    set(-hours * HOUR_MS)
    pass(1)
    expect(now()).toBe(truth())
  })

  test.each([
    ["Linux, where the monotonic clock stands still meanwhile", false],
    ["macOS and Windows, where it goes on", true],
  ])("counts a sleep on %s", (_where, countsSleep) => {
    const { clocks, pass, sleep, set, truth } = machine({ countsSleep })
    const now = trueTime(clocks)
    pass(5_000)
    now()
    sleep(8 * HOUR_MS)
    set(-2 * HOUR_MS)
    // The time since boot is read once a second.
    pass(1_000)
    expect(Math.abs(now() - truth())).toBeLessThan(20)
    sleep(HOUR_MS)
    pass(1_000)
    expect(Math.abs(now() - truth())).toBeLessThan(40)
  })

  test("never goes back, however coarse the time since boot is", () => {
    const { clocks, pass } = machine()
    const now = trueTime({ ...clocks, sinceBoot: () => Math.floor(clocks.awake() / 1_000) * 1_000 })
    let last = now()
    for (let step = 0; step < 1_000; step += 1) {
      pass(137)
      expect(now() - last).toBeGreaterThanOrEqual(137)
      expect(now() - last).toBeLessThan(139)
      last = now()
    }
  })
})

describe("a timer of true time", () => {
  /** Its timers stand still while the machine sleeps. */
  function sleepy() {
    const clock = new VirtualClock()
    let sleptMs = 0
    const set = trueTimer(
      () => clock.now() + sleptMs,
      (ms, fn) => clock.timer(ms, fn),
    )
    const sleep = (ms: number) => {
      sleptMs += ms
    }
    return { clock, set, sleep }
  }

  test("fires when its time has come", async () => {
    const { clock, set } = sleepy()
    const begun = clock.now()
    const fired = new Promise<number>((resolve) => void set(12 * HOUR_MS + 7, () => resolve(clock.now() - begun)))
    expect(await clock.run(fired)).toBe(12 * HOUR_MS + 7)
  })

  test("fires soon after a sleep in which its time has come", async () => {
    const { clock, set, sleep } = sleepy()
    const fired = new Promise<boolean>((resolve) => void set(12 * HOUR_MS, () => resolve(true)))
    await clock.run(clock.sleep(HOUR_MS + 1))
    sleep(11 * HOUR_MS)
    const late = clock.sleep(TIMER_SLICE_MS + 1).then(() => false)
    expect(await clock.run(Promise.race([fired, late]))).toBe(true)
  })

  test("is cancelled at any time", async () => {
    const { clock, set } = sleepy()
    const fired: number[] = []
    const cancel = set(HOUR_MS, () => void fired.push(clock.now()))
    await clock.run(clock.sleep(HOUR_MS / 2))
    cancel()
    await clock.run(clock.sleep(HOUR_MS))
    expect([fired, clock.asleep]).toEqual([[], 0])
  })
})

describe("cloud time", () => {
  test("is this machine's until an answer tells another, and where the two agree", () => {
    const time = new CloudTime()
    expect([time.isKnown, time.skewMs(7)]).toEqual([false, 7])
    time.record(START + 1_000, START)
    expect([time.isKnown, time.skewMs(7)]).toEqual([true, 7])
    expect(time.skewMs(HOUR_MS)).toBe(1_500)
  })

  test("one answer from somebody with another clock decides nothing", () => {
    const time = new CloudTime()
    for (let second = 0; second < 4; second += 1) time.record(START + second * 1_000, START + second * 1_000)
    time.record(START + 24 * HOUR_MS, START + 5_000)
    time.record(Number.NaN, START)
    expect(time.skewMs(-HOUR_MS)).toBe(500)
  })
})

describe("the header Date", () => {
  test.each([
    ["Thu, 01 Jan 2026 00:00:00 GMT", START],
    ["Sun, 29 Feb 2032 23:59:59 GMT", Date.UTC(2032, 1, 29, 23, 59, 59)],
    [" Thu, 31 Dec 2026 12:00:00 GMT ", Date.UTC(2026, 11, 31, 12)],
    ["Sunday, 06-Nov-94 08:49:37 GMT", undefined],
    ["Mon, 30 Feb 2026 00:00:00 GMT", undefined],
    ["Thu, 01 Foo 2026 00:00:00 GMT", undefined],
    ["2026-01-01T00:00:00Z", undefined],
    ["", undefined],
  ])("%s", (text, moment) => {
    expect(httpMoment(text)).toBe(moment)
  })

  test("is written as it is read", () => {
    const at = Date.UTC(2028, 1, 29, 7, 8, 9)
    expect([httpDate(at, new Date(at).toISOString()), httpMoment(new Date(at).toUTCString())]).toEqual([
      new Date(at).toUTCString(),
      at,
    ])
  })
})

describe("the moments in a journal", () => {
  const base = new VirtualClock({ start: START })
  /** A process of a machine with this start, whose clock was `begunAheadMs` ahead when it began and is `aheadMs` ahead now. */
  const clockOf = (boot: string, begunAheadMs: number, aheadMs = begunAheadMs) =>
    Object.assign(Object.create(base) as VirtualClock, {
      now: () => base.now() + begunAheadMs,
      wall: () => base.now() + aheadMs,
      boot: () => ({ id: boot, ms: base.now() - START + HOUR_MS }),
    })

  test.each([
    ["of the same start of the machine, whose clock was set since", "one", -13 * HOUR_MS, -13 * HOUR_MS],
    ["of the same start, whose clock was set back while it lived", "one", 24 * HOUR_MS, 0],
    ["of another start, with the right time", "two", 0, 0],
    ["of another start, whose clock was put right while it lived", "two", 24 * HOUR_MS, 0],
  ])("are read right by a process %s", (_who, boot, begunAheadMs, aheadMs) => {
    const written = timeOf(clockOf("one", 0))
    const reader = clockOf(boot, begunAheadMs, aheadMs)
    expect(written.now + shiftOf(written, reader)).toBe(base.now() + begunAheadMs)
  })

  test("of an older file are the clock of day's", () => {
    expect(shiftOf(undefined, clockOf("one", 24 * HOUR_MS, 0))).toBe(24 * HOUR_MS)
  })
})
