import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import type { Provider } from "../../src/provider.js"
import { rig, SMALL } from "../cluster/support.js"

test("a key that stayed here when its cluster was ended elsewhere is left over: audit shows it, a sweep by name removes it", async () => {
  const { provider, clock } = rig()
  const keyed: Provider = { ...provider, limits: { ...provider.limits, takesKeys: true } }
  const journal = mkdtempSync(join(tmpdir(), "muster-key-"))
  onTestFinished(() => rmSync(journal, { recursive: true, force: true }))
  const cluster = new Cluster({ name: "render", provider: keyed, instanceType: SMALL }, { clock, journal })
  await clock.run(cluster.scale(1))
  await clock.run(cluster.detach())
  const here = new Cluster({ name: "render", provider: keyed, instanceType: SMALL }, { clock, journal })
  const kinds = async () => (await clock.run(here.audit())).map(({ kind }) => kind)
  expect(await kinds()).toEqual(["instance", "claim", "template"])
  const sweep = { provider: keyed, name: "render" } as const
  await clock.run(Cluster.sweep(sweep, { clock, journal: false }))
  // The process that made it lives.
  expect(await kinds()).toEqual([])
  for (const name of readdirSync(journal).filter((one) => one.endsWith(".jsonl"))) {
    const text = readFileSync(join(journal, name), "utf8")
    expect(text).toContain(`"pid":${process.pid}`)
    writeFileSync(join(journal, name), text.replace(`"pid":${process.pid}`, `"pid":${2 ** 22 - 1}`))
  }
  const [key] = await clock.run(here.audit())
  expect(key).toMatchObject({ kind: "key", place: "this machine", cluster: "render" })
  expect(key?.id).toMatch(/\/render\..*\.key$/)
  await clock.run(Cluster.sweep(sweep, { clock, journal }))
  expect(await kinds()).toEqual([])
  expect(readdirSync(journal).filter((one) => one.endsWith(".key"))).toEqual([])
})
