/** Nothing is said to be gone while something may come: owners that are killed with a launch on the wire, and who ends them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { EXIT } from "../../../src/cli/exit-codes.js"
import { run } from "../../../src/cli/run.js"
import { Cluster } from "../../../src/cluster.js"
import { LeakError } from "../../../src/errors.js"
import type { SweepEvent } from "../../../src/verbs/removals.js"
import type { SweepSpec } from "../../../src/verbs/verbs.js"
import { watchHandles } from "../../support/handles.js"
import { mortal } from "../../support/mortal.js"
import { live, rig, type Rig, SMALL } from "../support.js"

let journal = ""
let closeHandles = () => Promise.resolve()
beforeEach(() => {
  journal = mkdtempSync(join(tmpdir(), "muster-gone-"))
  closeHandles = watchHandles()
})
afterEach(async () => {
  await closeHandles()
  rmSync(journal, { recursive: true, force: true })
})

/** A request takes eight seconds, a list may miss for ten what exists; so a launch is looked for 70 s after it was sent. */
const SLOW = { latency: { requestMs: 20, createMs: 8_000, bootMs: 1_000, stopMs: 500 }, listLagMs: 5_000 } as const
const WINDOW_MS = 70_000
/** No process has this number. */
const NO_PROCESS = 4_194_305

/** An owner that is killed so long after its launch call for five has left. */
async function killed({ clock, provider }: Rig, afterMs = 100, isAlone = true): Promise<void> {
  const life = mortal(clock, (edge, what, own) => {
    if (edge === "begin" && what === "CreateInstances") clock.timer(afterMs, () => own.die())
  })
  const spec = { name: "render", provider: life.provider(provider), instanceType: SMALL }
  void new Cluster(spec, { clock: life.clock, journal }).scale(5).catch(() => {})
  await clock.run(life.death)
  if (isAlone) abandon()
}

/** The journals are of processes that have ended. */
function abandon(): void {
  rewrite((text) => text.replaceAll(`"pid":${process.pid}}`, `"pid":${NO_PROCESS}}`))
}

/** What the journals say. */
function rewrite(change: (text: string) => string): void {
  for (const path of readdirSync(journal).map((name) => join(journal, name)))
    writeFileSync(path, change(readFileSync(path, "utf8")))
}

interface Swept {
  readonly rows: Awaited<ReturnType<typeof Cluster.sweep>>
  readonly events: readonly SweepEvent[]
  readonly seconds: number
}

async function sweep(
  { clock, provider }: Rig,
  spec: Partial<SweepSpec> = {},
  own: string | false = journal,
): Promise<Swept> {
  const events: SweepEvent[] = []
  const begun = clock.now()
  const onEvent = (event: SweepEvent) => void events.push(event)
  const rows = await clock.run(
    Cluster.sweep({ provider, name: "render", onEvent, ...spec } as SweepSpec, { clock, journal: own }),
  )
  return { rows, events, seconds: (clock.now() - begun) / 1000 }
}

/** An hour later. */
async function later({ clock, world }: Rig): Promise<number> {
  await clock.run(clock.sleep(3_600_000))
  return live(world).length
}

describe("with this machine's journal", () => {
  test.each([
    ["with the launch on the wire", 100],
    ["after it was done, before the answer", 6_000],
    ["after the answer, before lists show what it made", 9_000],
  ])("killed %s: it is waited for, and what it makes is ended", async (_when, afterMs) => {
    const at = rig(SLOW)
    await killed(at, afterMs)
    const { rows, seconds } = await sweep(at)
    expect(rows.filter(({ kind }) => kind === "instance")).toHaveLength(5)
    expect(rows.every(({ removed }) => removed)).toBe(true)
    // All that was asked for was seen: no more can come of it, though its window is not over.
    expect(seconds).toBeLessThan(30)
    expect([live(at.world), await later(at), readdirSync(journal)]).toEqual([[], 0, []])
    // The name is free: nothing tells of launch calls any more.
    const next = at.cluster({ name: "render" }, { journal })
    expect(await at.clock.run(next.scale(1))).toMatchObject({ running: 1 })
    await at.clock.run(next.close())
  })

  test("what it waits for is told, once", async () => {
    const at = rig(SLOW)
    await killed(at)
    const { events } = await sweep(at)
    expect(events).toMatchObject([{ type: "waiting", place: "simulated sim-1", cluster: "render" }])
    expect(events[0]?.message).toMatch(
      /looking for \d+ s more .* a launch call for 5, sent \d+ s ago, has no known outcome$/,
    )
  })

  test("what is answered and listed is not waited for", async () => {
    const at = rig(SLOW)
    const owner = at.cluster({ name: "render" }, { journal })
    await at.clock.run(owner.scale(5))
    await at.clock.run(owner.detach())
    abandon()
    const { rows, events, seconds } = await sweep(at)
    expect([rows.every(({ removed }) => removed), events]).toEqual([true, []])
    expect(seconds).toBeLessThan(20)
  })

  test("with `now` it is named at once, and its set-up stays for whoever asks again", async () => {
    const at = rig(SLOW)
    await killed(at)
    const { rows, seconds } = await sweep(at, { now: true })
    expect(rows).toMatchObject([{ kind: "launch", cluster: "render", removed: false, hindrance: "coming" }])
    expect(rows[0]?.problem).toMatch(
      /a launch call for 5.* until \d+ s from now it may make instances that nobody ends/,
    )
    expect([seconds < 2, readdirSync(journal).length]).toEqual([true, 1])
    await at.clock.run(at.clock.sleep(15_000))
    expect(live(at.world)).toHaveLength(5)
    const { rows: again } = await sweep(at)
    expect(again.filter(({ kind, removed }) => kind === "instance" && removed)).toHaveLength(5)
    expect(await later(at)).toBe(0)
  })

  test("a dry run shows it, and waits for nothing", async () => {
    const at = rig(SLOW)
    await killed(at)
    const { rows, seconds } = await sweep(at, { dryRun: true })
    expect([rows.filter(({ kind }) => kind === "launch").length, seconds < 1]).toEqual([1, true])
  })

  test("one that never arrived is looked for to the end of the window, and its set-up goes", async () => {
    const at = rig(SLOW)
    at.world.faults.hang("CreateInstances")
    await killed(at)
    const { rows, seconds } = await sweep(at)
    expect(rows.map(({ kind, removed }) => `${kind} ${removed}`).sort()).toEqual(["claim true", "template true"])
    expect(seconds).toBeGreaterThan(60)
    expect(seconds).toBeLessThan(WINDOW_MS / 1000 + 1)
  })

  test("the window counts from when it was sent last", async () => {
    const at = rig(SLOW)
    // Refused for its pace, and sent again two minutes later.
    at.world.faults.fail("CreateInstances", { error: "throttled", retryAfterMs: 120_000 })
    const { clock, provider } = at
    let sent = 0
    const life = mortal(clock, (edge, what, own) => {
      if (edge === "begin" && what === "CreateInstances" && ++sent === 2) own.die()
    })
    const spec = { name: "render", provider: life.provider(provider), instanceType: SMALL }
    void new Cluster(spec, { clock: life.clock, journal }).scale(5).catch(() => {})
    await clock.run(life.death)
    abandon()
    expect((await sweep(at)).rows.filter(({ kind }) => kind === "instance")).toHaveLength(5)
    expect(await later(at)).toBe(0)
  })

  test("a process that lives may send it again: it is waited for longer, and the journal stays", async () => {
    const at = rig(SLOW)
    at.world.faults.hang("CreateInstances")
    await killed(at, 100, false)
    const { rows, events, seconds } = await sweep(at)
    expect(events).toMatchObject([{ type: "held", pid: process.pid }, { type: "waiting" }])
    expect(events[1]?.message).toMatch(/the process that sent it may live and send it again$/)
    expect([rows.every(({ removed }) => removed), readdirSync(journal).length]).toEqual([true, 1])
    expect(seconds).toBeGreaterThan(300)
  })

  test("one that is damaged is a problem, and as good as none", async () => {
    const at = rig(SLOW)
    await killed(at)
    rewrite((text) => `${text}null\n`)
    const { rows, events } = await sweep(at)
    expect(events).toMatchObject([{ type: "problem", error: "JournalError" }, { type: "waiting" }, { type: "waiting" }])
    expect(events[0]?.message).toMatch(/line \d+ is damaged; it is set aside/)
    expect(rows.every(({ removed }) => removed)).toBe(true)
    expect(rows.filter(({ kind, removed }) => kind === "instance" && removed)).toHaveLength(5)
    expect(await later(at)).toBe(0)
  })
})

test("a cluster that is made under the name while it is waited for is somebody else's", async () => {
  const at = rig(SLOW)
  at.world.faults.hang("CreateInstances")
  await killed(at, 100, false)
  const sweeping = sweep(at)
  // From another machine, which knows nothing of the launch call.
  const next = at.cluster({ name: "render", existing: "refuse" })
  // By then the name is not held by the claim of a dead owner any more.
  const scaling = at.clock.sleep(400_000).then(() => next.scale(2))
  const { rows, seconds } = await sweeping
  expect(seconds).toBeGreaterThan(420)
  await at.clock.run(scaling)
  expect(rows.every(({ kind, removed }) => kind !== "instance" && removed)).toBe(true)
  expect(live(at.world)).toHaveLength(2)
  expect((await at.clock.run(next.audit())).map(({ kind }) => kind).sort()).toContain("template")
  await at.clock.run(next.close())
})

describe("without a journal", () => {
  test("a cluster with set-up and no instance may be in its first launch", async () => {
    const at = rig(SLOW)
    await killed(at)
    const { rows, events, seconds } = await sweep(at, {}, false)
    expect(events[0]?.message).toMatch(
      /no journal of this machine tells of its launch calls, and it has set-up and no instance/,
    )
    expect(rows.filter(({ kind, removed }) => kind === "instance" && removed)).toHaveLength(5)
    expect(seconds).toBeGreaterThan(WINDOW_MS / 1000 - 1)
    expect(await later(at)).toBe(0)
  })

  test("with `now` it is named, and nothing is removed", async () => {
    const at = rig(SLOW)
    await killed(at)
    const { rows, seconds } = await sweep(at, { now: true }, false)
    expect([rows.map(({ kind, hindrance }) => `${kind} ${hindrance}`), seconds < 1]).toEqual([["launch coming"], true])
    expect(at.world.resources.list().length).toBeGreaterThan(0)
  })

  test("one whose youngest instance is older than the window launches nothing", async () => {
    const at = rig(SLOW)
    const owner = at.cluster({ name: "render" })
    await at.clock.run(owner.scale(3))
    await at.clock.run(owner.detach())
    await at.clock.run(at.clock.sleep(2 * WINDOW_MS))
    const { rows, events, seconds } = await sweep(at, {}, false)
    expect([rows.every(({ removed }) => removed), events]).toEqual([true, []])
    expect(seconds).toBeLessThan(20)
  })

  test("a journal of an earlier holder tells nothing of a later one", async () => {
    const at = rig(SLOW)
    const owner = at.cluster({ name: "render" }, { journal })
    await at.clock.run(owner.scale(1))
    await at.clock.run(owner.detach())
    abandon()
    const next = await at.clock.run(
      Cluster.attach("render", { provider: at.provider, instanceType: SMALL }, { clock: at.clock, journal: false }),
    )
    await at.clock.run(next.scale(2))
    await at.clock.run(next.detach())
    const { events } = await sweep(at)
    expect(events[0]?.message).toMatch(/no journal of this machine tells/)
  })

  test("close waits likewise, says so, and ends what comes, of whatever group", async () => {
    const at = rig(SLOW)
    await killed(at)
    const { clock, provider } = at
    const cluster = await clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))
    const notes: string[] = []
    cluster.on("note", ({ message }) => notes.push(message))
    const receipt = await clock.run(cluster.close())
    expect(receipt.instances).toHaveLength(5)
    expect(notes).toEqual([
      expect.stringMatching(
        /closing waits for what a launch call that no journal .* simulated sim-1 \(for \d+ s more\)/,
      ),
    ])
    expect([live(at.world), await later(at)]).toEqual([[], 0])
  })

  test("a close whose time is over before names what may come", async () => {
    const at = rig(SLOW)
    at.world.faults.hang("CreateInstances")
    await killed(at)
    const { clock, provider } = at
    const cluster = await clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))
    const closing = cluster.close({ timeout: "10s" })
    await expect(clock.run(closing)).rejects.toThrow(LeakError)
    await expect(closing).rejects.toThrow(
      "there is still what a launch call that no journal of this machine tells of may still make",
    )
  })
})

describe("muster delete", () => {
  const muster = async ({ clock, provider }: Rig, ...more: readonly string[]) => {
    let [out, said] = ["", ""]
    const line = ["delete", "render", "-p", "aws", "-r", "x", "--yes", "--journal", journal, ...more]
    const surroundings = {
      ...{ env: {}, version: "1", clock, load: () => Promise.resolve(provider), ask: undefined },
      out: (text: string) => {
        out += text
      },
      say: (text: string) => {
        said += text
      },
    }
    return { code: await clock.run(run(line, surroundings)), out, said }
  }

  test("says what it waits for, and 0 when nothing can come any more", async () => {
    const at = rig(SLOW)
    await killed(at)
    const { code, said } = await muster(at)
    expect(code).toBe(EXIT.ok)
    expect(said).toMatch(/removing 0 instances and 2 other things, and what 1 launch call may still make/)
    expect(said).toMatch(/looking for \d+ s more for what may still come of "render": .*; --now skips this/)
    expect(await later(at)).toBe(0)
  })

  test.each([[["--now"]], [["--timeout", "5s"]]])("%j: 5, and it is named", async (flags) => {
    const at = rig(SLOW)
    at.world.faults.hang("CreateInstances")
    await killed(at)
    const { code, out, said } = await muster(at, ...flags)
    expect(code).toBe(EXIT.timeout)
    expect(said).toMatch(/1 are on their way, and may still cost money; run the same again to go on waiting: launch /)
    expect(out).toMatch(/^launch +\w+ .* a launch call for 5/m)
  })
})
