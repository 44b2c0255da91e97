/** One answer for those who ask at once or soon after; a failure is kept for nobody, and somebody's end is his own. */
import { expect, test } from "vitest"
import type { Calls } from "../../../src/provider.js"
import { sharedRead } from "../../../src/client/shared-read.js"

function asker() {
  const at = { now: 0 }
  const asked: string[] = []
  const waiting: { resolve: (value: string) => void; reject: (error: Error) => void }[] = []
  const read = sharedRead((_owner: object, query: string, calls: Calls) => {
    asked.push(query)
    return new Promise<string>((resolve, reject) => {
      waiting.push({ resolve, reject })
      calls.signal.addEventListener("abort", () => reject(calls.signal.reason as Error))
    })
  })
  const calls = (signal = new AbortController().signal): Calls => ({
    signal,
    now: () => at.now,
    readOnly: false,
    send: () => Promise.reject(new Error("nothing is sent here")),
  })
  return { at, asked, waiting, read, calls }
}

test("the same question of one owner at once: one answer for ten seconds", async () => {
  const { at, asked, waiting, read, calls } = asker()
  const owner = {}
  const both = [read(owner, "a", calls()), read(owner, "a", calls()), read({}, "a", calls()), read(owner, "b", calls())]
  for (const { resolve } of waiting) resolve("answer")
  expect(await Promise.all(both)).toEqual(["answer", "answer", "answer", "answer"])
  expect(asked).toEqual(["a", "a", "b"])
  at.now = 9_999
  await read(owner, "a", calls())
  expect(asked).toHaveLength(3)
  at.now = 10_000
  void read(owner, "a", calls())
  expect(asked).toHaveLength(4)
})

test("a failure is that of all who asked with it, and the next one asks anew", async () => {
  const { asked, waiting, read, calls } = asker()
  const owner = {}
  const both = [read(owner, "a", calls()), read(owner, "a", calls())]
  waiting[0]?.reject(new Error("refused"))
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(["rejected", "rejected"])
  void read(owner, "a", calls())
  expect(asked).toHaveLength(2)
})

test("who gives up ends nobody else's question; who has given up asks nothing", async () => {
  const { asked, waiting, read, calls } = asker()
  const owner = {}
  const controller = new AbortController()
  const first = read(owner, "a", calls(controller.signal))
  const second = read(owner, "a", calls())
  controller.abort(new Error("enough"))
  await expect(first).rejects.toThrow("enough")
  await new Promise(setImmediate)
  waiting[1]?.resolve("answer")
  expect(await second).toBe("answer")
  expect(asked).toEqual(["a", "a"])
  await expect(read(owner, "b", calls(controller.signal))).rejects.toThrow("enough")
  expect(asked).toHaveLength(2)
})
