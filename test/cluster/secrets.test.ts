import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import type { Clock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import type { Provider } from "../../src/provider.js"
import type { World } from "../../src/simulator/index.js"
import { ec2 } from "../aws/support/cloud.js"
import { azureCloud } from "../azure/support/cloud.js"
import { gce } from "../gcp/support/cloud.js"

/** Unmistakable wherever it turns up. */
const PLANTED = "planted-7Qx9"
const secret = (name: string) => `${PLANTED}-${name}`

/** Where secrets live on the machine of whoever launches. */
const VARIABLES = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET", "MY_PASSWORD"]

let directory = ""
let before: NodeJS.ProcessEnv = {}
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "muster-secrets-"))
  before = { ...process.env }
  for (const name of VARIABLES) process.env[name] = secret(name)
})
afterEach(() => {
  process.env = before
  rmSync(directory, { recursive: true, force: true })
})

interface Rehearsal {
  readonly provider: Provider
  readonly clock?: Clock
  readonly run: <T>(work: Promise<T>) => Promise<T>
  readonly instanceType: string
  /** Makes the next launch fail in the cloud's words. */
  readonly spoil?: () => void
}

/** Everything that a cluster says, writes and tags from its first launch to its end, with a failure in between. */
async function traceOf({ provider, clock, run, instanceType, spoil }: Rehearsal): Promise<readonly string[]> {
  const traces: string[] = []
  const keep = (what: unknown) => {
    traces.push(inspect(what, { depth: 20, maxArrayLength: null, maxStringLength: null, getters: true }))
  }
  const write = process.stderr.write.bind(process.stderr)
  process.stderr.write = (text: string | Uint8Array) => traces.push(String(text)) > 0
  const journal = join(directory, "journal")
  const spec = { name: "quiet", provider, instanceType, startup: "exec sleep 60" }
  const cluster = new Cluster(spec, { journal, ...(clock && { clock }) })
  cluster.on("*", keep)
  try {
    keep(await run(cluster.plan(2)).catch((error: unknown) => error))
    keep(await run(cluster.scale(2)))
    spoil?.()
    keep(await run(cluster.scale(3, { timeout: "2m" }).catch((error: unknown) => error)))
    for (const file of filesIn(journal)) traces.push(readFileSync(file, "utf8"))
    keep([cluster, cluster.workers, provider, await run(cluster.audit())])
    keep(await run(cluster.close()))
  } finally {
    process.stderr.write = write
  }
  return traces
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** What the cloud was told, which others who may look at it can read. */
function toldTo(world: World): string {
  const made = world.truth({}).map(({ tags, attributes }) => ({ tags, attributes }))
  return JSON.stringify([made, world.resources.list(), world.ledger.entries])
}

function expectNone(traces: readonly string[]): void {
  expect(traces.length).toBeGreaterThan(10)
  expect(traces.filter((trace) => trace.includes(PLANTED))).toEqual([])
}

describe("no secret in tags, events, errors, output or journal", () => {
  test("aws: the keys of the factory", async () => {
    const credentials = {
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: secret("key"),
      sessionToken: secret("session"),
    }
    const { provider, clock, run, world } = await ec2({ aws: { credentials } })
    const spoil = () => world.faults.fail("RunInstances", { error: "auth", message: "who are you", times: 3 })
    expectNone([...(await traceOf({ provider, clock, run, instanceType: "m7i.large", spoil })), toldTo(world)])
    // Another process of ours is told them, through a pipe.
    expect(JSON.stringify(provider.recipe?.())).toContain(PLANTED)
  })

  test("azure: the token of the credential", async () => {
    const credential = {
      getToken: () => Promise.resolve({ token: secret("token"), expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
    }
    const { provider, clock, run, world } = await azureCloud({ azure: { credential } })
    const spoil = () => world.faults.fail("VirtualMachines_CreateOrUpdate", { error: "auth", message: "no", times: 3 })
    expectNone([...(await traceOf({ provider, clock, run, instanceType: "Standard_D2s_v5", spoil })), toldTo(world)])
  })

  test("gcp: the variables of this machine", async () => {
    const { provider, clock, run, world } = await gce()
    expectNone([...(await traceOf({ provider, clock, run, instanceType: "n2-standard-4" })), toldTo(world)])
  })

  test("local: the variables of this machine, down to the instances' own directories", async () => {
    const root = join(directory, "state")
    const startup = "env > environment.txt; exec sleep 600"
    const cluster = new Cluster(
      { name: "loud", provider: local({ root, graceMs: 100 }), instanceType: "local-1", startup },
      { journal: join(directory, "journal") },
    )
    await cluster.scale(1)
    const files = filesIn(directory).map((file) => readFileSync(file, "utf8"))
    await cluster.close()
    expect(files.length).toBeGreaterThan(3)
    expect(files.filter((text) => text.includes(PLANTED))).toEqual([])
    const provider = local({ root, graceMs: 100 })
    expectNone(await traceOf({ provider, run: (work) => work, instanceType: "local-1" }))
  })
})

test("journal and offers are their owner's alone to read", async () => {
  mkdirSync(join(directory, "given"), { mode: 0o755 })
  const { provider, clock, run } = await ec2()
  const cluster = new Cluster(
    { provider, instanceType: "m7i.large", startup: `echo ${secret("startup")}`, environment: { KEY: secret("key") } },
    { clock, journal: join(directory, "given", "journal") },
  )
  await run(cluster.scale(1))
  await run(clock.sleep(1_000))
  const files = filesIn(join(directory, "given"))
  expect(files.some((file) => file.endsWith(".jsonl"))).toBe(true)
  expect(files.map((file) => (statSync(file).mode & 0o777).toString(8))).toEqual(files.map(() => "600"))
  // The exception, as documented: what the instances are to run must be there to be sent again.
  expect(files.some((file) => /planted|cGxhbnRlZ/.test(readFileSync(file, "utf8")))).toBe(true)
  await run(cluster.close())
})
