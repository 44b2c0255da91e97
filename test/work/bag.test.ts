import { describe, expect, it } from "vitest"
import { Bag } from "../../src/work/farm/bag.js"

const made = (count: number) => Array.from({ length: count }, (_, id) => ({ id, place: -1 }))

describe("what comes and goes", () => {
  it("is there until it is taken out, whatever else comes and goes meanwhile", () => {
    const bag = new Bag<{ id: number; place: number }>()
    const [all, there] = [made(100), new Set<object>()]
    for (let turn = 0; turn < 1000; turn += 1) {
      const one = all[(turn * 37 + (turn >> 3)) % all.length] ?? { id: -1, place: -1 }
      if (there.delete(one)) expect(bag.delete(one)).toBe(true)
      else {
        expect(bag.delete(one)).toBe(false)
        bag.add(one)
        there.add(one)
      }
      expect(bag.size).toBe(there.size)
    }
    expect(new Set(bag.all())).toEqual(there)
    for (const one of all) expect(bag.find(({ id }) => id === one.id)).toBe(there.has(one) ? one : undefined)
  })

  it("has one that was taken out in no other bag", () => {
    const [a, b] = [new Bag<{ id: number; place: number }>(), new Bag<{ id: number; place: number }>()]
    const [one, other] = [
      { id: 1, place: -1 },
      { id: 2, place: -1 },
    ]
    a.add(one)
    b.add(other)
    expect(b.delete(one)).toBe(false)
    expect([a.delete(one), a.delete(one)]).toEqual([true, false])
    expect([a.size, b.size]).toEqual([0, 1])
  })
})
