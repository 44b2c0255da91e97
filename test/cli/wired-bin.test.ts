/** The built program over each cloud's wire: what it would sweep, and how it ends when the cloud will not. */
import { describe, expect, test } from "vitest"
import { type Clock, systemClock } from "../../src/calls/clock.js"
import { EXIT } from "../../src/cli/exit-codes.js"
import { Cluster } from "../../src/cluster.js"
import type { SweepRow } from "../../src/verbs/removals.js"
import type { Duration } from "../../src/spec.js"
import { providerAt } from "../chaos/places.js"
import { type Wire, type WiredCloud, WIRES } from "../chaos/wires.js"
import { managedIdentity } from "../wire/login.js"
import { flagsFor, type Ran, type Running, startMuster } from "./bin.js"

/** Each test starts several processes, which takes its time on a busy machine. */
const PATIENCE_MS = 300_000

const LATE_MS = 3 * 3_600_000

/** A clock that is three hours late until it is put right: timers that were set before do not notice. */
function lateClock() {
  let lateMs = LATE_MS
  const now = () => systemClock.now() - lateMs
  const clock: Clock = { ...systemClock, now, wall: now }
  return {
    clock,
    putRight: () => {
      lateMs = 0
    },
  }
}

const QUICK = { requestMs: 5, createMs: 10, bootMs: 50, stopMs: 50 } as const

interface Scene {
  readonly wire: Wire
  /** Runs the program against it. */
  readonly run: (...words: readonly string[]) => Running
}

/** The clouds do not know of each other, and most of a test is waiting. */
const onWire = (cloud: WiredCloud, latency: object, check: (scene: Scene) => Promise<void>) => async () => {
  const { clock, putRight } = cloud === "gcp" ? { clock: systemClock, putRight: () => {} } : lateClock()
  const wire = await WIRES[cloud]({ clock, listLagMs: 0, latency: { ...QUICK, ...latency } })
  const login = cloud === "azure" ? await managedIdentity() : undefined
  const flags = flagsFor(cloud, wire.place.options)
  try {
    await abandon(wire, clock)
    putRight()
    if (cloud === "gcp") setDeadlinesBack(wire)
    await check({ wire, run: (...words) => startMuster([...words, ...flags], login?.env ?? {}) })
  } finally {
    await Promise.all([wire.close(), login?.close()])
  }
}

/** Clusters without a process: three hours later `old` has expired, and `young` has not. */
async function abandon({ place, spec }: Wire, clock: Clock): Promise<void> {
  const provider = await providerAt(place)
  const left = async (name: string, count: number, maxLifetime: Duration) => {
    const cluster = new Cluster({ ...spec, name, provider, maxLifetime }, { journal: false, clock })
    await cluster.scale(count)
    await cluster.detach()
  }
  await Promise.all([left("old", 2, "1h"), left("young", 1, "12h")])
}

/** Compute Engine itself ends what has run for its time: what outlived it there has a label that says so. */
function setDeadlinesBack({ world }: Wire): void {
  for (const { id, tags } of world.truth()) {
    const deadline = Number(tags["muster-deadline"]) - LATE_MS / 1000
    world.retag(id, { ...tags, "muster-deadline": String(deadline) })
  }
}

/** All that the cloud holds. */
function picture({ world, things }: Wire): string {
  return JSON.stringify([world.truth(), things()])
}

function living({ world }: Wire): readonly string[] {
  const alive = world.truth({ states: ["pending", "running", "stopped"] })
  return alive.map(({ tags }) => tags["muster-cluster"] ?? "")
}

async function showsWhatHasExpired({ wire, run }: Scene, kinds: readonly string[]): Promise<void> {
  const before = picture(wire)
  const [shown, told] = await Promise.all([run("sweep", "--dry-run").ended, run("sweep", "--dry-run", "--json").ended])
  expect([shown.code, shown.said, told.code, told.said]).toEqual([0, "", 0, ""])
  expect(picture(wire)).toBe(before)
  const rows = JSON.parse(told.out) as readonly SweepRow[]
  expect(rows.map(({ kind }) => kind).sort()).toEqual(kinds)
  expect(rows.every(({ cluster, why, removed }) => cluster === "old" && why === "expired" && !removed)).toBe(true)
  const lines = shown.out.trimEnd().split("\n")
  expect(lines[0]).toMatch(/^KIND +ID +CLUSTER +OWNER +PLACE +WHY +REMOVED$/)
  expect(lines.slice(1).map((line) => line.split(/ {2,}/)[1])).toEqual(rows.map(({ id }) => id))
}

describe.concurrent("sweep --dry-run shows what has expired, and changes nothing", () => {
  test.each([
    ["aws", ["instance", "instance", "launch-template", "launch-template"]],
    ["gcp", ["instance", "instance"]],
    ["azure", ["instance", "instance", "resource-group", "resource-group"]],
  ] as const)("%s", (cloud, kinds) => onWire(cloud, {}, (scene) => showsWhatHasExpired(scene, kinds))(), PATIENCE_MS)
})

/** What it says last, with --json. */
function errorOf({ said }: Ran): unknown {
  return (JSON.parse(said.trimEnd().split("\n").at(-1) ?? "") as { readonly error: unknown }).error
}

describe.concurrent("it ends with", () => {
  test(
    "1 when the cloud refuses, 3 when it does not know who asks, 4 when something cannot be ended",
    onWire("aws", {}, async ({ wire, run }) => {
      const { faults } = wire.world
      faults.fail("DescribeInstances", { error: "rejected", message: "no such thing", times: 1 })
      expect(await run("list").ended).toMatchObject({ code: 1, out: "" })
      faults.fail("DescribeInstances", { error: "auth", message: "who are you", times: 1 })
      const unknown = await run("list", "--json").ended
      expect([unknown.code, unknown.out, errorOf(unknown)]).toMatchObject([3, "", { class: "AuthError" }])
      faults.fail("TerminateInstances", { error: "rejected", message: "protected", times: 99 })
      const stuck = await run("delete", "young", "--yes", "--json").ended
      expect([stuck.code, errorOf(stuck)]).toMatchObject([4, { class: "LeakError" }])
      expect(JSON.parse(stuck.out)).toMatchObject([{ removed: false, hindrance: "refused" }])
      expect([...living(wire)].sort()).toEqual(["old", "old", "young"])
    }),
    PATIENCE_MS,
  )

  test(
    "5 when the cloud does not confirm in time, 130 and 143 when it is told to stop while it waits",
    // Compute Engine lists an instance as stopping until it is gone.
    onWire("gcp", { stopMs: 600_000 }, async ({ wire, run }) => {
      const late = await run("delete", "old", "--yes", "--json", "--timeout", "5s").ended
      expect([late.code, errorOf(late)]).toMatchObject([5, { class: "TimeoutError" }])
      const unconfirmed = { removed: false, hindrance: "unconfirmed" }
      expect(JSON.parse(late.out)).toMatchObject([unconfirmed, unconfirmed])
      expect(living(wire)).toEqual(["young"])
      await Promise.all(
        (["SIGINT", "SIGTERM"] as const).map(async (signal) => {
          const waiting = run("delete", "old", "--yes")
          await waiting.says("removing 2 instances")
          waiting.signal(signal)
          const { code, said } = await waiting.ended
          expect(code).toBe(EXIT[signal])
          expect(said).toContain(`muster: ${signal}: stopped; what was told to end goes on ending`)
        }),
      )
    }),
    PATIENCE_MS,
  )
})
