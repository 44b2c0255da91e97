/** Boot timings of real processes of this machine, by the process that launched them and by another one. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { local } from "../../../providers/local/index.js"
import { Cluster } from "../../../src/cluster.js"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-boots-"))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

test("the guest's own steps are known here, and to who comes later", async () => {
  const provider = () => local({ root: join(folder, "root"), graceMs: 500 })
  const spec = { name: "boots", setup: "sleep 0.3", startup: "exec sleep 100000", ready: { command: "true" } } as const
  const owner = new Cluster({ ...spec, provider: provider() }, { journal: false })
  try {
    await owner.scale(1)
    const [made] = owner.bootTimings().workers
    const names = made?.phases.map(({ phase }) => phase)
    expect(names).toEqual(["request", "machine", "system", "identity", "environment", "setup", "ready", "told"])
    const setup = made?.phases.find(({ phase }) => phase === "setup")?.ms ?? 0
    expect(setup).toBeGreaterThanOrEqual(300)
    const watcher = await Cluster.attach("boots", { provider: provider(), takeOver: false }, { journal: false })
    try {
      await vi.waitFor(() => expect(watcher.bootTimings().workers).toHaveLength(1), 60_000)
      const [seen] = watcher.bootTimings().workers
      expect(seen).toMatchObject({ name: made?.name, outcome: "ready" })
      expect(seen?.phases.map(({ phase }) => phase)).toEqual(["machine", "identity", "environment", "setup", "ready"])
      expect(seen?.phases.find(({ phase }) => phase === "setup")?.ms).toBeCloseTo(setup, -1)
    } finally {
      await watcher.detach()
    }
  } finally {
    await owner.close()
  }
})
