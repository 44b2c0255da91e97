/** `muster doctor --live` as a process of its own, which is told to end, or killed, in the middle: nothing stays. */
import { mkdtempSync, readdirSync } from "node:fs"
import { rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { local } from "../../../providers/local/index.js"
import { systemClock } from "../../../src/calls/clock.js"
import { EXIT } from "../../../src/cli/exit-codes.js"
import { bareCalls } from "../../../src/calls/send.js"
import { type WiredCloud, type Wire, WIRES } from "../../chaos/wires.js"
import { flagsFor, type Running, startMuster } from "../../cli/bin.js"
import { until } from "../../support/children.js"
import { isLong } from "../../support/long.js"
import { loginFor } from "../../wire/login.js"

/** Several processes start one after the other, on a machine that may be busy. */
const PATIENCE_MS = 400_000
const QUICK = { requestMs: 5, createMs: 10, bootMs: 300, stopMs: 300 } as const

let directory = ""
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "muster-live-"))
})
// Guests that end are still writing there. (`rmSync` does not look again for what has come since it read a directory.)
afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))

interface Scene {
  /** Names of what lives. */
  readonly living: () => Promise<readonly string[]>
  readonly walk: () => Running
  readonly sweep: (name: string) => Promise<string>
}

function sceneOf(flags: readonly string[], env: NodeJS.ProcessEnv, living: Scene["living"]): Scene {
  const own = { HOME: directory, XDG_STATE_HOME: join(directory, "state"), ...env }
  return {
    living,
    walk: () => startMuster(["doctor", "--live", "--yes", "--report", join(directory, "reports"), ...flags], own),
    sweep: async (name) => {
      const { code, out, said } = await startMuster(["sweep", "--name", name, "--now", "--yes", ...flags], own).ended
      expect(code, said).toBe(0)
      return out
    },
  }
}

function hereScene(): Scene {
  const root = join(directory, "root")
  const living = async () => {
    const calls = bareCalls({ clock: systemClock })
    return (await local({ root }).list({ states: ["pending", "running"] }, calls)).map(({ id }) => id)
  }
  return sceneOf(["--provider", "local", "--option", `root=${root}`, "--option", "graceMs:=50"], {}, living)
}

async function onWire(cloud: WiredCloud, check: (scene: Scene, wire: Wire) => Promise<void>): Promise<void> {
  const wire = await WIRES[cloud]({ clock: systemClock, listLagMs: 0, latency: QUICK })
  const login = await loginFor(cloud, wire.place.options)
  const living = () =>
    Promise.resolve(wire.world.truth({ states: ["pending", "running", "stopped"] }).map(({ id }) => id))
  try {
    // The wire of Compute Engine sells, and tells no prices.
    const prices = cloud === "gcp" ? { prices: { "e2-small": { "on-demand": 0.02, spot: 0.01 } } } : {}
    await check(sceneOf(flagsFor(cloud, { ...wire.place.options, ...prices }), login.env, living), wire)
  } finally {
    await Promise.all([wire.close(), login.close()])
  }
}

/** The walk at the moment when three machines live, and the name of its cluster. */
async function atThree({ walk, living }: Scene): Promise<{ readonly running: Running; readonly name: () => string }> {
  const running = walk()
  let name = ""
  void running.ended.then(({ said }) => {
    name = /doctor-[0-9a-f]{6}/.exec(said)?.[0] ?? ""
  })
  await running.says("batch: 3 machines")
  await until(async () => (await living()).length === 3)
  return { running, name: () => name }
}

async function isInterrupted(scene: Scene, signal: "SIGINT" | "SIGHUP" = "SIGINT"): Promise<void> {
  const { running } = await atThree(scene)
  running.signal(signal)
  // The shell of a terminal that is closed, and the kernel, may both send theirs.
  if (signal === "SIGHUP") await running.says("ending what was made").then(() => running.signal(signal))
  const { code, out, said } = await running.ended
  expect([code, await scene.living()], said).toEqual([EXIT[signal], []])
  expect(said).toMatch(/ending what was made[\s\S]*not carried out: SIG[A-Z]+: stopped[\s\S]*; nothing is left\n$/)
  expect(out).toMatch(/^VERDICT/)
  expect(readdirSync(join(directory, "reports"))).toHaveLength(2)
  expect(readdirSync(join(directory, "state", "muster", "journal"))).toEqual([])
}

async function isKilled(scene: Scene): Promise<void> {
  const { running, name } = await atThree(scene)
  running.signal("SIGKILL")
  await running.ended
  expect(await scene.living()).toHaveLength(3)
  expect(await scene.sweep(name())).toMatch(/\ninstance /)
  expect(await scene.living()).toEqual([])
}

describe.runIf(isLong)("on this machine", () => {
  test("Ctrl-C ends what was made, and leaves a report", () => isInterrupted(hereScene()), PATIENCE_MS)

  test("a terminal that is closed does the same", () => isInterrupted(hereScene(), "SIGHUP"), PATIENCE_MS)

  test("after kill -9 a sweep by its name ends what was made", () => isKilled(hereScene()), PATIENCE_MS)

  test(
    "after kill -9 the machines' own deadlines end them",
    async () => {
      const scene = hereScene()
      const { running } = await atThree(scene)
      running.signal("SIGKILL")
      await running.ended
      await until(async () => (await scene.living()).length === 0)
    },
    PATIENCE_MS,
  )
})

describe.runIf(isLong).each(["aws", "gcp", "azure"] as const)("on %s", (cloud) => {
  // Nothing of it is this cloud's own but the time that it takes: one row is enough.
  test.runIf(cloud === "aws")(
    "Ctrl-C ends what was made, and leaves a report",
    () => onWire(cloud, (scene) => isInterrupted(scene)),
    PATIENCE_MS,
  )

  test(
    "after kill -9 a sweep by its name ends what was made",
    () =>
      onWire(cloud, async (scene, { things }) => {
        await isKilled(scene)
        // EC2 goes on telling of fleets that have made all that they were for.
        const own = () => things().filter(({ kind, tags }) => kind !== "fleet" && tags["muster-cluster"] !== undefined)
        // Azure goes on removing a resource group that it was told to.
        await until(() => Promise.resolve(own().length === 0))
      }),
    PATIENCE_MS,
  )
})
