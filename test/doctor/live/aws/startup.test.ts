/** What a walk's machines run, in a real shell: its lines are those that the walk reads. */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { afterEach, expect, test } from "vitest"
import { systemClock } from "../../../../src/calls/clock.js"
import { toldOn } from "../../../../src/live/judges.js"
import { STARTUP } from "../../../../providers/aws/live/startup.js"
import { ec2, GROUP, NO_ROOM, offersOf, OWNER, prepareOf, wishFor } from "../../../aws/support/cloud.js"
import { type Machine, machine } from "../../../guest/machine.js"
import { launchAll } from "../../../support/cloud.js"
import { isLong, LONG } from "../../../support/long.js"
import { lacking, titled } from "../../../support/tools.js"
import { linesOf, programOf } from "./cloud.js"

const run = promisify(execFile)
const NAMES = ["user-data", "metadata", "tags", "notice"]

const machines: Machine[] = []
afterEach(async () => {
  await Promise.all(machines.splice(0).map((one) => one.remove()))
})

test.runIf(isLong)(`on a machine of the wire (${LONG})`, async () => {
  const cloud = await ec2()
  const offers = await offersOf(cloud)
  // The guest's shell has this machine's time.
  const owner = { ...OWNER, deadline: String(Math.floor(systemClock.now() / 1000) + 3_600) }
  const prepared = await prepareOf(cloud, { ...GROUP, startup: STARTUP }, cloud.bare(), owner)
  const calls = cloud.provider.split(wishFor(offers, 1), prepared, NO_ROOM)
  await launchAll(cloud, calls, cloud.bare())
  await cloud.run(cloud.clock.sleep(30_000))
  const [instance] = cloud.world.truth({ states: ["running"] })
  if (instance === undefined) throw new Error("nothing runs")
  const metadata = await cloud.wire.metadata()
  const host = await machine()
  machines.push(host)
  await host.boot({ script: programOf(instance), environment: { MUSTER_METADATA_URL: metadata.url(instance.id) } })
  expect(await host.done()).toBe("startup 0")
  const console = await host.read("dev/console")
  for (const line of linesOf(instance)) {
    const [, name = "", value = ""] = line.split(" ")
    expect(toldOn({ console, owner: OWNER }, name), console).toBe(value)
  }
})

const noCurl = lacking("curl")
test.skipIf(noCurl !== undefined)(titled("where no metadata answers, each line says so", noCurl), async () => {
  const env = { PATH: process.env.PATH ?? "", MUSTER_METADATA_URL: "http://127.0.0.1:1" }
  const { stdout } = await run("sh", ["-c", STARTUP], { env })
  const lines = stdout.split("\n").filter((line) => line !== "")
  expect(lines.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(NAMES.map((name) => `doctor ${name}`))
  expect(lines.slice(1)).toEqual(["doctor metadata -", "doctor tags -", "doctor notice 000"])
})
