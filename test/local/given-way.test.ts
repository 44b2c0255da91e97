/** Giving way: who took a cluster over, and has launched nothing, does not bring back what somebody else has deleted. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { Cluster } from "../../src/cluster.js"

let root = ""
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "muster-given-way-"))
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

test("after a delete the one that holds it launches nothing, and says why", async () => {
  const provider = local({ root: join(root, "state") })
  const journal = join(root, "journal")
  const spec = { name: "ours", provider, instanceType: "local-1", startup: "exec sleep 600" } as const
  const first = new Cluster(spec, { journal })
  await first.scale(2)
  await first.detach()
  const second = new Cluster({ ...spec, existing: "connect" }, { journal })
  try {
    expect(await second.scale(2)).toMatchObject({ running: 2 })
    const next = new Promise<string>((resolve) => {
      second.on("launch-started", () => resolve("launched"))
      second.on("problem", ({ message }) => resolve(message))
    })
    const rows = await Cluster.sweep({ provider, name: "ours" }, { journal })
    expect(rows.every(({ removed }) => removed)).toBe(true)
    // By what it sees first: that all has gone and its claim too, or the claim of whoever deletes.
    expect(await next).toMatch(/the target is now 0|another process took it over/)
    expect(await Cluster.list({ provider })).toHaveLength(0)
  } finally {
    // It may have lost the cluster by then.
    await second.close().catch(() => {})
  }
})
