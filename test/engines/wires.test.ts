/** The toy engine on the wires of the clouds: its head is reached through a real sshd, and its token travels to no cloud. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest"
import { IMAGES } from "../../providers/aws/wire/index.js"
import type { Engine } from "../../src/engines/engine.js"
import { ec2 } from "../aws/support/cloud.js"
import { runLines, toyEngine } from "../../examples/support/toy-engine.js"
import { Cluster } from "../../src/cluster.js"
import { textOf } from "../../src/guest/user-data.js"
import { type Place, type PlaceName, placeOf } from "../guest/world/clouds.js"
import { noMachines, sshMachines } from "../remote/support/machines.js"
import { isLong, LONG } from "../support/long.js"
import { freePort } from "./support/port.js"

const CLOUDS = ["aws", "gcp", "azure"] as const satisfies readonly PlaceName[]

const missing = isLong ? await noMachines() : LONG

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-engine-"))
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, "runs"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function scene(name: PlaceName) {
  const place = await placeOf(name, sshMachines())
  onTestFinished(() => place.close())
  const { provider, clock, instanceType } = place
  const engine = toyEngine({ port: await freePort() })
  const machine = { instanceType, arch: "x86_64", access: { from: "127.0.0.1/32" } } as const
  const spec = { name: "toy", provider, ...machine, engine, drain: "10m" }
  const options = { clock, journal: join(folder, "journal") }
  const cluster = new Cluster(spec as unknown as ConstructorParameters<typeof Cluster>[0], options)
  onTestFinished(async () => void (await cluster.close().catch(() => {})))
  const events: string[] = []
  cluster.on("*", (event) => events.push(inspect(event, { depth: 9 })))
  return { place, cluster, events }
}

/** Each text of a request that made an instance: as it is, and as what it may be encoded as. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value, textOf(Buffer.from(value, "base64"))]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : []
}

const requestsOf = ({ world }: Place) => (world?.truth() ?? []).flatMap(({ attributes }) => textsOf(attributes))

/** Argument lists of all processes, and files of ours, that have a text. */
function placesOf(text: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = [
    ...files.map((entry) => join(entry.parentPath, entry.name)),
    ...readdirSync("/proc").flatMap((pid) => (/^\d+$/.test(pid) ? [`/proc/${pid}/cmdline`] : [])),
  ]
  return paths.filter((path) => {
    try {
      return readFileSync(path, "utf8").includes(text)
    } catch {
      // It has ended meanwhile.
      return false
    }
  })
}

describe.skipIf(missing !== undefined)(`over ssh${missing === undefined ? "" : ` (${missing})`}`, () => {
  test.each(CLOUDS)(
    "%s: workers join, are drained, and leave with their work done",
    async (name) => {
      const { place, cluster, events } = await scene(name)
      expect(await cluster.scale(3)).toMatchObject({ running: 3, ready: 3 })
      const client = await cluster.client()
      expect(await runLines(client, ["echo 1", "echo 2"])).toEqual(["1\n", "2\n"])

      const line = `echo begun >>'${folder}/runs/'$$; while [ ! -e '${folder}/go' ]; do sleep 0.2; done; echo done`
      const outputs = runLines(client, [line, line, line])
      const begun = () => readdirSync(join(folder, "runs")).length
      await expect.poll(begun).toBe(3)
      const scaling = cluster.scale(1)
      const leaving = () => cluster.workers.filter(({ state }) => state === "terminating").length
      await expect.poll(leaving).toBe(2)
      writeFileSync(join(folder, "go"), "")
      expect(await outputs).toEqual(["done\n", "done\n", "done\n"])
      expect(await scaling).toMatchObject({ running: 1 })
      // None of them was begun again elsewhere.
      expect(begun()).toBe(3)
      await expect.poll(() => cluster.workers.length).toBe(2)

      const token = client.environment.TOY_TOKEN ?? "?"
      expect(token).toMatch(/^[0-9a-f]{48}$/)
      expect(requestsOf(place).some((text) => text.includes("TOY_TOKEN"))).toBe(true)
      expect(requestsOf(place).filter((text) => text.includes(token))).toEqual([])
      expect(events.join("\n")).not.toContain(token)
      const kept = placesOf(token)
      expect(kept).toEqual([expect.stringMatching(/\/journal\/toy\.\w+\.engine$/)])
      expect(kept.map((path) => (statSync(path).mode & 0o777).toString(8))).toEqual(["600"])

      await client.close()
      await cluster.close()
      expect(place.world?.truth({ states: ["pending", "running", "stopped"] })).toEqual([])
      expect(readdirSync(join(folder, "journal"))).toEqual([])
    },
    600_000,
  )
})

const ENGINE: Engine = {
  ...{ name: "toy", ports: { scheduler: 1 }, recipe: {} },
  head: () => ({ startup: "exec head" }),
  worker: () => ({ startup: "exec worker" }),
  state: () => Promise.reject(new Error("nobody asks")),
  drain: () => Promise.resolve([]),
  client: () => Promise.reject(new Error("nobody asks")),
}

test.skipIf(!isLong).each([
  ["m7i.large", IMAGES.x86_64, "x86_64"],
  ["m7g.large", IMAGES.arm64, "arm64"],
] as const)("on EC2 the head of %s boots the image of its workers", async (instanceType, image, arch) => {
  const { provider, clock } = await ec2({ aws: { imageId: undefined } })
  const spec = { provider, engine: ENGINE, access: "192.0.2.1/32", instanceType, image } as const
  const cluster = new Cluster(spec, { clock, journal: false })
  const { groups } = await clock.run(cluster.plan(1))
  expect(groups.map(({ group, offers }) => [group, ...new Set(offers.map((offer) => offer.arch))])).toEqual([
    ["head", arch],
    ["default", arch],
  ])
  await clock.run(cluster.close())
})
