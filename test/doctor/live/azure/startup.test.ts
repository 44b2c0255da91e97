/** What the machines of a walk on Azure run, in real shells, with the metadata service of the wire. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { STARTUP } from "../../../../providers/azure/live/startup.js"
import { systemClock } from "../../../../src/calls/clock.js"
import { toldOn } from "../../../../src/live/judges.js"
import { azureCloud, NO_ROOM, offersOf, prepareOf, SUBSCRIPTION, wishFor } from "../../../azure/support/cloud.js"
import { type Machine, machine } from "../../../guest/machine.js"
import { launchAll } from "../../../support/cloud.js"
import { isLong, LONG } from "../../../support/long.js"
import { GROUP, OWNER } from "../../../support/wishes.js"
import { programOf } from "./cloud.js"

const folders: string[] = []
const machines: Machine[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
  await Promise.all(machines.splice(0).map((one) => one.remove()))
})

const inAnHour = () => String(Math.floor(systemClock.now() / 1000) + 3_600)

async function running() {
  const cloud = await azureCloud()
  cloud.wire.quirks.eventsActivationMs = 0
  const owner = { ...OWNER, deadline: inAnHour() }
  const offers = await offersOf(cloud)
  const prepared = await prepareOf(cloud, { ...GROUP, startup: STARTUP }, cloud.bare(), owner)
  await launchAll(cloud, cloud.provider.split(wishFor(offers, 1), prepared, NO_ROOM), cloud.bare())
  await cloud.run(cloud.clock.sleep(20_000))
  const [instance] = cloud.world.truth()
  if (instance === undefined) throw new Error("nothing was launched")
  const metadata = await cloud.wire.metadata()
  const id = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${String(instance.attributes.group)}/providers/Microsoft.Compute/virtualMachines/${instance.name}`
  return { cloud, owner, instance, metadata, id }
}

interface Shell {
  readonly shell: readonly [string, ...string[]]
  /** The only commands that it finds; all that this machine has when left out. */
  readonly commands?: readonly string[]
}

const TOOLS = ["cut", "date", "sed", "sleep", "tail", "tr"]
const SHELLS: readonly Shell[] = [
  { shell: ["/bin/sh"], commands: ["curl", ...TOOLS] },
  { shell: ["/bin/sh"], commands: ["python3", ...TOOLS] },
  { shell: ["/bin/bash", "--norc", "--posix"] },
  { shell: ["/usr/bin/busybox", "sh"] },
]

const isThere = ({ shell: [program], commands = [] }: Shell) =>
  existsSync(program) && commands.every((command) => existsSync(`/usr/bin/${command}`))

async function run({ shell: [program, ...args], commands }: Shell, url: string, deadline: string) {
  let PATH = process.env.PATH
  if (commands !== undefined) {
    PATH = await mkdtemp(join(tmpdir(), "muster-startup-"))
    folders.push(PATH)
    for (const command of commands) await symlink(`/usr/bin/${command}`, join(PATH, command))
  }
  const env = { PATH, MUSTER_METADATA_URL: url, MUSTER_DEADLINE: deadline }
  return new Promise<{ readonly code: number | null; readonly lines: readonly string[] }>((resolve) => {
    const child = execFile(program, [...args, "-c", STARTUP], { env }, (_error, stdout) =>
      resolve({ code: child.exitCode, lines: stdout.split("\n").filter((line) => line !== "") }),
    )
  })
}

describe.runIf(isLong).each(SHELLS)(`$shell with $commands (${LONG})`, (shell) => {
  test.skipIf(!isThere(shell))("tells what its machine finds", async () => {
    const { instance, metadata, owner, id } = await running()
    expect(await run(shell, metadata.url(instance.id), owner.deadline)).toEqual({
      code: 0,
      lines: [`doctor user-data ${owner.deadline}`, `doctor metadata 200 ${id}`, "doctor notice 200 events"],
    })
  })
})

test("where nothing answers, and the deadline is near, it says so and ends well", async () => {
  const soon = String(Math.floor(systemClock.now() / 1000) + 30)
  const { code, lines } = await run({ shell: ["/bin/sh"] }, "http://127.0.0.1:1", soon)
  const words = lines.map((line) => line.trim())
  expect([code, words]).toEqual([0, [`doctor user-data ${soon}`, "doctor metadata none", "doctor notice none other"]])
})

test.runIf(isLong)(`as a part of the guest's program its lines come to the console (${LONG})`, async () => {
  const { instance, metadata, owner, id } = await running()
  const host = await machine()
  machines.push(host)
  await host.boot({ script: programOf(instance), environment: { MUSTER_METADATA_URL: metadata.url(instance.id) } })
  expect(await host.done()).toBe("startup 0")
  const console = await host.read("dev/console")
  expect(toldOn({ console, owner }, "user-data"), console).toBe(owner.deadline)
  expect(toldOn({ console, owner }, "metadata"), console).toBe(`200 ${id}`)
  expect(toldOn({ console, owner }, "notice"), console).toBe("200 events")
})
