/** A whole Dask cluster of this machine's processes: machines that come and go while it computes. */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, describe, expect, test } from "vitest"
import { local } from "../../../providers/local/index.js"
import { seededRandom } from "../../../src/calls/clock.js"
import { Cluster, type Worker } from "../../../src/index.js"
import { type DaskOptions, dask } from "../../../src/engines/dask/index.js"
import { blocksOf } from "../../docs/blocks.js"
import { folderForEachTest } from "../../support/folder.js"
import { isLong, LONG } from "../../support/long.js"
import { hasDask, PYTHON, WITHOUT } from "./boots.js"
import { alive, endAbruptly, filesWith, killProgram, memoryOf, until } from "./machines.js"

const SEED = 24

const title = `a Dask cluster on this machine${isLong ? (hasDask ? "" : ` (${WITHOUT})`) : ` (${LONG})`}`

describe.skipIf(!isLong || !hasDask)(title, { timeout: 1_200_000 }, () => {
  let folder = ""
  let cluster: Cluster | undefined
  const events: unknown[] = []
  folderForEachTest((path) => {
    folder = path
  })
  afterEach(async () => {
    await cluster?.close()
  })

  function clusterOf(options: DaskOptions, more: object = {}): Cluster {
    const engine = dask({ client: PYTHON, nthreads: 1, ...options })
    const spec = { name: "dask", provider: local({ root: join(folder, "root") }), engine, ...more }
    cluster = new Cluster(spec, { journal: join(folder, "journal") })
    events.length = 0
    cluster.on("*", (event) => void events.push(event))
    return cluster
  }

  /** Runs a program as a client, beside what the test does; what it printed. */
  async function compute(of: Cluster, program: string): Promise<{ readonly answer: Promise<string> }> {
    const client = await of.client()
    let out = ""
    const run = client.run([PYTHON, "-c", program], {
      environment: { FOLDER: folder },
      onOutput: (stream, text) => {
        if (stream === "stdout") out += text
      },
    })
    return { answer: run.then(() => out.trim()).finally(() => client.close()) }
  }

  const begun = () =>
    existsSync(join(folder, "begun")) ? readFileSync(join(folder, "begun"), "utf8").split("\n").length - 1 : 0
  const membersOf = (of: Cluster) => of.workers.filter(({ group, ready }) => group !== "head" && ready)

  test("20 members compute; one is killed and replaced, and the answer is right; nothing is left, and no secret is told", async () => {
    const one = clusterOf({ nanny: false })
    const { ready } = await one.scale(20, { timeout: "10m" })
    expect(ready).toBe(20)
    const [{ code = "" } = {}] = blocksOf("docs/dask.md", "python")
    expect(await (await compute(one, code)).answer).toBe("4950")
    const { answer } = await compute(one, COMPUTE)
    await until("all at work", () => begun() > 60)
    const [victim] = membersOf(one)
    endAbruptly(victim?.name ?? "")
    await until(
      "another in its place",
      () => membersOf(one).length === 20 && membersOf(one).every(({ name }) => name !== victim?.name),
    )
    expect(await answer).toBe("right")
    expect(await (await compute(one, ALL)).answer).toBe("20")

    // It is on the head, in what was sent there, and beside the cluster's key: each for this user alone.
    const token = readToken(folder)
    expect(token).toMatch(/^[0-9a-f]{64}$/)
    expect(JSON.stringify(events)).not.toContain(token)
    expect(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })).not.toContain(token)
    expect(
      filesWith(folder, token).filter((file) => !/\/(keys\/token|sent\/secrets|[^/]*\.engine)$/.test(file)),
    ).toEqual([])

    const names = one.workers.map(({ name }) => name)
    const receipt = await one.close()
    expect(receipt.leaked).toEqual([])
    expect(alive(names)).toEqual([])
    expect(readdirSync(join(folder, "root", "instances"))).toEqual([])
    expect(filesWith(folder, token)).toEqual([])
  })

  test("a smaller cluster in the middle of the work loses no result, and computes none again", async () => {
    const one = clusterOf({ nanny: false })
    await one.scale(8, { timeout: "10m" })
    const { answer } = await compute(one, COMPUTE)
    await until("all at work", () => begun() > 30)
    const { running } = await one.scale(3, { timeout: "10m" })
    expect(running).toBe(3)
    expect(await answer).toBe("right")
    expect(begun()).toBe(600)
    await until("5 gone", () => alive(events.flatMap(nameOfStarted)).length === 4)
  })

  test("its head is lost at ten moments: each time all members come back to another one", async () => {
    const random = seededRandom(SEED)
    // After three in a row a cluster gives up: two for each.
    for (let round = 0; round < 5; round += 1) {
      const one = clusterOf({ nanny: false }, { whenHeadLost: "restart" })
      const scaled = one.scale(4, { timeout: "2m" })
      await until("a head", () => one.workers.some(({ group, state }) => group === "head" && state === "running"))
      await sleep(random() * 5000)
      await loseHead(one, round % 2 === 0)
      expect((await scaled).ready).toBe(4)
      await until("another head", () => headEvents("restarted") === 1)
      expect(await (await compute(one, SUM)).answer).toBe("4 4950")
      await until("all members", () => membersOf(one).length === 4)
      const members = names(membersOf(one))
      await sleep(random() * 2000)
      await loseHead(one, round % 2 === 1)
      await until("a third head", () => headEvents("restarted") === 2)
      expect(await (await compute(one, SUM)).answer).toBe("4 4950")
      await until("all members again", () => membersOf(one).length === 4)
      expect(names(membersOf(one))).toEqual(members)
      expect(headEvents("lost")).toBe(2)
      await one.close()
    }
  })

  /** The scheduler alone, by a fault of its own, or its whole machine. */
  async function loseHead(of: Cluster, isMachine: boolean): Promise<void> {
    const head = of.workers.find(({ group }) => group === "head")?.name ?? ""
    if (isMachine) endAbruptly(head)
    // Its script may not have come to it yet.
    else await until("a scheduler", () => killProgram(head, "dask_scheduler"))
  }

  test("100 members", async () => {
    const one = clusterOf({ nanny: false })
    const begun = performance.now()
    const { ready } = await one.scale(100, { timeout: "15m" })
    const seconds = (performance.now() - begun) / 1000
    const bytes = memoryOf(names(one.workers))
    console.log(`100 members in ${seconds.toFixed(0)} s, ${(bytes / 2 ** 30).toFixed(1)} GiB in all processes`)
    expect(ready).toBe(100)
    const { answer } = await compute(one, SUM)
    expect(await answer).toBe("100 4950")
  })

  const headEvents = (what: string) => events.filter((event) => isHeadEvent(event, what)).length
})

function isHeadEvent(event: unknown, wanted: string): boolean {
  const { type, what } = event as { readonly type: string; readonly what?: string }
  return type === "head" && what === wanted
}

/** Of each worker that was made. */
function nameOfStarted(event: unknown): readonly string[] {
  const { type, to, name = "" } = event as { readonly type: string; readonly to?: string; readonly name?: string }
  return type === "worker" && to === "pending" ? [name] : []
}

function names(workers: readonly Worker[]): readonly string[] {
  return workers.map(({ name }) => name).sort()
}

/** How many members there are, and a sum by one of them. */
const SUM = `
import time
from distributed import Client
with Client(timeout=60) as client:
    for _ in range(3000):
        count = len(client.scheduler_info()["workers"])
        if count in (4, 100):
            break
        time.sleep(0.1)
    print(count, client.submit(sum, range(100)).result())
`

/** The head's own copy. */
function readToken(folder: string): string {
  const root = join(folder, "root", "instances")
  const [head = ""] = readdirSync(root).filter((name) => name.startsWith("head-"))
  return readFileSync(join(root, head, "work/dask/keys/token"), "utf8")
}

/** Each task writes when it begins; all results are held to the end. */
const COMPUTE = `
import os, time
from distributed import Client, wait
here = os.environ["FOLDER"]
def square(i):
    with open(here + "/begun", "a") as file:
        file.write("%d" % i + chr(10))
    time.sleep(0.2)
    return i * i
with Client() as client:
    held = client.map(square, range(600), pure=False)
    wait(held)
    print("right" if sum(client.gather(held)) == sum(i * i for i in range(600)) else "wrong")
`

/** A function that every member runs. */
const ALL = `
from distributed import Client
with Client() as client:
    print(sum(client.run(lambda: 1).values()))
`
