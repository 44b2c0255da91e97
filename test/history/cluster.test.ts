import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { historyDirectory } from "../../src/history/history.js"
import { readHistory } from "../../src/history/read.js"

let root = ""
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "muster-history-"))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function made(name: string): { readonly cluster: Cluster; readonly journal: string } {
  const journal = join(root, "journal")
  const provider = { local: { root: join(root, "state"), graceMs: 100, prices: { "local-1": 0.5 } } }
  const spec = {
    name,
    provider,
    instanceType: "local-1",
    startup: "exec sleep 600",
    environment: { KEY: "s3cret-value" },
  }
  return { cluster: new Cluster(spec, { journal }), journal }
}

test("a cluster that was closed can be told of, with what it has cost", async () => {
  const { cluster, journal } = made("told")
  await cluster.scale(2)
  await cluster.close()
  const { rows = [], cost, isClosed } = (await readHistory("told", { journal })) ?? {}
  expect(isClosed).toBe(true)
  expect(
    rows.filter((row) => row.type === "worker" && row.to === "running").reduce((sum, { count }) => sum + count, 0),
  ).toBe(2)
  expect(rows.map(({ type }) => type)).toEqual(
    expect.arrayContaining(["target", "plan", "termination-started", "closed"]),
  )
  expect(cost?.soFar).toBeGreaterThan(0)
  expect(JSON.stringify(rows)).not.toContain("s3cret-value")
})

test("one that was let go says so, and whoever takes it over goes on with the same history", async () => {
  const { cluster, journal } = made("passed-on")
  await cluster.scale(1)
  await cluster.detach()
  const before = await readHistory("passed-on", { journal })
  expect(before?.rows.map(({ type }) => type)).toContain("detached")
  expect(before?.isClosed).toBe(false)
  const provider = { local: { root: join(root, "state") } }
  const attached = await Cluster.attach("passed-on", { provider }, { journal })
  await attached.close()
  const after = await readHistory("passed-on", { journal })
  expect({ uid: after?.uid, isClosed: after?.isClosed }).toEqual({ uid: before?.uid, isClosed: true })
  expect(after?.rows.slice(0, before?.rows.length)).toEqual(before?.rows)
})

test("a state directory where nothing can be written is one note, and the cluster does its work", async () => {
  const { cluster, journal } = made("unwritten")
  writeFileSync(historyDirectory(journal), "")
  const notes: string[] = []
  cluster.on("note", ({ message }) => notes.push(message))
  expect((await cluster.scale(1)).running).toBe(1)
  await cluster.close()
  expect(notes.filter((message) => message.includes("history"))).toHaveLength(1)
})
