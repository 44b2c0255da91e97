/** Accounts in trouble, over the wires: what a live walk is refused for, and what it makes all the same. */
import { EC2Client } from "@aws-sdk/client-ec2"
import { STS } from "@aws-sdk/client-sts"
import { describe, expect, test } from "vitest"
import { type AwsClient, type AwsOptions, aws } from "../../../providers/aws/index.js"
import type { Ec2WireOptions } from "../../../providers/aws/wire/index.js"
import { gcp } from "../../../providers/gcp/index.js"
import { book } from "../../../providers/gcp/rights/index.js"
import type { GceWireOptions } from "../../../providers/gcp/wire/index.js"
import { liveDoctor, type LiveOptions, type LivePlan, type LiveReport } from "../../../src/doctor.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Provider } from "../../../src/provider.js"
import { usualPurposes } from "../../../src/rights.js"
import type { WorldOptions } from "../../../src/simulator/index.js"
import { ec2 } from "../../aws/support/cloud.js"
import { gce, optionsFor } from "../../gcp/support/cloud.js"
import type { Cloud } from "../../support/cloud.js"
import { playGuests } from "./support.js"

async function live<W>(cloud: Cloud<W>, options: Partial<LiveOptions> = {}): Promise<LiveReport> {
  const { provider, clock } = cloud
  const given = { clock, journal: false, env: {}, confirm: () => true, ...options } as const
  return cloud.run(liveDoctor({ provider }, given))
}

/** @returns why, once it is sure that nothing was made. */
async function refusal<W>(cloud: Cloud<W>): Promise<string> {
  const { refused, status, walk } = await live(cloud)
  expect([status, walk, cloud.world.truth({})]).toEqual(["fail", undefined, []])
  return refused ?? ""
}

const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "planted-secret" }

async function account(wire: Partial<Ec2WireOptions> = {}, more: Partial<AwsOptions> = {}) {
  const cloud = await ec2({ wire })
  const settings = { region: "us-east-1", endpoint: cloud.wire.url, credentials: KEYS, maxAttempts: 1 } as const
  const client = new EC2Client(settings) as unknown as AwsClient
  const sts = new STS(settings)
  return { ...cloud, provider: aws({ region: "us-east-1", client, clients: { sts }, ...more }) }
}

describe("credentials", () => {
  test("that are not there", async () => {
    const missing = () =>
      Promise.reject(Object.assign(new Error("Could not load credentials"), { name: "CredentialsProviderError" }))
    const why = await refusal(await ec2({ aws: { credentials: missing } }))
    expect(why).toMatch(/^doctor fails, and nothing was made: .*credential: .*no AWS credentials/)
  })

  test("that have expired", async () => {
    const cloud = await account()
    cloud.wire.refuseKeys("RequestExpired", KEYS.accessKeyId)
    expect(await refusal(cloud)).toMatch(/credential: .*RequestExpired/)
  })

  test("of another partition", async () => {
    expect(await refusal(await account({ partition: "aws-cn" }))).toMatch(/credential: .* of the partition aws-cn/)
  })
})

test("a quota of 0", async () => {
  const serviceQuotas = { send: () => Promise.resolve({ Quota: { Value: 0 } }) } as unknown as AwsClient
  expect(await refusal(await account({}, { clients: { serviceQuotas } }))).toMatch(/quota: .* has 0 of 0 vCPU left/)
})

const USUAL = book.rights.filter(({ for: purposes }) => purposes.some((name) => usualPurposes(book).has(name)))
const NAMES = USUAL.map(({ name }) => name)

/** @param isKnown whether the principal's permissions can be asked for. */
async function project(
  wire: Partial<GceWireOptions>,
  { isKnown = true, world = {} }: { isKnown?: boolean; world?: Partial<WorldOptions> } = {},
) {
  const cloud = await gce({ wire, world: { quotas: [{ name: "CPUS", family: "cpus", vcpus: 24 }], ...world } })
  const { url } = cloud.wire
  const own = { billingEndpoint: url, ...(isKnown ? { resourceManagerEndpoint: url } : {}) }
  const provider: Provider = gcp({ ...optionsFor(cloud.wire), ...own })
  return { ...cloud, provider }
}

describe("a principal that may", () => {
  test("do nothing", async () => {
    expect(await refusal(await project({ permissions: [] }))).toMatch(
      /^doctor fails, and nothing was made: .*rights: no: /,
    )
  })

  test("only read", async () => {
    const permissions = NAMES.filter((name) => /\.(get|list)/.test(name))
    expect(await refusal(await project({ permissions }))).toMatch(/rights: no: .*compute\.instances\.create/)
  })

  const allButDelete = NAMES.filter((name) => name !== "compute.instances.delete")

  test("do everything but delete, which is known", async () => {
    expect(await refusal(await project({ permissions: allButDelete }))).toMatch(
      /rights: no: compute\.instances\.delete/,
    )
  })

  test("do everything but delete, which cannot be known: one machine, which ends itself", async () => {
    const cloud = await project({ permissions: allButDelete }, { isKnown: false })
    const { world, clock } = cloud
    const stop = playGuests({ world, clock, programOf: ({ tags }) => tags[TAG.deadline] ?? "", linesOf: () => [] })
    const plans: LivePlan[] = []
    const confirm = (plan: LivePlan) => {
      plans.push(plan)
      return true
    }
    const { status, walk, refused } = await live(cloud, { confirm })
    stop()
    expect([status, refused, plans[0]?.unknownRights]).toEqual(["fail", undefined, ["compute.instances.delete"]])
    expect(walk?.workers).toHaveLength(1)
    expect(walk?.stopped).toMatch(/^could not end \S+doctor-\S+: .*IAM_PERMISSION_DENIED/)
    expect(world.truth({ states: ["pending", "running"] })).toEqual([])
  })
})

test("a region without the usual small types: the cheapest that there is, and no more than the budget", async () => {
  const large = { name: "n2-standard-4", family: "n2", vcpus: 4, memoryGiB: 16, arch: "x86_64" } as const
  const cloud = await project({ permissions: NAMES }, { world: { types: [large] } })
  const { plan, refused, doctor } = await live(cloud, { budgetUsd: 0.01 })
  expect(doctor.lines.find(({ check }) => check === "types")?.status).toBe("fail")
  expect(plan?.instanceType).toBe("n2-standard-4")
  expect(refused).toMatch(/^it could cost up to 0\.\d+ USD, and 0\.01 USD are allowed/)
  expect(cloud.world.truth({})).toEqual([])
})
