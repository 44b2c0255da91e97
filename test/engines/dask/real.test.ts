/** Dask itself, started on this machine by the very scripts that head and workers run. */
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { dask } from "../../../src/engines/dask/index.js"
import { AuthError, TransientError } from "../../../src/errors.js"
import { folderForEachTest } from "../../support/folder.js"
import { isLong, LONG } from "../../support/long.js"
import { Boots, hasDask, PYTHON, python, WITHOUT } from "./boots.js"

const title = `Dask by its scripts${isLong ? (hasDask ? "" : ` (${WITHOUT})`) : ` (${LONG})`}`

describe.skipIf(!isLong || !hasDask)(title, { timeout: 120_000 }, () => {
  let boots: Boots
  let folder = ""
  folderForEachTest((path) => {
    folder = path
  })
  beforeEach(() => {
    boots = new Boots(dask({ client: PYTHON }), folder)
  })
  afterEach(() => boots.close())

  test("workers join under their names, and the head tells of them in one answer", async () => {
    await boots.startHead()
    await Promise.all([1, 2].map((number) => boots.startWorker(number)))
    const { members, demand, tasks } = await boots.members(2)
    expect(members.map(({ name }) => name).sort()).toEqual(["default-1", "default-2"])
    expect(members.every(({ isIdle, heldBytes }) => isIdle && heldBytes === 0)).toBe(true)
    expect({ demand, tasks }).toEqual({ demand: 0, tasks: {} })
  })

  test("a wrong token is told from a head that is not there", async () => {
    await boots.startHead()
    await boots.members(0)
    const wrong = { ...boots.head, secret: async () => "wrong" }
    await expect(boots.engine.state(wrong)).rejects.toThrow(AuthError)
    const elsewhere = { ...boots.head, reach: async () => ({ host: boots.addressOf(9), port: 8787 }) }
    await expect(boots.engine.state(elsewhere)).rejects.toThrow(TransientError)
  })

  test("members that are drained give away what they hold, and come back no more", async () => {
    await boots.startHead()
    const workers = await Promise.all([1, 2, 3].map((number) => boots.startWorker(number)))
    await boots.members(3)
    const counted = `${folder}/counted`
    const answer = python(HOLD, { DASK_SCHEDULER_ADDRESS: `tcp://${boots.addressOf(0)}:8786`, COUNTED: counted })
    await boots.until("results that are held", async () =>
      (await boots.state()).tasks?.memory === 60 ? true : undefined,
    )
    const names = ["default-1", "default-2"]
    const left = await boots.engine.drain(boots.head, names, {
      deadlineMs: 30_000,
      signal: AbortSignal.timeout(60_000),
    })
    expect([...left].sort()).toEqual(names)
    const { members } = await boots.state()
    expect(members.map(({ name }) => name)).toEqual(["default-3"])
    expect(members[0]?.heldBytes).toBeGreaterThan(0)
    expect(await answer).toBe("70210 60")
    await boots.until("that they know", async () =>
      workers.slice(0, 2).every((worker) => worker.log().includes("told to leave")) ? true : undefined,
    )
  })
})

/** Holds its results until others have left, then adds them up. What was computed is counted, each time. */
const HOLD = `
import os, time
from distributed import Client, wait
counted = os.environ["COUNTED"]
def f(i):
    with open(counted, "a") as file:
        file.write("x")
    return i * i
with Client() as client:
    held = client.map(f, range(60), pure=False)
    wait(held)
    while len(client.scheduler_info()["workers"]) > 1:
        time.sleep(0.05)
    print(sum(client.gather(held)), os.path.getsize(counted))
`
