import { getEventListeners } from "node:events"
import { expect, test } from "vitest"
import { onAbort } from "../../../src/calls/aborts.js"

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
