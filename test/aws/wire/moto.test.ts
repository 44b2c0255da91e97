/**
 * The whole story against moto, which others wrote: what our own small EC2 and the adapter might agree on by mistake, these two
 * need not. It has quirks that no EC2 has (RunInstances makes MinCount instances; disks need a size; filters it does not know
 * are an internal error), and the adapter comes through them.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type * as Ec2 from "@aws-sdk/client-ec2"
import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { type AwsOptions, aws } from "../../../providers/aws/index.js"
import { Cluster } from "../../../src/cluster.js"
import type { ClusterEvent } from "../../../src/events.js"
import { isLong, LONG } from "../../support/long.js"
import { startMoto } from "../support/moto.js"

const { EC2 } = createRequire(import.meta.url)("@aws-sdk/client-ec2") as typeof Ec2

const moto = isLong ? await startMoto() : { absent: LONG }
const absent = "absent" in moto ? moto.absent : undefined
const url = "url" in moto ? moto.url : ""
const region = "eu-west-2"
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" }

afterAll(() => {
  if ("stop" in moto) moto.stop()
})

const on = (options: Partial<AwsOptions> = {}) => aws({ region, endpoint: url, credentials, ...options })
const base = { image: "amazon-linux", startup: "echo hello" } as const
const options = { journal: false } as const

/** Every instance that lives there, ours or not. */
async function living(ec2: Ec2.EC2): Promise<readonly Ec2.Instance[]> {
  const Filters = [{ Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] }]
  const { Reservations = [] } = await ec2.describeInstances({ Filters })
  return Reservations.flatMap(({ Instances = [] }) => Instances)
}

/** The APIs that the cluster has called, each once. */
function callsOf(cluster: Cluster): ReadonlySet<string> {
  const apis = new Set<string>()
  cluster.on("call", ({ api }: Extract<ClusterEvent, { type: "call" }>) => apis.add(api))
  return apis
}

const clients = { region, endpoint: url, credentials, maxAttempts: 1 }

describe.skipIf(absent !== undefined)(`moto${absent === undefined ? "" : ` (${absent})`}`, { timeout: 400_000 }, () => {
  test("a burst on demand: planned, up, down, attached by name, closed; others' instances stay", async () => {
    const ec2 = new EC2(clients)
    const foreign = await ec2.runInstances({ ImageId: "ami-785db401", MinCount: 2, MaxCount: 2 })
    const beside = new Cluster({ ...base, name: "beside", provider: on(), instanceType: "t3.micro" }, options)
    expect(await beside.scale(1)).toMatchObject({ running: 1 })

    const provider = on()
    const cluster = new Cluster({ ...base, name: "render", provider, instanceType: "m5.large" }, options)
    expect(String(await cluster.plan(4))).toMatch(/RunInstances +eu-west-2a +m5\.large +on-demand +4 each/)
    expect(await cluster.scale(4)).toMatchObject({ running: 4, shortfall: { count: 0 } })
    expect(cluster.workers.map(({ state, instanceType }) => `${state} ${instanceType}`)).toEqual(
      Array(4).fill("running m5.large"),
    )
    expect(await cluster.scale(2)).toMatchObject({ running: 2 })
    expect((await Cluster.list({ provider })).map(({ name, instances }) => [name, instances])).toEqual(
      expect.arrayContaining([
        ["beside", 1],
        ["render", 2],
      ]),
    )
    await cluster.detach()

    const again = await Cluster.attach("render", { provider: on(), takeOver: true }, options)
    expect(again.workers).toHaveLength(2)
    // What to launch is read back from the user data.
    expect(await again.scale(3)).toMatchObject({ running: 3 })
    expect(await again.audit()).not.toEqual([])
    const receipt = await again.close()
    expect([receipt.leaked, await again.audit()]).toEqual([[], []])

    expect(beside.workers).toHaveLength(1)
    await beside.close()
    const left = (await living(ec2)).map(({ InstanceId }) => InstanceId)
    expect(left.sort()).toEqual((foreign.Instances ?? []).map(({ InstanceId }) => InstanceId).sort())
  })

  test("spot by size on ARM: one fleet of many types; a sweep removes what nobody holds, and shared set-up when asked", async () => {
    const ec2 = new EC2(clients)
    const provider = on()
    const spec = { ...base, name: "swept", provider, arch: "arm64", vcpus: { min: 2, max: 2 }, market: "spot" } as const
    // Where a journal says that every launch was answered, a sweep need not wait for what might still be listed.
    const journal = await mkdtemp(join(tmpdir(), "muster-moto-"))
    onTestFinished(() => rm(journal, { recursive: true }))
    const cluster = new Cluster(spec, { journal })
    const apis = callsOf(cluster)
    expect(await cluster.scale(12)).toMatchObject({ running: 12 })
    expect([...apis]).toEqual(expect.arrayContaining(["DescribeSpotPriceHistory", "CreateFleet"]))
    expect(cluster.workers.every(({ market, pricePerHour }) => market === "spot" && pricePerHour !== undefined)).toBe(
      true,
    )
    await cluster.detach()

    const before = (await living(ec2)).length
    const dry = await Cluster.sweep({ provider, name: "swept", dryRun: true }, { journal })
    expect([dry.filter(({ kind }) => kind === "instance").length, dry.some(({ removed }) => removed)]).toEqual([
      12,
      false,
    ])
    expect((await living(ec2)).length).toBe(before)
    const gone = await Cluster.sweep({ provider, name: "swept" }, { journal })
    expect(gone.every(({ removed }) => removed)).toBe(true)
    expect((await living(ec2)).length).toBe(before - 12)
    const shared = await Cluster.sweep({ provider, shared: true })
    expect(shared.map(({ kind, removed }) => [kind, removed])).toEqual([["security-group", true]])
    expect((await ec2.describeLaunchTemplates({})).LaunchTemplates).toEqual([])
    expect((await ec2.describeVolumes({ Filters: [{ Name: "status", Values: ["available"] }] })).Volumes).toEqual([])
  })

  test.each([
    ["without fleets", { fleet: false }, { instanceType: "m5.large", market: "spot" }, "RunInstances"],
    ["with fleets alone", { fleet: true }, { instanceType: "m5.large", spread: "zones" }, "CreateFleet"],
    ["from several types", {}, { instanceType: ["m5.large", "m5a.large"], spread: "zones" }, "CreateFleet"],
    ["with addresses", {}, { instanceType: "m5.large", publicAddress: true }, "RunInstances"],
    ["with GPUs", {}, { gpu: { name: "T4", count: 1 }, market: "spot" }, "CreateFleet"],
    ["from the newest Ubuntu there is", {}, { instanceType: "m5.large", image: "ubuntu" }, "RunInstances"],
  ] as const)("%s", async (_what, changes, spec, api) => {
    const cluster = new Cluster({ ...base, provider: on(changes), ...spec }, options)
    const apis = callsOf(cluster)
    expect(await cluster.scale(3)).toMatchObject({ running: 3 })
    expect([...apis]).toContain(api)
    if ("publicAddress" in spec) expect(cluster.workers.every(({ publicIp }) => publicIp !== undefined)).toBe(true)
    expect((await cluster.close()).leaked).toEqual([])
    expect(await cluster.audit()).toEqual([])
  })

  test("subnets given by id, an image by id, and what does not exist named with what to do", async () => {
    const ec2 = new EC2(clients)
    const { Subnets = [] } = await ec2.describeSubnets({})
    const [first = "", second = ""] = Subnets.map(({ SubnetId }) => SubnetId)
    const provider = on({ subnetIds: [first, second], imageId: "ami-785db401" })
    const { image: _by, ...rest } = base
    const cluster = new Cluster({ ...rest, provider, instanceType: "m5.large", spread: "zones" }, options)
    expect(await cluster.scale(2)).toMatchObject({ running: 2 })
    expect(new Set((await living(ec2)).map(({ SubnetId }) => SubnetId))).toEqual(new Set([first, second]))
    expect((await cluster.close()).leaked).toEqual([])

    const wrong = async (changes: Partial<AwsOptions>, spec: { readonly instanceType: string }) => {
      const failed = new Cluster({ ...rest, provider: on(changes), ...spec }, options)
      const error = await failed.scale(1).catch((thrown: unknown) => String(thrown))
      await failed.close()
      return error
    }
    expect(await wrong({}, { instanceType: "m99.large" })).toMatch(/m99\.large.*check the type's name/)
    const gone = { subnetIds: ["subnet-0123456789abcdef0"] } as const
    expect(await wrong(gone, { instanceType: "m5.large" })).toMatch(/subnet-0123456789abcdef0.*check subnetIds/)
  })
})
