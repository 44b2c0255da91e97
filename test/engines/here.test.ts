/** The toy engine on this machine, by real processes: its head is killed in the middle of work. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { runLines, toyEngine } from "../../examples/support/toy-engine.js"
import { local } from "../../providers/local/index.js"
import { Cluster } from "../../src/cluster.js"
import { HeadLostError } from "../../src/errors.js"
import type { ClusterEvent, EventOf } from "../../src/events.js"
import type { ClusterFields } from "../../src/spec.js"
import { isLong, LONG } from "../support/long.js"
import { freePort } from "./support/port.js"

let folder: string
let cluster: Cluster | undefined
let events: ClusterEvent[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-here-"))
  events = []
})
afterEach(async () => {
  await cluster?.close()
  cluster = undefined
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

async function clusterOf(fields: Partial<ClusterFields>): Promise<Cluster> {
  const provider = local({ root: join(folder, "root"), graceMs: 500 })
  const engine = toyEngine({ port: await freePort() })
  const spec = { name: "toy", provider, engine, drain: "0s", ...fields }
  const made = new Cluster(spec as ConstructorParameters<typeof Cluster>[0], { journal: join(folder, "journal") })
  made.on("*", (event) => void events.push(event))
  cluster = made
  return made
}

const heads = () => events.filter((event): event is EventOf<"head"> => event.type === "head")

/** Kills what the head runs, and not its machine. */
function killScheduler({ workers }: Cluster): void {
  const { name } = workers.find(({ group }) => group === "head") ?? { name: "?" }
  const found = readdirSync("/proc").filter((pid) => {
    try {
      const isNode = /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("node\0")
      return isNode && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`MUSTER_NAME=${name}\0`)
    } catch {
      return false
    }
  })
  expect(found).toHaveLength(1)
  process.kill(Number(found[0]), "SIGKILL")
}

test.skipIf(!isLong)(`with restart the workers that there are join another head (${LONG})`, async () => {
  const made = await clusterOf({ whenHeadLost: "restart" })
  expect(await made.scale(3)).toMatchObject({ ready: 3 })
  const client = await made.client()
  expect(await runLines(client, ["echo 1"])).toEqual(["1\n"])
  const before = made.workers.map(({ name }) => name)
  killScheduler(made)
  await vi.waitFor(() => expect(heads().map(({ what }) => what)).toEqual(["lost", "restarted"]), 100_000)
  expect(heads()[0]).toMatchObject({ action: "restart" })
  await vi.waitFor(async () => expect(await runLines(client, ["echo 1", "echo 2", "echo 3"])).toHaveLength(3), 100_000)
  // None was replaced.
  const workers = made.workers.filter(({ group, state }) => group !== "head" && state === "running")
  expect(workers.map(({ name }) => before.includes(name))).toEqual([true, true, true])
  const { instances, leaked } = await made.close()
  expect([instances.length, leaked]).toEqual([5, []])
  expect(readdirSync(join(folder, "journal")).filter((name) => name.startsWith("toy."))).toEqual([])
})

test.skipIf(!isLong)(
  `with close all is ended, and callers are told how its scheduler has ended (${LONG})`,
  async () => {
    const made = await clusterOf({ setup: "echo preparing" })
    await made.scale(2)
    const client = await made.client()
    const lines = runLines(client, ["sleep 100"]).catch((error: unknown) => error)
    killScheduler(made)
    await vi.waitFor(() => expect(events.some(({ type }) => type === "closed")).toBe(true), 100_000)
    expect(heads()).toMatchObject([{ what: "lost", action: "close" }])
    await expect(made.scale(2)).rejects.toThrow(HeadLostError)
    await expect(made.scale(2)).rejects.toThrow(
      /startup has ended with exit code 137; the last that it has written:\n.*preparing/s,
    )
    await expect(made.client()).rejects.toThrow(HeadLostError)
    expect(await lines).toBeInstanceOf(Error)
    expect((await made.close()).leaked).toEqual([])
    const instances = join(folder, "root", "instances")
    expect(existsSync(instances) ? readdirSync(instances) : []).toEqual([])
  },
)
