/** Dask itself, started on this machine by the very scripts that head and workers run. */
import { existsSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { certificateFiles, makeCertificates } from "../../../src/engines/dask/certificates.js"
import { type DaskOptions, dask } from "../../../src/engines/dask/index.js"
import { AuthError, TransientError } from "../../../src/errors.js"
import { folderForEachTest } from "../../support/folder.js"
import { isLong, LONG } from "../../support/long.js"
import { Boots, hasDask, PYTHON, python, WITHOUT } from "./boots.js"

const title = `Dask by its scripts${isLong ? (hasDask ? "" : ` (${WITHOUT})`) : ` (${LONG})`}`

describe.skipIf(!isLong || !hasDask)(title, { timeout: 900_000 }, () => {
  let boots: Boots
  let folder = ""
  folderForEachTest((path) => {
    folder = path
  })
  beforeEach(() => {
    boots = bootsOf({})
  })
  afterEach(() => boots.close())

  function bootsOf(options: DaskOptions): Boots {
    boots = new Boots(dask({ client: PYTHON, ...options }), folder)
    return boots
  }

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
      deadlineMs: 120_000,
      signal: AbortSignal.timeout(240_000),
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

  test.each([true, false])("at SIGTERM what a worker holds is moved before it ends (nanny: %s)", async (nanny) => {
    const cluster = bootsOf({ nanny })
    await cluster.startHead()
    const workers = await Promise.all([1, 2].map((number) => cluster.startWorker(number)))
    await cluster.members(2)
    const environment = { DASK_SCHEDULER_ADDRESS: `tcp://${cluster.addressOf(0)}:8786`, COUNTED: `${folder}/counted` }
    const answer = python(HOLD, environment)
    await cluster.until("results", async () => ((await cluster.state()).tasks?.memory === 60 ? true : undefined))
    workers[0]?.kill("SIGTERM")
    expect(await workers[0]?.ended).toBe(143)
    expect(await answer).toBe("70210 60")
    expect((await cluster.state()).members.map(({ name }) => name)).toEqual(["default-2"])
  })

  test("tls: workers and clients with the cluster's keys join, others do not, and the keys go with the head", async () => {
    const cluster = bootsOf({ tls: true, nanny: false })
    const head = await cluster.startHead()
    const worker = await cluster.startWorker(1)
    await cluster.members(1)
    const ports = { scheduler: 8786, dashboard: 8787 }
    const { environment, address } = await cluster.engine.client(cluster.head, ports)
    const there = { DASK_SCHEDULER_ADDRESS: address.replace("127.0.0.1", cluster.addressOf(0)) }
    expect(await python(ADD, { ...environment, ...there })).toBe("3")
    const plain = { DASK_SCHEDULER_ADDRESS: there.DASK_SCHEDULER_ADDRESS.replace("tls", "tcp") }
    expect(await python(REFUSED, plain)).toBe("refused")
    expect(await python(REFUSED, { ...(await otherKeys()), ...there })).toBe("refused")
    const file = environment.DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY ?? ""
    expect(statSync(file).mode & 0o777).toBe(0o600)
    for (const { directory } of [head, worker])
      expect(statSync(join(directory, "dask", "keys")).mode & 0o777).toBe(0o700)
    // The worker's own shell is begun with its secrets; what it starts is not.
    const seen = [head, worker].map((boot, at) =>
      python(ENVIRONMENT, { PID: String(boot.process.pid), FROM: String(at) }),
    )
    expect(await Promise.all(seen)).toEqual(["1 False", "1 False"])
    await cluster.close()
    expect(existsSync(file)).toBe(false)
  })

  async function otherKeys(): Promise<Record<string, string>> {
    const files = certificateFiles(await makeCertificates())
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    return {
      DASK_DISTRIBUTED__COMM__TLS__CA_FILE: join(folder, "ca.pem"),
      DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT: join(folder, "cert.pem"),
      DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY: join(folder, "key.pem"),
    }
  }
})

const ADD = `
from distributed import Client
with Client(timeout=30) as client:
    print(client.submit(lambda: 1 + 2).result())
`

const REFUSED = `
import logging
from distributed import Client
logging.disable(logging.CRITICAL)
try:
    Client(timeout=2)
    print("let in")
except Exception:
    print("refused")
`

/** Whether a process, or one of its children, has a key of the cluster in its environment or arguments. */
const ENVIRONMENT = `
import os
def family(pid):
    yield pid
    for child in open("/proc/%d/task/%d/children" % (pid, pid)).read().split():
        yield from family(int(child))
def text(pid):
    return b"".join(open("/proc/%d/%s" % (pid, name), "rb").read() for name in ("environ", "cmdline"))
looked = list(family(int(os.environ["PID"])))[int(os.environ["FROM"]):]
print(len(looked), any(b"ENGINE_T" in text(pid) for pid in looked))
`

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
