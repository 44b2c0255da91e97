/** Giving way: who took a cluster over, and has launched nothing, does not bring back what somebody else has deleted. */
import { join } from "node:path"
import { expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { systemClock } from "../../src/calls/clock.js"
import { bareCalls } from "../../src/calls/send.js"
import { Cluster } from "../../src/cluster.js"
import { nursery } from "../support/children.js"
import { folderForEachTest } from "../support/folder.js"
import { isLong } from "../support/long.js"

const { directory, start, livingIds } = nursery()

let root = ""
folderForEachTest((path) => {
  root = path
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
    // By what it sees first: that all has gone and its claim too, the claim of whoever deletes while something is left, or that claim
    // when it would replace what has gone.
    expect(await next).toMatch(/the target is now 0|another process took it over|it is held by process/)
    expect(await Cluster.list({ provider })).toHaveLength(0)
  } finally {
    // It may have lost the cluster by then.
    await second.close().catch(() => {})
  }
})

/** An owner in a process of its own, idle with two workers, that says what it hears and closes when it is told to. */
const owner = (root: string) => `
  import { Cluster } from "muster-vms"
  import { local } from "muster-vms/local"
  const spec = { name: "ours", provider: local({ root: ${JSON.stringify(root)}, graceMs: 0 }), instanceType: "local-1", startup: "exec sleep 600" }
  const cluster = new Cluster(spec, { journal: false })
  cluster.on("launch-started", () => console.log("launched"))
  cluster.on("problem", ({ message }) => console.log("problem " + message))
  process.once("SIGTERM", async () => {
    console.log(String(cluster.explain()))
    console.log(String(await cluster.close()))
    clearInterval(alive)
  })
  const alive = setInterval(() => {}, 60_000)
  await cluster.scale(2)
  console.log("ready")
`

// The first waits for what it does not do, ten seconds long.
test.each([...(isLong ? [["its instances alone", false] as const] : []), ["all of it", true]] as const)(
  "an owner whose cluster another process has deleted (%s) says so once, launches nothing and closes",
  async (_what, isAll) => {
    const provider = local({ root: directory(), graceMs: 0 })
    const child = start(owner(directory()))
    await child.says("ready")
    const calls = bareCalls({ clock: systemClock })
    if (isAll) await Cluster.sweep({ provider, name: "ours" }, { journal: false })
    else await provider.terminate(await provider.list({ cluster: "ours" }, calls), calls)
    await child.says("problem")
    child.signal("SIGTERM")
    expect(await child.ended).toEqual({ code: 0, signal: null })
    const said = child.out().split("\n")
    expect(said.filter((line) => line === "launched")).toHaveLength(1)
    expect(said.filter((line) => line.startsWith("problem somebody deleted it: "))).toHaveLength(1)
    expect(child.out()).toContain("stopped until the next scale: somebody deleted it: ")
    expect(child.out()).toContain('receipt of "ours": nothing is left')
    expect(await livingIds()).toEqual([])
  },
)
