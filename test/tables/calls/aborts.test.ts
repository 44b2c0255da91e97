import { getEventListeners } from "node:events"
import { expect, test } from "vitest"
import { firstOf, onAbort } from "../../../src/calls/aborts.js"
import { heldBytes, MEBIBYTE } from "../../support/held.js"

test("thousands wait behind one listener, and are called in the order of asking, once", () => {
  const controller = new AbortController()
  const { signal } = controller
  const called: number[] = []
  for (let index = 0; index < 3000; index += 1) onAbort(signal, () => called.push(index))
  expect(getEventListeners(signal, "abort")).toHaveLength(1)
  controller.abort()
  controller.abort()
  expect(called).toEqual(Array.from({ length: 3000 }, (_, index) => index))
  expect(getEventListeners(signal, "abort")).toHaveLength(0)
})

test("who has taken it back is not called, also by another's turn; nothing is left where all have", () => {
  const controller = new AbortController()
  const { signal } = controller
  const called: string[] = []
  const fn = () => called.push("twice")
  const forgetFirst = onAbort(signal, fn)
  onAbort(signal, fn)
  onAbort(signal, () => forgetLast())
  const forgetLast = onAbort(signal, () => called.push("never"))
  forgetFirst()
  forgetFirst()
  controller.abort()
  expect(called).toEqual(["twice"])

  const idle = new AbortController().signal
  const forget = onAbort(idle, fn)
  expect(getEventListeners(idle, "abort")).toHaveLength(1)
  forget()
  expect(getEventListeners(idle, "abort")).toHaveLength(0)
  onAbort(idle, fn)
  expect(getEventListeners(idle, "abort")).toHaveLength(1)
})

test("the first of several signals gives its reason, also one that was aborted before", () => {
  const [one, other] = [new AbortController(), new AbortController()]
  const { signal } = firstOf(one.signal, undefined, other.signal)
  other.abort("enough")
  one.abort("late")
  expect([signal.aborted, signal.reason]).toEqual([true, "enough"])
  const again = firstOf(new AbortController().signal, one.signal)
  expect([again.signal.aborted, again.signal.reason]).toEqual([true, "late"])
})

test("what waits for the first of several again and again leaves nothing in one that lives on", () => {
  const living = new AbortController()
  const before = heldBytes()
  for (let asked = 0; asked < 30_000; asked += 1) firstOf(living.signal, new AbortController().signal).letGo()
  expect((heldBytes() - before) / MEBIBYTE).toBeLessThan(0.5)
  expect(getEventListeners(living.signal, "abort")).toHaveLength(0)
})
