/** A cluster of this machine that is scaled down while it has work: idle workers go first, and busy ones finish. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { Cluster } from "muster-vms"
import { local } from "muster-vms/local"

let root = ""
let cluster: Cluster
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "muster-drain-"))
  const spec = { provider: local({ root: join(root, "local") }), drain: "1m" } as const
  cluster = new Cluster(spec, { journal: join(root, "journal") })
})
afterEach(async () => {
  await cluster.close({ drain: "0s" })
  rmSync(root, { recursive: true, force: true })
})

test("idle workers go first, and busy ones finish what they have", async () => {
  await cluster.scale(3)
  const go = join(root, "go")
  const command = (index: number) => `while [ ! -e '${go}' ]; do sleep 0.1; done; echo ${index}`
  const run = cluster.map([1, 2], { command })
  const all = run.all()
  await expect.poll(() => run.state()).toMatchObject({ running: 2, workers: 3 })
  await cluster.scale(2)
  await expect.poll(() => run.state().workers).toBe(2)
  expect(run.state()).toMatchObject({ running: 2, lost: 0 })
  await cluster.scale(1)
  await expect.poll(() => run.state().slots).toBe(1)
  expect(run.state()).toMatchObject({ running: 2, lost: 0 })
  writeFileSync(go, "")
  expect((await all).map(({ stdout }) => stdout)).toEqual(["1\n", "2\n"])
  expect(run.state()).toMatchObject({ done: 2, lost: 0 })
})
