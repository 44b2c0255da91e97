import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { gunzipSync } from "node:zlib"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { local } from "../../providers/local/index.js"
import { type Clock, systemClock } from "../../src/calls/clock.js"
import { run as runMuster } from "../../src/cli/run.js"
import { Cluster } from "../../src/cluster.js"
import { RejectedError } from "../../src/errors.js"
import type { Instance, Provider } from "../../src/provider.js"
import type { World } from "../../src/simulator/index.js"
import { ec2 } from "../aws/support/cloud.js"
import { azureCloud } from "../azure/support/cloud.js"
import { gce } from "../gcp/support/cloud.js"
import { rig, SMALL } from "./support.js"
import { folderForEachTest } from "../support/folder.js"

/** Unmistakable wherever it turns up. */
const PLANTED = "planted-7Qx9"
const secret = (name: string) => `${PLANTED}-${name}`

/** Where secrets live on the machine of whoever launches. */
const VARIABLES = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET", "MY_PASSWORD"]

let directory = ""
folderForEachTest((path) => {
  directory = path
})
beforeEach(() => {
  for (const name of VARIABLES) vi.stubEnv(name, secret(name))
})
afterEach(() => {
  vi.unstubAllEnvs()
})

interface Rehearsal {
  readonly provider: Provider
  readonly clock?: Clock
  readonly run: <T>(work: Promise<T>) => Promise<T>
  readonly instanceType: string
  /** Makes the next launch fail in the cloud's words. */
  readonly spoil?: () => void
  readonly startup?: string
}

/** Where something could be said that nobody should hear. */
const SPOKEN = [
  "plan",
  "plan's text",
  "events",
  "errors",
  "explain",
  "workers",
  "audit",
  "receipt",
  "output",
  "journal",
  "cluster",
  "provider",
  "command line",
] as const
type Trace = Readonly<Record<(typeof SPOKEN)[number], string[]>>

/** As a person sees it who prints it, and as a program that sends it on. */
function printed(what: unknown): string {
  const seen = inspect(what, { depth: 20, maxArrayLength: null, maxStringLength: null, getters: true })
  return `${seen}\n${String(what)}`
}

/** Everything that a cluster says, writes and shows from its first launch to its end, with a failure in between. */
async function traceOf(rehearsal: Rehearsal): Promise<Trace> {
  const { provider, clock, run, instanceType, spoil, startup = "exec sleep 60" } = rehearsal
  const trace = Object.fromEntries(SPOKEN.map((place) => [place, [] as string[]])) as unknown as Trace
  const keep = (place: keyof Trace, what: unknown) => void trace[place].push(printed(what))
  const attempt = <T>(work: Promise<T>) => run(work.catch((error: unknown) => void keep("errors", error)))
  const { write } = process.stderr
  process.stderr.write = (text: string | Uint8Array) => trace.output.push(String(text)) > 0
  const journal = join(directory, "journal")
  const cluster = new Cluster({ name: "quiet", provider, instanceType, startup }, { journal, ...(clock && { clock }) })
  cluster.on("*", (event) => keep("events", event))
  try {
    const plan = await attempt(cluster.plan(2))
    keep("plan", plan)
    trace["plan's text"].push(String(plan))
    await attempt(cluster.scale(2))
    spoil?.()
    await attempt(cluster.scale(3, { timeout: "2m" }))
    keep("explain", [cluster.explain(), String(cluster.explain())])
    for (const file of filesIn(directory)) trace.journal.push(readFileSync(file, "utf8"))
    keep("workers", cluster.workers)
    keep("cluster", cluster)
    keep("provider", [provider, JSON.stringify(provider)])
    keep("audit", await attempt(cluster.audit()))
    for (const line of ["list --json", "sweep --name quiet --dry-run", "sweep --name quiet --dry-run --json"])
      trace["command line"].push(await said(line, rehearsal))
    keep("receipt", await attempt(cluster.close()))
  } finally {
    process.stderr.write = write
  }
  return trace
}

/** What the command line writes, to its output and beside it. */
async function said(line: string, { provider, clock = systemClock, run }: Rehearsal): Promise<string> {
  let text = ""
  const write = (part: string) => {
    text += part
  }
  const load = () => Promise.resolve(provider)
  const surroundings = { env: {}, version: "1", clock, load, out: write, say: write, ask: undefined }
  await run(runMuster([...line.split(" "), "-p", "aws", "-r", provider.region], surroundings))
  return text
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** What the cloud was told, which others who may look at it can read: as it was sent, and with what is packed in it. */
function toldTo(world: World): string {
  const made = world.truth({}).map(({ tags, attributes }) => ({ tags, attributes }))
  const text = JSON.stringify([made, world.resources.list(), world.ledger.entries])
  return [text, ...unpacked(text)].join("\n")
}

/** User data and metadata are base64, and long ones gzip in it; what is in those may be base64 again. */
function unpacked(text: string, depth = 3): readonly string[] {
  if (depth === 0) return []
  const words = text.match(/[A-Za-z0-9+/]{24,}={0,2}/g) ?? []
  const opened = [...new Set(words)].map((word) => {
    const bytes = Buffer.from(word, "base64")
    return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("latin1")
  })
  return opened.flatMap((inner) => [inner, ...unpacked(inner, depth - 1)])
}

/** The places in which something planted is. */
function placesWith(trace: Readonly<Record<string, readonly string[]>>, planted = PLANTED): readonly string[] {
  return Object.keys(trace).filter((place) => trace[place]?.some((text) => text.includes(planted)))
}

/** Nothing planted anywhere, in places all of which have spoken: one that says nothing shows nothing. */
function expectNone(trace: Trace, told: string | undefined): void {
  const silent = SPOKEN.filter((place) => trace[place].length === 0 && place !== "output" && place !== "errors")
  expect(silent).toEqual([])
  expect(told).not.toBe("")
  expect(placesWith({ ...trace, cloud: [told ?? ""] })).toEqual([])
}

/** Mistakes that could be made, and the places in which each must be found: else the search above would find nothing either. */
describe("the search finds what is planted on purpose", () => {
  const words = `${PLANTED}-mistake`

  /** A provider with one mistake in it. */
  async function withMistake(mistake: (provider: Provider) => Partial<Provider>, rest: Partial<Rehearsal> = {}) {
    const { clock, provider } = rig()
    const instanceType = SMALL
    const run: Rehearsal["run"] = (work) => clock.run(work)
    const changed = { ...provider, ...mistake(provider) }
    return placesWith(await traceOf({ provider: changed, clock, run, instanceType, ...rest }), words)
  }

  const renamed = (instance: Instance) => ({ ...instance, name: words })

  const mistakes = [
    [
      "a note of what was prepared",
      ["plan", "plan's text"],
      (provider: Provider) => ({
        prepare: async (...given: Parameters<Provider["prepare"]>) => {
          const prepared = await provider.prepare(...given)
          return { ...prepared, notes: [...prepared.notes, words] }
        },
      }),
    ],
    [
      "an instance's name",
      ["workers", "events", "receipt"],
      (provider: Provider) => ({
        launch: async (...given: Parameters<Provider["launch"]>) => {
          const launched = await provider.launch(...given)
          return { ...launched, instances: launched.instances.map(renamed) }
        },
        list: async (...given: Parameters<Provider["list"]>) => (await provider.list(...given)).map(renamed),
      }),
    ],
    ["a console's address", ["audit", "command line"], () => ({ consoleUrl: () => words })],
    ["a field of the provider", ["provider"], () => ({ key: words }) as Partial<Provider>],
    [
      "the words of a refusal",
      ["errors", "events", "explain"],
      () => ({
        launch: () => Promise.reject(new RejectedError(`no: ${words}`)),
      }),
    ],
    [
      "the cause of a refusal",
      ["errors"],
      () => ({
        launch: () => Promise.reject(new RejectedError("no", { cause: new Error(words) })),
      }),
    ],
    [
      "the body of a launch call",
      ["journal"],
      (provider: Provider) => ({
        split: (...given: Parameters<Provider["split"]>) =>
          provider.split(...given).map((call) => ({ ...call, body: { ...call.body, mistake: words } })),
      }),
    ],
  ] as const

  test.each(mistakes)("%s: in %j", async (_what, places, mistake) => {
    expect(await withMistake(mistake)).toEqual(expect.arrayContaining([...places]))
  })

  test("a startup script: in the journal, and nowhere else that is spoken", async () => {
    expect(await withMistake(() => ({}), { startup: `echo ${words}` })).toEqual(["journal"])
  })

  test("standard error", async () => {
    const warned = await withMistake((provider) => ({
      list: (...given) => {
        process.stderr.write(words)
        return provider.list(...given)
      },
    }))
    expect(warned).toEqual(["output"])
  })

  test.each([
    ["aws", async () => ({ ...(await ec2()), instanceType: "m7i.large" })],
    ["gcp", async () => ({ ...(await gce()), instanceType: "n2-standard-4" })],
    ["azure", async () => ({ ...(await azureCloud()), instanceType: "Standard_D2s_v5" })],
  ])("%s: a startup script, in what the cloud was told", async (_cloud, start) => {
    const { world, clock, run, provider, instanceType } = await start()
    const startup = `echo ${words}\n# ${"long ".repeat(2_000)}`
    const cluster = new Cluster({ provider, instanceType, startup }, { clock, journal: false })
    await run(cluster.scale(1))
    expect(toldTo(world)).toContain(words)
    await run(cluster.close())
  })
})

describe("no secret in tags, events, errors, output or journal", () => {
  test("aws: the keys of the factory", async () => {
    const credentials = {
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: secret("key"),
      sessionToken: secret("session"),
    }
    const { provider, clock, run, world } = await ec2({ aws: { credentials } })
    const spoil = () => world.faults.fail("RunInstances", { error: "auth", message: "who are you", times: 3 })
    expectNone(await traceOf({ provider, clock, run, instanceType: "m7i.large", spoil }), toldTo(world))
    // Another process of ours is told them, through a pipe.
    expect(JSON.stringify(provider.recipe?.())).toContain(PLANTED)
  })

  test("azure: the token of the credential", async () => {
    const credential = {
      getToken: () => Promise.resolve({ token: secret("token"), expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
    }
    const { provider, clock, run, world } = await azureCloud({ azure: { credential } })
    const spoil = () => world.faults.fail("VirtualMachines_CreateOrUpdate", { error: "auth", message: "no", times: 3 })
    expectNone(await traceOf({ provider, clock, run, instanceType: "Standard_D2s_v5", spoil }), toldTo(world))
  })

  test("gcp: the variables of this machine", async () => {
    const { provider, clock, run, world } = await gce()
    expectNone(await traceOf({ provider, clock, run, instanceType: "n2-standard-4" }), toldTo(world))
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
    expectNone(await traceOf({ provider, run: (work) => work, instanceType: "local-1" }), undefined)
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
  expect(files.some((file) => unpacked(readFileSync(file, "utf8")).some((text) => text.includes("planted")))).toBe(true)
  await run(cluster.close())
})
