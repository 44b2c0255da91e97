/** The first programs of the pages for newcomers: each runs as it stands, with the page's rights and no others, over its cloud's wire. */
import { expect, test } from "vitest"
import { aws, type AwsOptions } from "../../providers/aws/index.js"
import type { Statement } from "../../providers/aws/wire/index.js"
import { adapterOf } from "../../providers/azure/adapter.js"
import type { AzureOptions } from "../../providers/azure/index.js"
import { parseAzureOptions } from "../../providers/azure/options-check.js"
import { actionsOf } from "../../providers/azure/wire/client/actions.js"
import { gcp, type GcpOptions } from "../../providers/gcp/index.js"
import { permissionsOf, PROJECT } from "../../providers/gcp/wire/index.js"
import type { VirtualClock } from "../../src/calls/clock.js"
import { run as runCommand } from "../../src/cli/run.js"
import { Cluster } from "../../src/cluster.js"
import type { JsonObject, Provider } from "../../src/provider.js"
import type { World } from "../../src/simulator/index.js"
import type { ClusterSpec } from "../../src/spec.js"
import { ec2, optionsFor as ec2Options } from "../aws/support/cloud.js"
import { azureCloud, optionsFor as azureOptions } from "../azure/support/cloud.js"
import { gce, optionsFor as gceOptions } from "../gcp/support/cloud.js"
import { blocksOf, textOf } from "./blocks.js"

interface Place {
  readonly page: string
  readonly clock: VirtualClock
  readonly world: World
  /** The factory that the page's program calls, and what it gives here: the same options, pointed at the wire. */
  readonly factory: string
  readonly make: (options: never) => Provider
}

type Program = (...globals: readonly unknown[]) => Promise<void>
const AsyncFunction = Object.getPrototypeOf(async () => {}) as {
  readonly constructor: new (...words: readonly string[]) => Program
}

/** What the page's program prints: its imports are given to it, and its clock is the world's. */
async function output({ page, clock, factory, make }: Place, ...args: readonly string[]): Promise<string> {
  const [{ code } = { code: "" }] = blocksOf(page, "js")
  const body = code.replace(/^import \{ (?:Cluster|\w+) \} from "muster-vms(?:\/\w+)?"\n/gm, "")
  expect(body).not.toMatch(/^import/m)
  class Timed extends Cluster {
    constructor(spec: ClusterSpec) {
      super({ ...spec, closeOnExit: false }, { clock, seed: 1, journal: false })
    }
  }
  const lines: string[] = []
  const console = { log: (...words: readonly unknown[]) => void lines.push(words.map(String).join(" ")) }
  const program = new AsyncFunction.constructor("Cluster", factory, "console", "process", body)
  await clock.run(program(Timed, make, console, { argv: ["node", "first.mjs", ...args] }))
  return `${lines.join("\n")}\n`
}

/** The page's own command, asked of the same cloud. */
async function listed({
  page,
  clock,
  factory,
  make,
}: Place): Promise<readonly [code: number, out: string, said: string]> {
  const [, line = ""] = /^npx --no-install muster (list .*)$/m.exec(textOf(page)) ?? []
  let [out, said] = ["", ""]
  const surroundings = {
    env: {},
    version: "1",
    clock,
    ask: undefined,
    load: (_name: string, region: string | undefined, options: JsonObject = {}) => {
      const place = factory === "azure" ? { location: region } : { region }
      return Promise.resolve(make({ ...place, ...options } as never))
    },
    out: (text: string) => {
      out += text
    },
    say: (text: string) => {
      said += text
    },
  }
  return [await clock.run(runCommand(line.split(" "), surroundings)), out, said]
}

async function works(place: Place): Promise<void> {
  const { world } = place
  const before = world.resources.list()
  const plan = await output(place)
  expect(plan).toMatch(/^plan for "first"\n/)
  expect(plan).toContain("2 wanted, 0 there or on their way, 2 to launch")
  expect(plan).toMatch(/\n0 ended, 0 left\n$/)
  expect(world.truth({})).toEqual([])
  expect(world.resources.list()).toEqual(before)
  const all = await output(place, "--launch")
  expect(all).toMatch(/\n2 run\n\S+ \S+ .*\n\S+ \S+ .*\n2 ended, 0 left\n$/)
  expect(world.truth({ states: ["pending", "running", "stopped"] })).toEqual([])
  expect(await listed(place)).toEqual([0, "", "no clusters\n"])
}

/** What the requests came to that were not answered well. */
function refusalsIn(world: World): readonly string[] {
  return world.ledger.entries.filter(({ outcome }) => outcome !== "ok").map(({ api, outcome }) => `${api}: ${outcome}`)
}

test("AWS, with a policy of which nothing is superfluous", async () => {
  const page = "docs/getting-started-aws.md"
  const [{ code } = { code: "{}" }] = blocksOf(page, "json")
  const policy = (JSON.parse(code) as { readonly Statement: readonly Statement[] }).Statement
  const { wire, clock, world } = await ec2({ wire: { policy } })
  const { endpoint, credentials } = ec2Options(wire)
  const pointed = { region: world.settings.region, endpoint, credentials }
  const make = (options: AwsOptions) => aws({ ...options, ...pointed } as AwsOptions)
  await works({ page, clock, world, factory: "aws", make })
  expect(refusalsIn(world)).toEqual([])
  const allowed = policy.flatMap(({ Action }) => [Action].flat()).map((action) => action.replace("ec2:", ""))
  // EC2 asks for CreateTags when what is made carries tags.
  expect([...new Set([...world.ledger.entries.map(({ api }) => api), "CreateTags"])].sort()).toEqual(allowed.sort())
})

test("Google Cloud, with a role of which nothing is superfluous", async () => {
  const page = "docs/getting-started-gcp.md"
  const granted = [...textOf(page).matchAll(/^ {2}- (compute\.\S+)$/gm)].map(([, permission = ""]) => permission)
  const { wire, clock, world } = await gce({ wire: { permissions: granted } })
  const { apiEndpoint } = gceOptions(wire)
  const make = (options: GcpOptions) => gcp({ ...options, project: PROJECT, apiEndpoint } as GcpOptions)
  await works({ page, clock, world, factory: "gcp", make })
  expect(refusalsIn(world)).toEqual([])
  const used = world.ledger.entries.flatMap(({ api, parameters }) => {
    const { body = {}, ...rest } = parameters as { readonly body?: JsonObject }
    return permissionsOf(api, { project: PROJECT, body, parameters: rest as Record<string, string> })
  })
  expect([...new Set(used)].sort()).toEqual(granted)
})

test("Azure, with the page's role", async () => {
  const page = "docs/getting-started-azure.md"
  const used = new Set<string>()
  const { wire, clock, world } = await azureCloud({
    onExchange: ({ api, request }) => {
      for (const action of actionsOf(api, request)) used.add(action)
    },
  })
  const [{ code } = { code: "{}" }] = blocksOf(page, "json")
  const { Actions } = JSON.parse(code) as { readonly Actions: readonly string[] }
  wire.quirks.role = new Set(Actions)
  const { subscriptionId: _id, location: _location, ...pointed } = azureOptions(wire)
  const make = (options: AzureOptions) => {
    const { subscriptionId, location } = options
    return adapterOf(parseAzureOptions({ subscriptionId, location, ...pointed }))
  }
  await works({ page, clock, world, factory: "azure", make })
  expect(refusalsIn(world).filter((line) => line.endsWith("AuthorizationFailed"))).toEqual([])
  expect([...used].filter((action) => !Actions.includes(action))).toEqual([])
})
