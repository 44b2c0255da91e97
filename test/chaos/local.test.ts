import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test as vitest } from "vitest"
import { local } from "../../providers/local/index.js"
import { Cluster } from "../../src/cluster.js"
import { killRepeatedly, killTable } from "./kill.js"
import { type LocalScene, localScene } from "./local.js"

const TARGET = 5
/** Some thirty owner processes start, launch and close. */
const TIMEOUT_MS = 280_000

/** Run by `npm run chaos`: some thirty owner processes, on a machine that has nothing else to do. */
const isAsked = process.env.MUSTER_CHAOS !== undefined
const test = vitest.skipIf(!isAsked)

let scene: LocalScene
beforeAll(async () => {
  if (!isAsked) return
  scene = await localScene()
}, TIMEOUT_MS)
afterAll(() => (isAsked ? scene.end() : undefined), TIMEOUT_MS)

async function expectUnharmed(title: string, kills: number, seed: number, journal: string | false): Promise<void> {
  const rows = await killRepeatedly({ ...scene.options, kills, seed, target: TARGET, journal })
  console.log(killTable(title, rows, TARGET))
  const harm = rows.filter(({ running, duplicates, leaks, touched, problem }) => {
    return running !== TARGET || problem !== undefined || [...duplicates, ...leaks, ...touched].length > 0
  })
  expect(harm).toEqual([])
  expect(new Set(rows.map((row) => row.point.phase))).toEqual(new Set(["scale", "close"]))
}

test(
  "ten owners killed at points of scale and close: the next one finds exactly the target, and ends it all",
  async () => {
    await expectUnharmed("local, with a journal", 10, 1, scene.journal)
  },
  TIMEOUT_MS,
)

test(
  "without a journal: the next one converges from tags alone",
  async () => {
    await expectUnharmed("local, tags alone", 4, 2, false)
  },
  TIMEOUT_MS,
)

test(
  "killed after it marked an instance and before it told the supervisor: the next one does not wait for it",
  async () => {
    const provider = local({ root: scene.root })
    const cluster = new Cluster({ provider, instanceType: "local-1", startup: "exec sleep 600" }, { journal: false })
    await cluster.scale(2)
    const [marked] = cluster.workers
    // A process number that nobody has any more, with the moment at which it began.
    writeFileSync(join(scene.root, "instances", marked?.id ?? "", "terminating"), "1 0")
    const next = await Cluster.attach(cluster.name, { provider }, { journal: false })
    expect(next.workers.map((worker) => worker.state)).toEqual(["running", "running"])
    const receipt = await next.close()
    expect(receipt.leaked).toEqual([])
    await cluster.detach()
  },
  TIMEOUT_MS,
)
