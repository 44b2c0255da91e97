/** Who has a cluster, as tags and journals tell. */
import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../../src/calls/clock.js"
import { ownerProcessTag, hostLabel, parseOwnerProcess } from "../../../src/fleet/ownership/owner-process.js"
import { observedOwner } from "../../../src/fleet/leftovers/current-owner.js"
import type { Instance } from "../../../src/provider.js"

const NOW = 1_764_412_496_000
const WINDOW_MS = 60_000

/** @param ageS of the instance that carries the tags, in seconds. */
function place(ageS: number, tags: Readonly<Record<string, string>>) {
  const instance = { tags: { "muster-generation": "1", ...tags }, launchedAt: NOW - ageS * 1000 } as unknown as Instance
  return { instances: [instance], leftovers: [], windowMs: WINDOW_MS }
}

function claim(tags: Readonly<Record<string, string>>) {
  const leftover = { kind: "claim", id: "1", region: "r", shared: false, tags }
  return { instances: [], leftovers: [leftover], windowMs: WINDOW_MS }
}

const here = (...pids: readonly number[]) => ({
  now: NOW,
  host: "Desk.local",
  isAlive: (pid: number) => pids.includes(pid),
})
const since = (ageS: number) => String(NOW / 1000 - ageS)

describe("the tag of a holder", () => {
  test("is valid on every cloud, and says what it was made of", () => {
    const tag = ownerProcessTag(new VirtualClock())
    expect(tag).toMatch(/^[a-z0-9_-]{3,63}$/)
    expect(parseOwnerProcess(tag)).toMatchObject({ pid: process.pid })
    expect(hostLabel(`Build.${"x".repeat(80)}`)).toHaveLength(40)
  })

  test.each(["", "desk", "desk_1", "Desk_1_2", "a_b_c", "desk_1_2_3"])("%j is none", (tag) => {
    expect(parseOwnerProcess(tag)).toBeUndefined()
  })
})

describe("a cluster is held", () => {
  test("by a process of this machine that lives, however long ago it made something", () => {
    const old = place(9_000, { "muster-holder": `desk-local_41_${since(9_000)}` })
    expect(observedOwner([old], [], here(41))).toEqual({
      ...{ host: "desk-local", pid: 41, since: NOW - 9_000_000 },
      ...{ sign: "lives", seenAt: NOW },
    })
    expect(observedOwner([old], [], here())).toBeUndefined()
  })

  test("by who has written the journal and lives, where tags say nothing", () => {
    const held = [{ holder: 41, since: NOW - 5_000 }]
    expect(observedOwner([place(9_000, {})], held, here(41))).toMatchObject({
      pid: 41,
      since: NOW - 5_000,
      sign: "lives",
    })
    expect(observedOwner([], [{ holder: process.pid }], here(process.pid))).toBeUndefined()
  })

  test("on another machine, by who made something within the window, or renews a lease", () => {
    const holder = { "muster-holder": `build-7_41_${since(8_000)}` }
    expect(observedOwner([place(30, holder)], [], here())).toMatchObject({
      host: "build-7",
      sign: "made",
      seenAt: NOW - 30_000,
    })
    expect(observedOwner([place(61, holder)], [], here())).toBeUndefined()
    const leased = { ...holder, "muster-lease": String(NOW / 1000 + 5) }
    expect(observedOwner([place(8_000, leased)], [], here())).toMatchObject({ host: "build-7", sign: "lease" })
  })

  test("by who claimed it and has launched nothing yet; the highest generation counts", () => {
    const older = place(10, { "muster-holder": `build-7_41_${since(10)}` })
    const newer = claim({ "muster-generation": "2", "muster-holder": `build-8_42_${since(20)}` })
    expect(observedOwner([older, newer], [], here())).toMatchObject({ host: "build-8", pid: 42, sign: "made" })
  })

  test("by nobody, where the latest was made by a version that does not say who it is", () => {
    const older = place(10, { "muster-holder": `build-7_41_${since(10)}` })
    expect(observedOwner([older, place(5, { "muster-generation": "3" })], [], here())).toBeUndefined()
  })
})
