/** The live walk of Compute Engine over its wire: all holds; what is broken alone is refuted alone; whatever comes back, nothing is left. */
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { ASSUMPTIONS, UNTRIED } from "../../../../providers/gcp/live/assumptions.js"
import { STARTUP } from "../../../../providers/gcp/live/startup.js"
import { gceWorld, LIES } from "../../../../providers/gcp/wire/index.js"
import { bareCalls } from "../../../../src/calls/send.js"
import { verdictOn } from "../../../../src/guest/marks.js"
import { toldOn } from "../../../../src/live/judges.js"
import type { LaunchCall } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { chargesOf } from "../../../../src/simulator/world/bill.js"
import { gce, launchMany, ZONE } from "../../../gcp/support/cloud.js"
import { isLong, LONG } from "../../../support/long.js"
import { lacking, titled } from "../../../support/tools.js"
import { GROUP, NO_ROOM, OWNER, wishFor } from "../../../support/wishes.js"
import { expectAll, expectNothingLeft, expectPrices, told, verdicts } from "../support.js"
import { anything, failures } from "./anything.js"
import { BESIDES, GUEST_LIES, programOf, walkOnGce } from "./scene.js"

const LEAST_S = 60

/** What the world's machines came to, with their disks and addresses, which it does not bill itself. */
function billed(world: World): number {
  return chargesOf(world, LEAST_S).reduce((sum, { id, usd, seconds }) => {
    const { market } = world.instance(id) ?? { market: "spot" }
    return sum + usd + (usd === 0 ? 0 : (Math.max(LEAST_S, seconds) * BESIDES[market]) / 3_600)
  }, 0)
}

test("all is confirmed within the time and the price of a walk, and nothing is left", async () => {
  const { latency = {} } = gceWorld()
  const world = { latency, listLagMs: [0, 3_000] } as const
  const auth = { getRequestHeaders: async () => ({ authorization: "Bearer planted", "x-goog-api-key": "planted" }) }
  const wire = { operationMs: [3_000, 15_000], token: "planted" } as const
  const { cloud, outcome, most } = await walkOnGce({ world, wire, gcp: { auth } })
  expectAll(outcome)
  expectNothingLeft(cloud.world)
  expect([outcome.left, outcome.problems]).toEqual([[], []])
  expect(most).toBeLessThanOrEqual(3)
  expect(outcome.ms).toBeLessThanOrEqual(15 * 60_000)
  expectPrices(outcome, billed(cloud.world))
  // No credential is told to the tap, and each exchange has its name.
  expect(outcome.exchanges.length).toBeGreaterThan(100)
  expect(JSON.stringify(outcome)).not.toContain("planted")
  expect(outcome.exchanges.filter(({ api }) => !/^[a-zA-Z]+(\.[a-zA-Z]+)+$/.test(api))).toEqual([])
})

test("each assumption has one switch, and each switch an assumption", () => {
  const ids = ASSUMPTIONS.map(({ id }) => id)
  expect([...Object.keys(LIES), ...Object.keys(GUEST_LIES)].sort()).toEqual([...ids].sort())
  const all = [...ids, ...UNTRIED.map(({ id }) => id)]
  expect(new Set(all).size).toBe(all.length)
})

const ALL = ASSUMPTIONS.map(({ id }) => id)
const FEW = { broken: ["gcp.operation-counts:late"], hidden: ["gcp.pages"] }
const only = process.env.MUSTER_LIE

const broken = ALL.flatMap((id) => (["always", "late", "once"] as const).map((mode) => [id, mode] as const)).filter(
  ([id, mode]) => (isLong ? only === undefined || id === only : FEW.broken.includes(`${id}:${mode}`)),
)
const hidden = ALL.filter((id) => (isLong ? only === undefined || id === only : FEW.hidden.includes(id)))

/** Lists that are further apart find all of it as well. */
const EVERY_MS = 10_000

describe.each(broken)("%s, broken %s", (breaks, mode) => {
  test("is refuted, and all others are confirmed", async () => {
    const { cloud, outcome, most } = await walkOnGce({ lie: { breaks, mode }, everyMs: EVERY_MS })
    expectAll(outcome, { [breaks]: "refuted" })
    expectNothingLeft(cloud.world)
    expect(outcome.left).toEqual([])
    expect(most).toBeLessThanOrEqual(3)
  })
})

describe.each(hidden)("%s, hidden behind failures", (breaks) => {
  test("is not seen, and none is refuted", async () => {
    const { cloud, outcome } = await walkOnGce({ lie: { breaks, mode: "hidden" }, everyMs: EVERY_MS })
    const all = verdicts(outcome)
    expect(all[breaks], told(outcome)).toBe("not seen")
    expect(Object.values(all), told(outcome)).not.toContain("refuted")
    // What deletions that fail leave ends at its deadline.
    await cloud.run(cloud.clock.sleep(15 * 60_000))
    expectNothingLeft(cloud.world)
  })
})

/** Requests that fail at random. */
const FAILING = [0.05, 0.15, 0.3]

const COUNT = Number(process.env.MUSTER_SEEDS ?? (isLong ? 40 : 2))
const FIRST = Number(process.env.MUSTER_SEED ?? 1)
const SEEDS = Array.from({ length: COUNT }, (_, at) => FIRST + at)

/** From an odd answer now and then to hardly one that is right. */
const SHARES = [0.02, 0.05, 0.1, 0.2, 0.35, 0.6]

test.each(SEEDS)("seed %i", async (seed) => {
  const share = SHARES[seed % SHARES.length] ?? 0.1
  const { cloud, outcome } = await walkOnGce({ everyMs: 10_000, wire: { rim: anything(seed, share) } })
  expect(outcome.assumptions.length).toBeGreaterThan(20)
  for (const { verdict } of outcome.assumptions) expect(["confirmed", "refuted", "not seen"]).toContain(verdict)
  // Guests' deadlines are ten minutes after the launch at most.
  await cloud.run(cloud.clock.sleep(15 * 60_000))
  try {
    expectNothingLeft(cloud.world)
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}\n${told(outcome)}`)
  }
})

test.runIf(isLong).each(SEEDS)("failures by seed %i refute nothing", async (seed) => {
  const share = FAILING[seed % FAILING.length] ?? 0.1
  const { cloud, outcome } = await walkOnGce({ everyMs: 10_000, wire: { rim: failures(seed, share) } })
  const refuted = outcome.assumptions.filter(({ verdict }) => verdict === "refuted").map(({ id }) => id)
  expect(refuted, told(outcome)).toEqual([])
  await cloud.run(cloud.clock.sleep(15 * 60_000))
  expectNothingLeft(cloud.world)
})

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

const digestOf = (text: string) => createHash("sha256").update(text).digest("hex")

interface Shell {
  readonly shell: readonly [string, ...string[]]
  /** The only commands that it finds; all that this machine has when left out. */
  readonly commands?: readonly string[]
}

async function pathOf(commands: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "muster-startup-"))
  folders.push(folder)
  for (const command of commands) await symlink(`/usr/bin/${command}`, join(folder, command))
  return folder
}

async function run({ shell: [program, ...args], commands }: Shell, url: string) {
  const PATH = commands === undefined ? process.env.PATH : await pathOf(commands)
  const env = { PATH, MUSTER_METADATA_URL: url }
  return new Promise<{ readonly code: number | null; readonly lines: readonly string[] }>((resolve) => {
    const child = execFile(program, [...args, "-c", STARTUP], { env }, (_error, stdout) =>
      resolve({ code: child.exitCode, lines: stdout.split("\n").filter((line) => line !== "") }),
    )
  })
}

async function running() {
  const cloud = await gce()
  await launchMany(cloud, 1)
  await cloud.run(cloud.clock.sleep(20_000))
  const [instance] = cloud.world.truth()
  if (instance === undefined) throw new Error("nothing was launched")
  return { cloud, instance, metadata: await cloud.wire.metadata() }
}

const TOOLS = ["sha256sum", "cut"]
const SHELLS: readonly Shell[] = [
  { shell: ["/bin/sh"] },
  ...(isLong
    ? ([
        { shell: ["/bin/sh"], commands: ["curl", ...TOOLS] },
        { shell: ["/bin/sh"], commands: ["wget", ...TOOLS] },
        { shell: ["/bin/bash", "--norc", "--posix"] },
        { shell: ["/usr/bin/busybox", "sh"] },
      ] as const)
    : []),
]

const isThere = ({ shell: [program], commands = [] }: Shell) =>
  existsSync(program) && commands.every((command) => existsSync(`/usr/bin/${command}`))

describe.each(SHELLS)("$shell with $commands", (shell) => {
  const noCurl = shell.commands?.includes("wget") === true ? undefined : lacking("curl")
  test.skipIf(!isThere(shell) || noCurl !== undefined)(titled("tells what its machine finds", noCurl), async () => {
    const { instance, metadata } = await running()
    const { code, lines } = await run(shell, metadata.url(instance.id))
    expect(lines).toEqual([
      `doctor user-data ${digestOf(programOf(instance))}`,
      expect.stringMatching(new RegExp(`^doctor metadata ${instance.name} projects/\\d+/zones/${ZONE}$`)),
      "doctor notice FALSE",
    ])
    expect(code).toBe(0)
  })
})

test("without an answer, or a tool to ask with, it tells nothing and ends well", async () => {
  const { instance, metadata } = await running()
  metadata.silent.add("*")
  expect(await run({ shell: ["/bin/sh"] }, metadata.url(instance.id))).toEqual({ code: 0, lines: [] })
  expect(await run({ shell: ["/bin/sh"], commands: TOOLS }, metadata.url(instance.id))).toEqual({ code: 0, lines: [] })
})

test.skipIf(!isLong)(`as a part of the guest's program its lines come to the console (${LONG})`, async () => {
  const { placeOf } = await import("../../../guest/world/clouds.js")
  const place = await placeOf("gcp")
  const { provider, clock, instanceType } = place
  try {
    const calls = bareCalls({ clock })
    const owner = { ...OWNER, deadline: String(Math.floor(clock.now() / 1000) + 3_600) }
    const whenDone = { success: "keep", failure: "keep" } as const
    const offers = await provider.offers({ instanceTypes: [instanceType], markets: ["on-demand"] }, calls)
    const prepared = await provider.prepare(owner, { ...GROUP, startup: STARTUP, whenDone }, calls)
    const [call] = provider.split(wishFor(offers, 1), prepared, NO_ROOM) as readonly [LaunchCall]
    let launched = await provider.launch(call, calls)
    while (!launched.settled) launched = await provider.settle(call, launched.ref ?? null, calls)
    const [instance] = launched.instances
    if (instance === undefined) throw new Error("nothing was launched")
    let console = ""
    for (let look = 0; look < 300 && verdictOn(console, owner.uid) === undefined; look += 1) {
      await clock.sleep(1_000)
      console = (await provider.consoleLog?.(instance, calls)) ?? ""
    }
    const { metadata } = call.body.instanceProperties as {
      readonly metadata: { readonly items: readonly { readonly key: string; readonly value: string }[] }
    }
    const script = metadata.items.find(({ key }) => key === "startup-script")?.value ?? ""
    expect(verdictOn(console, owner.uid), console).toMatchObject({ step: "startup", exitCode: 0 })
    expect(toldOn({ console, owner }, "user-data")).toBe(digestOf(script))
    expect(toldOn({ console, owner }, "metadata")).toMatch(new RegExp(`^${instance.name} .*/zones/${instance.zone}$`))
    expect(toldOn({ console, owner }, "notice")).toBe("FALSE")
  } finally {
    await place.close()
  }
})
