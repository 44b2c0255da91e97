/** Boot timings over a real sshd: the steps of the guest on each cloud's wire, by its own clock, and the command line that shows them. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest"
import { run } from "../../src/cli/run.js"
import { Cluster } from "../../src/cluster.js"
import { type PlaceName, placeOf } from "../guest/world/clouds.js"
import { isLong } from "../support/long.js"
import { noMachines, sshMachines } from "./support/machines.js"

const CLOUDS = ["aws", "gcp", "azure"] as const satisfies readonly PlaceName[]
const missing = await noMachines()

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-boots-"))
  chmodSync(folder, 0o755)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(missing !== undefined || !isLong)(`over ssh${missing === undefined ? "" : ` (${missing})`}`, () => {
  test.each(CLOUDS)("%s: each step, in its order, with what the guest itself counts", async (name) => {
    const place = await placeOf(name, sshMachines())
    onTestFinished(() => place.close())
    const { provider, clock, instanceType, speed } = place
    const spec = {
      ...{ name: "render", provider, instanceType, access: "127.0.0.1/32" },
      ...{ setup: "sleep 2", startup: "exec sleep 100000", ready: { command: "true" } },
    }
    const journal = join(folder, "state", "muster", "journal")
    const cluster = new Cluster(spec as ConstructorParameters<typeof Cluster>[0], { clock, journal })
    onTestFinished(async () => void (await cluster.close().catch(() => {})))
    await cluster.scale(2)
    const { workers, providers } = cluster.bootTimings()
    expect(workers).toHaveLength(2)
    for (const { phases, steps, ms, reachedAt = 0, readyAt = 0 } of workers) {
      const names = phases.map(({ phase }) => phase)
      expect(names.slice(0, 4)).toEqual(["request", "machine", "system", "identity"])
      expect(names.slice(-4)).toEqual(["environment", "setup", "ready", "told"])
      expect(names).toContain("access")
      // Two of the world's seconds are a part of a true one, and a guest counts true time, in hundredths of a second.
      const [before, setup] = steps.slice(-2)
      expect((setup?.atMs ?? 0) - (before?.atMs ?? 0)).toBeGreaterThan(2_000 / speed - 11)
      expect(phases.reduce((sum, one) => sum + one.ms, 0)).toBeCloseTo(ms, 3)
      expect(readyAt).toBeGreaterThanOrEqual(reachedAt)
    }
    expect(providers).toMatchObject([{ ready: 2, booting: 0 }])
    await cluster.close()
    let out = ""
    const surroundings = {
      ...{ version: "1", clock, env: { XDG_STATE_HOME: join(folder, "state") }, columns: 200 },
      load: () => Promise.resolve(provider),
      out: (text: string) => {
        out += text
      },
      say: () => {},
    }
    expect(await run(["boots", "render", "-o", "wide", "--journal", journal], surroundings as never)).toBe(0)
    expect(out).toMatch(/: 2 ready\n.*\n {2}setup +\d/s)
    expect(out.split("\n").filter((line) => / ready +\d/.test(line))).toHaveLength(3)
  })
})
