/** Policy: what a reading of a demand does to a target. */
import { describe, expect, it } from "vitest"
import { type Bounds, decide, type Decision, type Memory, NO_MEMORY, type Standing } from "../../src/demand/policy.js"
import type { Wanted } from "../../src/demand/types.js"

const BOUNDS: Bounds = { minimum: 0, maximum: 100, shrink: true }
const STANDING: Standing = {
  ...{ target: 0, ready: 0, bootingMs: [], bootMs: 60_000, leastMs: 60_000 },
  ...{ room: 100, roomIs: "at most 100", leftMs: 3_600_000 },
}

/** Readings five seconds apart; the target runs at once. */
function read(
  readings: readonly (number | Wanted)[],
  { standing = {}, bounds = {} }: { readonly standing?: Partial<Standing>; readonly bounds?: Partial<Bounds> } = {},
): readonly Decision[] {
  let [memory, target]: [Memory, number] = [NO_MEMORY, standing.target ?? 0]
  return readings.map((reading, index) => {
    const wanted = typeof reading === "number" ? { workers: reading } : reading
    const now = { ...STANDING, ready: target, ...standing, target }
    const decision = decide(memory, wanted, now, { ...BOUNDS, ...bounds }, index * 5000)
    memory = decision.memory
    target = decision.target
    return decision
  })
}

const targets = (...given: Parameters<typeof read>) => read(...given).map(({ target }) => target)

describe("a number", () => {
  it("is followed up at once, whole workers above it", () => {
    expect(targets([3, 2.1, 7.5])).toEqual([3, 3, 8])
  })

  it("is followed down after three readings in a row that want less, to the most of them", () => {
    expect(targets([9, 4, 6, 5])).toEqual([9, 9, 9, 9])
    expect(targets([9, 6, 5, 4, 3])).toEqual([9, 9, 9, 6, 5])
    expect(targets([9, 0, 9, 0, 0, 9, 0, 0, 0])).toEqual([9, 9, 9, 9, 9, 9, 9, 9, 0])
  })

  it("stays within minimum and maximum", () => {
    expect(targets([0, 0, 500, 0, 0, 0], { bounds: { minimum: 2, maximum: 10 } })).toEqual([2, 2, 10, 10, 10, 2])
  })

  it("is followed down to the maximum, also where more is wanted", () => {
    expect(targets([50, 50, 50], { standing: { target: 20, ready: 20 }, bounds: { maximum: 8 } })).toEqual([20, 20, 8])
  })

  it("is not followed down where workers end by themselves", () => {
    const [last] = read([5, 0, 0, 0, 0], { bounds: { shrink: false } }).slice(-1)
    expect(last).toMatchObject({ target: 5, why: expect.stringContaining("shrink is false") })
  })
})

describe("while work still comes", () => {
  it("a worker stays for one and a half boots after it was wanted last", () => {
    // A new task now and then: one wish is above the one before it.
    const waves = Array.from({ length: 40 }, (_, index) => (index === 0 ? 20 : index % 2 === 0 ? 6 : 5))
    const down = targets(waves)
    const fellAt = down.findIndex((target) => target < 20)
    expect(down[fellAt]).toBe(6)
    expect(fellAt * 5).toBeGreaterThanOrEqual(90)
    expect(fellAt * 5).toBeLessThanOrEqual(100)
  })

  it("a few more or less are left to chance", () => {
    expect(
      targets(Array.from({ length: 100 }, (_, index) => (index < 2 ? 16 : index % 2 === 0 ? 14 : 13))).at(-1),
    ).toBe(16)
  })

  it("after a worker was ended too early the next ones stay for longer", () => {
    const noise = (length: number, index: number) => (index % 4 === 0 ? length : length - 1)
    const phase = (level: number, count: number) => Array.from({ length: count }, (_, index) => noise(level, index))
    const all = [...phase(20, 2), ...phase(6, 30), ...phase(20, 1), ...phase(6, 60)]
    const after = targets(all)
    expect(after[31]).toBe(6)
    expect(after[32]).toBe(20)
    // Four times as long: six boots.
    expect(after[92]).toBe(20)
  })
})

describe("work of which it is known how much there is", () => {
  const one = (wanted: Wanted, standing: Partial<Standing> = {}) => targets([wanted], { standing })[0]

  it("has as many workers as find a boot's worth of it", () => {
    expect(one({ workers: 10, seconds: 600 })).toBe(10)
    expect(one({ workers: 10, seconds: 300 })).toBe(5)
    expect(one({ workers: 10, seconds: 1 })).toBe(1)
    expect(one({ workers: 10, seconds: 0 })).toBe(0)
  })

  it("counts what those that are ready do while another one boots", () => {
    expect(one({ workers: 10, seconds: 240 }, { target: 4, ready: 4 })).toBe(4)
    expect(one({ workers: 10, seconds: 299 }, { target: 4, ready: 4 })).toBe(4)
    expect(one({ workers: 10, seconds: 360 }, { target: 4, ready: 4 })).toBe(6)
  })

  it("counts what those that boot do once they have", () => {
    // One is half through: it does half a boot's work until a new one is ready, and is to have as much as that one.
    expect(one({ workers: 10, seconds: 149 }, { target: 1, ready: 0, bootingMs: [30_000] })).toBe(1)
    expect(one({ workers: 10, seconds: 150 }, { target: 1, ready: 0, bootingMs: [30_000] })).toBe(2)
  })

  it("has a worker that is billed for longer than it boots do as much as it is billed for", () => {
    expect(one({ workers: 10, seconds: 300 }, { bootMs: 2_000, leastMs: 60_000 })).toBe(5)
    expect(one({ workers: 10, seconds: 300 }, { bootMs: 2_000, leastMs: 0 })).toBe(10)
  })

  it("says why fewer than are wanted are launched", () => {
    const [decision] = read([{ workers: 10, seconds: 300 }])
    expect(decision?.why).toBe("demand 10; 5 min of work are no more than these do while another one boots (1 min)")
  })
})

it("has no more than there is room for, and says what takes it", () => {
  const standing = { target: 2, ready: 2, room: 5, roomIs: "5 of at most 10 are on their way out" }
  expect(read([8], { standing })).toMatchObject([{ target: 5, why: "demand 8; 5 of at most 10 are on their way out" }])
  expect(targets([8], { standing: { ...standing, room: 1 } })).toEqual([2])
})

it("launches nothing that could not boot before the deadline", () => {
  const [decision] = read([8], { standing: { leftMs: 45_000 } })
  expect(decision).toMatchObject({ target: 0, why: expect.stringContaining("deadline is in 45 s") })
})

it("remembers no more than decides", () => {
  const all = read(Array.from({ length: 5000 }, (_, index) => (index % 7) + 1))
  expect(Math.max(...all.map(({ memory }) => memory.wishes.length))).toBeLessThan(200)
})
