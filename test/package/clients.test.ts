/** A cloud's client that is not installed, or not for this Node: said by the first request, before anything is waited for. */
import { execFile } from "node:child_process"
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type ClientPackage, installCommand } from "../../src/client/package.js"
import { EC2, PRICING, SERVICE_QUOTAS, STS } from "../../providers/aws/client/packages.js"
import { IDENTITY, SDK } from "../../providers/azure/client/packages.js"
import { COMPUTE } from "../../providers/gcp/client/packages.js"
import { admits } from "./ranges.js"

const ROOT = join(import.meta.dirname, "../..")
let folder = ""

/** A copy of the library that has nothing but its own dependencies. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-clients-"))
  for (const part of ["src", "providers"]) {
    await cp(join(ROOT, ".cache/js", part), join(folder, part), { recursive: true })
  }
  await mkdir(join(folder, "node_modules"))
  for (const name of ["zod", "p-limit", "yocto-queue"]) {
    await symlink(join(ROOT, "node_modules", name), join(folder, "node_modules", name))
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Each verb's error, and how long was waited on the cluster's clock. */
const PROGRAM = `
  const { Cluster } = await import("./src/cluster.js")
  const { VirtualClock } = await import("./src/calls/clock.js")
  const place = JSON.parse(process.argv[1])
  const clock = new VirtualClock({ seed: 1 })
  const begun = clock.now()
  const cluster = new Cluster({ ...place, vcpus: 2 }, { clock, journal: false })
  const verbs = {
    plan: () => cluster.plan(1),
    scale: () => cluster.scale(1),
    list: () => Cluster.list(place, { clock }),
    sweep: () => Cluster.sweep(place, { clock, journal: false }),
  }
  for (const [name, verb] of Object.entries(verbs)) {
    const said = await clock.run(verb()).then(() => "nothing", (error) => error.name + ": " + error.message)
    console.log(name + " " + (clock.now() - begun) + " " + said)
  }
`

async function verbsOf(place: object, env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const parameters = ["--input-type=module", "--eval", PROGRAM, JSON.stringify(place)]
  const { stdout } = await promisify(execFile)(process.execPath, parameters, {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: folder, ...env },
    timeout: 120_000,
  })
  return stdout.trim().split("\n")
}

const AZURE = { AZURE_SUBSCRIPTION_ID: "00000000-0000-0000-0000-000000000001" }
const CLOUDS: readonly (readonly [string, object, Record<string, string>, ClientPackage])[] = [
  ["aws", { provider: "aws", region: "eu-west-2" }, {}, EC2],
  ["gcp", { provider: "gcp", region: "europe-west2" }, {}, COMPUTE],
  [
    "gcp, its project known",
    { provider: "gcp", region: "europe-west2" },
    { GOOGLE_CLOUD_PROJECT: "a-project-1" },
    COMPUTE,
  ],
  ["azure", { provider: "azure", region: "uksouth" }, AZURE, SDK],
]

test.concurrent.each(CLOUDS)(
  "%s: without its client every verb says at once what to run",
  async (_, place, env, wanted) => {
    const said = `SpecError: provider: ${wanted.called} is not installed here; run: ${installCommand(wanted)}`
    expect(await verbsOf(place, env)).toEqual(["plan", "scale", "list", "sweep"].map((verb) => `${verb} 0 ${said}`))
  },
)

describe("a client that this Node cannot load", () => {
  const version = process.versions.node
  beforeAll(async () => {
    const place = join(folder, "node_modules", EC2.name)
    await mkdir(place, { recursive: true })
    const manifest = { name: EC2.name, version: "3.9999.0", main: "index.js", engines: { node: ">=99" } }
    await writeFile(join(place, "package.json"), JSON.stringify(manifest))
    await writeFile(join(place, "index.js"), "throw new SyntaxError('of tomorrow')\n")
  })
  afterAll(() => rm(join(folder, "node_modules", "@aws-sdk"), { recursive: true }))

  test("is said to be of another Node, with what to run instead", async () => {
    const [plan, scale] = await verbsOf({ provider: "aws", region: "eu-west-2" }, {})
    expect(plan).toBe(
      `plan 0 SpecError: provider: the AWS SDK 3.9999.0, for Node >=99, does not load on Node ${version} ` +
        `(SyntaxError: of tomorrow); run: ${installCommand(EC2)}, or use a newer Node`,
    )
    expect(scale).toBe(plan?.replace("plan", "scale"))
  })
})

test("on Node 20 the versions are named that run there; a newer one takes the newest", () => {
  expect(installCommand(SDK, "20.20.0")).toBe("npm install @azure/arm-compute@24 @azure/identity@4.13.1")
  expect(installCommand(SDK, "22.12.0")).toBe("npm install @azure/arm-compute @azure/identity")
})

test("the versions for Node 20 are those that Muster is tested with, and run there", () => {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(ROOT, file), "utf8"))
  const { peerDependencies } = read("package.json") as { readonly peerDependencies: Readonly<Record<string, string>> }
  const { packages } = read("package-lock.json") as {
    readonly packages: Readonly<
      Record<string, { readonly version: string; readonly engines: { readonly node: string } }>
    >
  }
  for (const { name, onNode20 } of [EC2, PRICING, SERVICE_QUOTAS, STS, COMPUTE, SDK, IDENTITY]) {
    const { version = "0.0.0", engines } = packages[`node_modules/${name}`] ?? {}
    expect(admits(onNode20, version), `${name} ${version}`).toBe(true)
    expect(admits(peerDependencies[name] ?? "", version), `${name} ${version}`).toBe(true)
    expect(admits(engines?.node ?? "*", "20.20.0"), `${name} ${engines?.node}`).toBe(true)
  }
})
