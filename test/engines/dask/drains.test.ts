/**
 * A hundred drains, at moments and of members that a seed draws, while a computation goes on that holds results all the time. Each
 * task writes a line when it begins: what is computed twice is seen.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, describe, expect, test } from "vitest"
import { seededRandom } from "../../../src/calls/clock.js"
import { dask } from "../../../src/engines/dask/index.js"
import { folderForEachTest } from "../../support/folder.js"
import { isLong, LONG } from "../../support/long.js"
import { Boots, hasDask, PYTHON, python, WITHOUT } from "./boots.js"

const title = `drains of Dask's workers${isLong ? (hasDask ? "" : ` (${WITHOUT})`) : ` (${LONG})`}`
const DRAINS = 100
const WORKERS = 5
const SEED = 20_240

describe.skipIf(!isLong || !hasDask)(title, { timeout: 1_800_000 }, () => {
  let boots: Boots | undefined
  let folder = ""
  folderForEachTest((path) => {
    folder = path
  })
  afterEach(() => boots?.close())

  test(`${DRAINS} in a running computation: nothing is lost, nothing computed again`, async () => {
    const cluster = new Boots(dask({ client: PYTHON, nanny: false, nthreads: 1 }), folder)
    boots = cluster
    const random = seededRandom(SEED)
    await cluster.startHead()
    let next = 1
    const grow = async (count: number) => {
      await Promise.all(Array.from({ length: count }, () => cluster.startWorker(next++)))
    }
    await grow(WORKERS)
    await cluster.members(WORKERS)
    const environment = { DASK_SCHEDULER_ADDRESS: `tcp://${cluster.addressOf(0)}:8786`, FOLDER: folder }
    const answer = python(COMPUTE, environment)
    await cluster.until("results", async () => ((await cluster.state()).tasks?.memory === undefined ? undefined : true))
    let drained = 0
    while (drained < DRAINS) {
      const { members } = await cluster.members(WORKERS)
      const count = Math.min(1 + Math.floor(random() * 3), DRAINS - drained)
      const names = [...members.map(({ name }) => name)].sort(() => random() - 0.5).slice(0, count)
      await sleep(random() * 200)
      const { signal } = new AbortController()
      const left: string[] = []
      // It may tell of some before the others have left.
      while (left.length < names.length) {
        const rest = names.filter((name) => !left.includes(name))
        left.push(...(await cluster.engine.drain(cluster.head, rest, { deadlineMs: 60_000, signal })))
      }
      expect(left.toSorted()).toEqual(names.toSorted())
      drained += left.length
      cluster.endThose(left)
      await grow(count)
    }
    writeFileSync(join(folder, "stop"), "")
    const [rounds, wrong] = (await answer).split(" ").map(Number)
    const begun = readFileSync(join(folder, "begun"), "utf8").trim().split("\n")
    const twice = begun.length - new Set(begun).size
    console.log(`${drained} drains, ${rounds} rounds, ${begun.length} tasks, ${twice} begun twice`)
    expect({ wrong, twice, drained }).toEqual({ wrong: 0, twice: 0, drained: DRAINS })
  })
})

/** Results of the beginning are held to the end, and every round needs all of them. */
const COMPUTE = `
import os, time
from distributed import Client, wait
here = os.environ["FOLDER"]
def begin(name):
    with open(here + "/begun", "a") as file:
        file.write(name + chr(10))
def base(i):
    begin("base %d" % i)
    time.sleep(0.005)
    return i
def step(x, n):
    begin("step %d %d" % (x, n))
    time.sleep(0.02)
    return x * n
def total(parts, n):
    begin("total %d" % n)
    return sum(parts)
with Client() as client:
    held = client.map(base, range(40), pure=False)
    wait(held)
    rounds = wrong = 0
    while not os.path.exists(here + "/stop"):
        parts = [client.submit(step, x, rounds, pure=False) for x in held]
        wrong += client.submit(total, parts, rounds, pure=False).result() != 780 * rounds
        rounds += 1
    print(rounds, wrong)
`
