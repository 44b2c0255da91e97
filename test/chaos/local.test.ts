import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { Cluster } from "../../src/cluster.js"
import { expectUnharmed, KILLS_TIMEOUT_MS } from "./expect.js"
import { type LocalScene, localScene } from "./local.js"

const TARGET = 5

let scene: LocalScene
beforeAll(async () => {
  scene = await localScene()
}, KILLS_TIMEOUT_MS)
afterAll(() => scene.end(), KILLS_TIMEOUT_MS)

test(
  "three owners killed while they scale and close: the next one finds exactly the target, and ends it all",
  () => expectUnharmed("local", { ...scene.options, target: TARGET, journal: scene.journal, kills: 3, seed: 1 }),
  KILLS_TIMEOUT_MS,
)

test(
  "without a journal: the next one converges from tags alone",
  () => expectUnharmed("local, tags alone", { ...scene.options, target: TARGET, journal: false, kills: 2, seed: 2 }),
  KILLS_TIMEOUT_MS,
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
  KILLS_TIMEOUT_MS,
)
