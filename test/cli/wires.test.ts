import { join } from "node:path"
import { afterEach, describe, expect, test, vi } from "vitest"
import { local } from "../../providers/local/index.js"
import { run } from "../../src/cli/run.js"
import { Cluster } from "../../src/cluster.js"
import { OwnershipError } from "../../src/errors.js"
import type { SweepRow } from "../../src/verbs/removals.js"
import type { Provider } from "../../src/provider.js"
import { loadProvider } from "../../src/registry.js"
import type { World } from "../../src/simulator/index.js"
import type { Duration, ProviderName } from "../../src/spec.js"
import { ec2, optionsFor as ec2Options } from "../aws/support/cloud.js"
import { azureCloud } from "../azure/support/cloud.js"
import { live } from "../cluster/support.js"
import { gce, optionsFor as gceOptions } from "../gcp/support/cloud.js"
import { startMuster } from "./bin.js"
import { folderForEachTest } from "../support/folder.js"

let directory = ""
folderForEachTest((path) => {
  directory = path
})
afterEach(() => {
  vi.unstubAllEnvs()
})

describe("the program itself, on this machine", () => {
  const muster = (...args: readonly string[]) =>
    startMuster([...args, "--provider", "local", "--option", `root=${join(directory, "state")}`], { HOME: directory })
      .ended

  test("list, sweep and delete find by tags alone what another process made", async () => {
    const provider = local({ root: join(directory, "state"), graceMs: 100 })
    const spec = { provider, instanceType: "local-1", startup: "exec sleep 600", closeOnExit: false }
    const [one, two] = ["render", "encode"].map((name) => new Cluster({ ...spec, name }, { journal: false }))
    if (one === undefined || two === undefined) return
    await Promise.all([one.scale(3), two.scale(1)])
    await Promise.all([one.detach(), two.detach()])
    const listed = await muster("list", "--json")
    expect(JSON.parse(listed.out)).toMatchObject([
      { name: "encode", instances: 1 },
      { name: "render", instances: 3 },
    ])
    expect(await muster("sweep", "-y")).toEqual({ code: 0, out: "", said: "nothing to sweep\n" })
    expect((await muster("delete", "render")).code).toBe(2)
    const deleted = await muster("delete", "render", "--yes", "--json")
    expect(deleted.code).toBe(0)
    const rows = JSON.parse(deleted.out) as readonly SweepRow[]
    expect(rows.every(({ removed, cluster }) => removed && cluster === "render")).toBe(true)
    expect(rows.filter(({ kind }) => kind === "instance")).toHaveLength(3)
    expect((await muster("delete", "render", "--yes")).code).toBe(6)
    expect((await muster("delete", "encode", "--yes")).code).toBe(0)
    expect((await muster("list")).said).toBe("no clusters\n")
    expect((await muster("lst")).code).toBe(2)
    // Keys that no one has given, and a machine that would be asked for them last: nothing leaves this one.
    const env = { HOME: directory, AWS_EC2_METADATA_DISABLED: "true" }
    const stranger = await startMuster(["list", "-p", "aws", "-r", "eu-west-2"], env).ended
    expect([stranger.code, stranger.out]).toEqual([3, ""])
  })
})

interface Place {
  readonly world: World
  readonly provider: Provider
  readonly run: <T>(work: Promise<T>) => Promise<T>
  readonly clock: NonNullable<Parameters<typeof Cluster.list>[1]>["clock"]
}

describe("over each cloud's wire", () => {
  /** Two clusters without a process, one of them two hours old. */
  async function abandon(place: Place, instanceType: string, maxLifetime: Duration = "1h"): Promise<void> {
    const { provider, run: go, clock } = place
    const options = { journal: false, ...(clock && { clock }) } as const
    const spec = { provider, instanceType }
    const old = new Cluster({ ...spec, name: "old", maxLifetime }, options)
    await go(old.scale(2))
    await go(old.detach())
    await go(clock?.sleep(2 * 3_600_000) ?? Promise.resolve())
    const young = new Cluster({ ...spec, name: "young" }, options)
    await go(young.scale(1))
    await go(young.detach())
  }

  async function sweeps(
    place: Place,
    name: ProviderName,
    options: object,
    [flags, reason]: readonly [string, string] = ["", "expired"],
  ): Promise<void> {
    const { clock, world } = place
    const said: string[] = []
    const muster = (line: string) => {
      let out = ""
      const given = Object.entries(options).map(([key, value]) => `--option=${key}:=${JSON.stringify(value)}`)
      const args = [...line.split(" ").filter(Boolean), "-p", name, "-r", place.provider.region, ...given]
      const env = {}
      const surroundings = {
        env,
        version: "1",
        load: name === "azure" ? () => Promise.resolve(place.provider) : loadProvider,
        out: (text: string) => {
          out += text
        },
        say: (text: string) => void said.push(text),
        ask: undefined,
      }
      if (clock === undefined) throw new Error("a wire has a clock")
      return place.run(run(args, { ...surroundings, clock })).then((code) => ({ code, out }))
    }
    const count = live(world).length
    const dry = await muster(`sweep --dry-run --json ${flags}`)
    expect([dry.code, said, live(world).length]).toEqual([0, [], count])
    const would = JSON.parse(dry.out) as readonly SweepRow[]
    expect(would.length).toBeGreaterThan(0)
    expect(would.every(({ cluster, why, removed }) => cluster === "old" && why === reason && !removed)).toBe(true)
    expect((await muster(`sweep --yes ${flags}`)).code).toBe(0)
    expect((await muster(`sweep --dry-run --json ${flags}`)).out).toBe("[]\n")
    expect(live(world).every(({ tags }) => tags["muster-cluster"] === "young")).toBe(true)
    expect((await muster("delete young --yes")).code).toBe(0)
    expect(live(world)).toEqual([])
  }

  test("aws", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret")
    const place = await ec2()
    await abandon(place, "m7i.large")
    const { region: _region, credentials: _credentials, ...options } = ec2Options(place.wire)
    await sweeps(place, "aws", options)
  })

  test("gcp", async () => {
    const place = await gce()
    // Google itself ends what has outlived its deadline, and then nothing at all is left.
    await abandon(place, "n2-standard-4", "12h")
    const { region: _region, ...options } = gceOptions(place.wire)
    await sweeps(place, "gcp", options, ["--older-than 1h", "older"])
  })

  test("azure", async () => {
    const place = await azureCloud()
    await abandon(place, "Standard_D2s_v5")
    await sweeps(place, "azure", {})
  })
})

describe("deleted while its owner lives", () => {
  const clouds = [
    ["aws", () => ec2(), "m7i.large"],
    ["gcp", () => gce(), "n2-standard-4"],
    ["azure", () => azureCloud(), "Standard_D2s_v5"],
  ] as const

  test.each(clouds)("%s: as the documentation says", async (cloud, start, instanceType) => {
    const { world, provider, run: go, clock }: Place = await start()
    const owner = new Cluster({ name: "render", provider, instanceType }, { journal: false, ...(clock && { clock }) })
    const problems: string[] = []
    owner.on("problem", ({ error }) => problems.push(error))
    await go(owner.scale(2))
    await go(clock?.sleep(120_000) ?? Promise.resolve())
    const rows = await go(Cluster.sweep({ provider, name: "render" }, { ...(clock && { clock }) }))
    expect(rows.every(({ removed }) => removed)).toBe(true)
    await go(clock?.sleep(300_000) ?? Promise.resolve())
    expect([problems.includes("OwnershipError"), live(world)]).toEqual([true, []])
    // Where its group is gone it stops; elsewhere it goes on, and has what it is asked for.
    if (cloud === "azure") await expect(go(owner.scale(1))).rejects.toThrow(OwnershipError)
    else expect(await go(owner.scale(1))).toMatchObject({ running: 1 })
    await go(owner.close().catch(() => {}))
    expect(live(world)).toEqual([])
  })
})
