/**
 * True time: how much of it has really passed, whatever the machine's clock is set to. Pure: it is given what the machine's clocks
 * show.
 *
 * A lifetime, a pause and a timeout count what has passed. The clock of day does not tell that: NTP steps it, people set it, a
 * virtual machine starts with its host's. The monotonic clock is never set. But on Linux it stands still while the machine is
 * suspended ("CLOCK_MONOTONIC … does not count time that the system is suspended. CLOCK_BOOTTIME … is identical to
 * CLOCK_MONOTONIC, except that it also includes any time that the system is suspended", clock_gettime(2)), and Node's
 * `performance.now` reads CLOCK_MONOTONIC there (libuv, uv__hrtime). Instances run on, and cost, while a laptop sleeps: that time
 * counts. The time since boot has it: `os.uptime` reads /proc/uptime, else CLOCK_BOOTTIME (libuv, uv_uptime). On macOS libuv reads
 * mach_continuous_time, and on Windows QueryPerformanceCounter: both go on while the machine sleeps.
 *
 * A virtual machine that its host has paused or saved shows it on none of its clocks, and cannot count it.
 */

/** What the machine's clocks show, in milliseconds. */
export interface MachineClocks {
  /** The time of day, since 1970. It may be set at any moment. */
  wall(): number
  /** Never set; it may stand still while the machine is suspended. */
  awake(): number
  /** Since the machine was started, suspended or not; undefined where `awake` goes on by itself. */
  sinceBoot?(): number
}

/** How often the time since boot is read, in milliseconds: each reading reads a file. */
const BOOT_READ_MS = 1_000

/** A smaller difference is the coarse resolution of the time since boot, not a suspension. */
const LEAST_SLEEP_MS = 2_000

/** The time of day at the first reading, and what has passed since: it never jumps. In milliseconds since 1970. */
export function trueTime({ wall, awake, sinceBoot }: MachineClocks): () => number {
  const [wallAtFirst, awakeAtFirst, bootAtFirst] = [wall(), awake(), sinceBoot?.() ?? 0]
  let [sleptMs, bootReadMs] = [0, 0]
  return () => {
    const awakeMs = awake() - awakeAtFirst
    if (sinceBoot !== undefined && awakeMs - bootReadMs >= BOOT_READ_MS) {
      bootReadMs = awakeMs
      const unseenMs = sinceBoot() - bootAtFirst - awakeMs - sleptMs
      if (unseenMs >= LEAST_SLEEP_MS) sleptMs += unseenMs
    }
    return Math.floor(wallAtFirst + awakeMs + sleptMs)
  }
}

const wallsOf = new WeakMap<() => number, () => number>()

/**
 * True time from a clock of day alone, for a clock that has nothing else: it never goes back. A step back is left out, and so is the
 * step by which it is put right. `wallOf` tells what the clock of day shows.
 */
export function steady(wall: () => number): () => number {
  let [last, aheadMs] = [wall(), 0]
  const now = () => {
    const at = wall()
    if (at < last) aheadMs += last - at
    else if (aheadMs > 0 && at - last >= aheadMs) aheadMs = 0
    last = at
    return at + aheadMs
  }
  wallsOf.set(now, wall)
  return now
}

/** The clock of day that `steady` was given for this time; undefined for any other. */
export function wallOf(now: () => number): (() => number) | undefined {
  return wallsOf.get(now)
}

/**
 * A timer of the true time from one that stands still while the machine is suspended: it checks so often that it fires at most
 * this much late, in milliseconds.
 */
export const TIMER_SLICE_MS = 15_000

type SetTimer = (ms: number, fn: () => void) => () => void

export function trueTimer(now: () => number, set: SetTimer): SetTimer {
  return (ms, fn) => {
    if (!(ms > TIMER_SLICE_MS)) return set(ms, fn)
    const at = now() + ms
    let cancel = () => {}
    const next = () => {
      const leftMs = at - now()
      cancel = set(Math.min(Math.max(0, leftMs), TIMER_SLICE_MS), leftMs > TIMER_SLICE_MS ? next : fn)
    }
    next()
    return () => cancel()
  }
}
