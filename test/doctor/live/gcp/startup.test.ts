/** What a machine of a walk runs, in real shells, with the metadata service of Compute Engine's wire. */
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { STARTUP } from "../../../../providers/gcp/live/startup.js"
import { bareCalls } from "../../../../src/calls/send.js"
import { verdictOn } from "../../../../src/guest/marks.js"
import { toldOn } from "../../../../src/live/judges.js"
import type { LaunchCall } from "../../../../src/provider.js"
import { gce, launchMany, ZONE } from "../../../gcp/support/cloud.js"
import { placeOf } from "../../../guest/world/clouds.js"
import { isLong, LONG } from "../../../support/long.js"
import { GROUP, NO_ROOM, OWNER, wishFor } from "../../../support/wishes.js"
import { programOf } from "./scene.js"

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
  test.skipIf(!isThere(shell))("tells what its machine finds", async () => {
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
