/** What the roster keeps of an instance that has gone: what receipt, bill and questions about its end need, and no more. */
import { expect, test } from "vitest"
import { Roster } from "../../../src/fleet/roster/roster.js"
import { receiptOf } from "../../../src/fleet/receipt.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Instance, Provider } from "../../../src/provider.js"
import { instanceOf, NOW } from "../support.js"

const limits = { goneStates: ["terminated"], bootMs: 60_000, consistencyMs: 0 }
const provider = { name: "p", region: "r", limits } as unknown as Provider
const OWN = { [TAG.group]: "default", [TAG.launch]: "token", [TAG.generation]: "1" }

function seen(id: string, change: Partial<Instance> = {}): Instance {
  const tags = { ...OWN, [TAG.uid]: "uid", team: "graphics" }
  return instanceOf({ id, name: `w-${id}`, privateIp: "10.0.0.1", publicIp: "3.0.0.1", tags, ...change })
}

test("once gone a worker has neither addresses nor other tags; its row and its bill stay as they were", () => {
  const roster = new Roster(
    () => {},
    () => ({ perHour: 3.6, from: { source: "a list", at: NOW } }),
  )
  for (const id of ["one", "two"]) {
    const worker = roster.recordInstance(provider, seen(id), NOW, true, NOW)
    expect(worker.instance.privateIp).toBe("10.0.0.1")
    roster.recordInstance(
      provider,
      seen(id, { state: "terminated", endedAt: NOW + 5_000, endedBy: "request" }),
      NOW + 9_000,
      true,
    )
  }
  const [one, two] = roster.workers
  expect(one?.instance).toEqual({
    ...instanceOf({ id: "one", name: "w-one", state: "terminated", tags: OWN }),
    endedAt: NOW + 5_000,
    endedBy: "request",
  })
  // Those of one launch call share theirs.
  expect(two?.instance.tags).toBe(one?.instance.tags)
  const { instances, cost } = receiptOf("c", roster.workers, NOW + 60_000, [])
  expect(instances).toMatchObject([
    { id: "one", name: "w-one", zone: "a", endedAt: NOW + 5_000, cost: 0.005 },
    { id: "two" },
  ])
  expect(cost).toBeCloseTo(0.01, 10)
  // Seen once more, it is no other one, and as small.
  const again = roster.recordInstance(provider, seen("one", { state: "terminated" }), NOW + 70_000, true)
  expect([again === one, again.instance.publicIp, roster.workers.length]).toEqual([true, undefined, 2])
})

test("what its guest says of its end is kept with it, for who asks later", () => {
  const roster = new Roster(
    () => {},
    () => undefined,
  )
  const tags = { ...OWN, [TAG.ended]: "startup-3" }
  roster.recordInstance(provider, seen("one"), NOW, true, NOW)
  const { instance } = roster.recordInstance(provider, seen("one", { state: "terminated", tags }), NOW + 9_000, true)
  expect(instance.tags).toEqual(tags)
})
