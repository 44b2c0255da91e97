import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { live, rig, SMALL } from "../support.js"
import { folderForEachTest } from "../../support/folder.js"

let journal = ""
folderForEachTest((path) => {
  journal = path
})

/** A process that dies after its create call for nine was done, and before it heard of it; lists are a minute behind. */
async function crashed() {
  const cloud = rig({ listLagMs: 60_000, limits: { consistencyMs: 120_000 } })
  const { clock, world, cluster: make } = cloud
  world.faults.hang("CreateInstances", 1)
  const dying = make({ name: "render" }, { journal })
  void dying.scale(9).catch(() => {})
  await clock.run(clock.sleep(1_000))
  const [name = ""] = readdirSync(journal)
  const path = join(journal, name)
  const asItWas = readFileSync(path, "utf8")
  // The world made them when it was asked; only the answer never came.
  await clock.run(dying.detach())
  writeFileSync(path, asItWas)
  const creates = () => world.ledger.of("CreateInstances")
  return { ...cloud, creates }
}

test("a restart sends the open launch call again, as it was, before it launches anything else", async () => {
  const { clock, world, provider, cluster: make, creates } = await crashed()
  const before = creates().length
  const again = make({ name: "render", existing: "connect" }, { journal })
  const answers: string[] = []
  again.on("launch-ended", ({ outcome, made }) =>
    answers.push(`${outcome} ${made} before ${creates().length - before}`),
  )
  expect(await clock.run(again.scale(12))).toMatchObject({ running: 12 })
  const sent = creates().map(({ parameters }) => JSON.stringify(parameters))
  expect(sent[before]).toBe(sent[0])
  // Its answer was there before the other three were asked for.
  expect(answers).toEqual(["settled 9 before 1", "settled 3 before 2"])
  expect(world.truth({})).toHaveLength(12)
  await clock.run(again.close())
  expect(live(world)).toEqual([])
  expect(provider.name).toBe("simulated")
})

test("at zero what is of unknown outcome is swept to the end of the cloud's window, and never sent again", async () => {
  const { clock, world, provider, creates } = await crashed()
  const before = creates().length
  const spec = { provider, instanceType: SMALL }
  const again = await clock.run(Cluster.attach("render", spec, { clock, journal }))
  await clock.run(again.scale(0))
  await clock.run(again.close())
  expect(creates()).toHaveLength(before)
  expect(live(world)).toEqual([])
  expect(readdirSync(journal)).toEqual([])
})
