/** EC2's answers to launches as outcomes: whatever the code and wherever it stands, nothing loops, stops what could go on, or gets lost. */
import { describe, expect, test } from "vitest"
import { readFleetErrors } from "../../../providers/aws/launch/failures.js"
import { EC2_TYPES, type ScriptedAnswer, subnetOf } from "../../../providers/aws/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import { AuthError, NotFoundError, OfferRefusedError, RejectedError, TransientError } from "../../../src/errors.js"
import type { Failure, LaunchCall } from "../../../src/provider.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { type Cloud, ec2, NO_ROOM, offersOf, prepareOf, wishFor, ZONE } from "../support/cloud.js"
import { fleetsOn, TYPES } from "../support/fleets.js"

type Answer = Omit<ScriptedAnswer, "api" | "place">

async function cloudWith(place: Pick<ScriptedAnswer, "api" | "place">, ...answers: readonly Answer[]): Promise<Cloud> {
  const cloud = await ec2({ aws: { subnetIds: undefined } })
  for (const answer of answers) cloud.wire.answers.give({ ...place, ...answer })
  return cloud
}

const inPools = (...answers: readonly Answer[]) => cloudWith({ api: "CreateFleet", place: "pool" }, ...answers)
const inFleets = (...answers: readonly Answer[]) => cloudWith({ api: "CreateFleet", place: "whole" }, ...answers)
const inRuns = (...answers: readonly Answer[]) => cloudWith({ api: "RunInstances", place: "whole" }, ...answers)

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}) {
  const problems: string[] = []
  const whole = { name: "render", provider: cloud.provider, instanceType: ["m7i.large", "c7i.large"], ...spec }
  const cluster = new Cluster(whole as ClusterSpec, { clock: cloud.clock, seed: 1, journal: false })
  cluster.on("problem", ({ message }) => void problems.push(message))
  return { cluster, problems }
}

const requests = (cloud: Cloud, api: string) => cloud.world.ledger.of(api).length
const markets = (cloud: Cloud) => cloud.world.truth().map(({ market, zone }) => `${market} ${zone}`)

async function spotCall(cloud: Cloud, count = 12): Promise<LaunchCall> {
  return fleetsOn(() => cloud).spotCall(count)
}

const launch = (cloud: Cloud, call: LaunchCall) => cloud.run(cloud.provider.launch(call, cloud.bare()))

function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error: Error) => error,
  )
}

const told = (failures: readonly Failure[]) =>
  failures
    .map(({ reason, code, scope, count }) => [reason, code, scope.zone, scope.instanceType, count].join(" "))
    .sort()

const NOT_SOLD = "is not supported in your requested Availability Zone"
const SECRET = "ThisIsNewToEverybody"

describe("one offer is refused, the others are asked", () => {
  test("a type that a zone does not sell, for all pools of one zone: the next zone", async () => {
    const code = { code: "InvalidFleetConfiguration", scope: { zone: ZONE } }
    const cloud = await inPools({ ...code, message: `Your requested instance type (T) ${NOT_SOLD} (Z).` })
    const { cluster } = clusterOn(cloud, { market: "spot-with-fallback" })
    expect((await cloud.run(cluster.scale(4))).running).toBe(4)
    expect(new Set(markets(cloud).map((place) => place.split(" ")[0]))).toEqual(new Set(["spot"]))
    expect(markets(cloud).join()).not.toContain(ZONE)
    await cloud.run(cluster.close())
  })

  test("in all zones of the market: the next market", async () => {
    const cloud = await inPools({
      code: "InvalidFleetConfiguration",
      message: `Your requested instance type (T) ${NOT_SOLD} (Z).`,
      scope: { market: "spot" },
    })
    const { cluster } = clusterOn(cloud, { market: "spot-with-fallback" })
    expect((await cloud.run(cluster.scale(4))).running).toBe(4)
    expect(new Set(markets(cloud).map((place) => place.split(" ")[0]))).toEqual(new Set(["on-demand"]))
    await cloud.run(cluster.close())
  })

  test("as EC2's own fleets say it, where a zone really does not sell a type", async () => {
    const types = EC2_TYPES.map((type) => ({ ...type, zones: ["us-east-1b", "us-east-1c"] }))
    const subnetIds = [{ id: subnetOf(ZONE), zone: ZONE }]
    const cloud = await ec2({ world: { types }, aws: { subnetIds } })
    const { failures } = await launch(cloud, await spotCall(cloud))
    const sorted = [...TYPES].sort()
    expect(told(failures)).toEqual(sorted.map((type) => `capacity InvalidFleetConfiguration ${ZONE} ${type} 4`))
  })

  test.each([
    ["UnsupportedOperation", "The instance configuration for this AWS Marketplace product is not supported."],
    ["InvalidParameterCombination", "The specified instance type is not eligible for Free Tier."],
    ["InvalidParameterValue", "The t2.micro instance type does not support an AMI with a boot mode of UEFI."],
    ["EncryptedVolumesNotSupported", "'/dev/sda1' is encrypted and 'm1.small' does not support encrypted volumes."],
    [SECRET, "Something that this type cannot do."],
  ])("%s for the first of two types: the second", async (code, message) => {
    const cloud = await inRuns({ code, message, scope: { instanceType: "m7i.large" } })
    const { cluster } = clusterOn(cloud, { order: "as-listed" })
    expect((await cloud.run(cluster.scale(4))).running).toBe(4)
    expect(new Set(cloud.world.truth().map(({ instanceType }) => instanceType))).toEqual(new Set(["c7i.large"]))
    expect(JSON.stringify(cluster.explain())).toContain(code)
    await cloud.run(cluster.close())
  })

  test.each([
    ["InvalidSubnetID.NotFound", "The subnet ID 'subnet-1' does not exist"],
    ["MissingInput", `No default subnet for availability zone: '${ZONE}'.`],
    ["InvalidParameterValue", `Invalid availability zone: [${ZONE}]`],
    [SECRET, "Something that cannot be done there."],
  ])("%s for one zone: another", async (code, message) => {
    const cloud = await inRuns({ code, message, scope: { zone: ZONE } })
    const { cluster } = clusterOn(cloud)
    expect((await cloud.run(cluster.scale(4))).running).toBe(4)
    expect(markets(cloud).join()).not.toContain(ZONE)
    await cloud.run(cluster.close())
  })

  test("a code that nobody knows, for one pool of a fleet: that pool rests, with its words", async () => {
    const scope = { zone: ZONE, instanceType: "m7i.large" }
    const cloud = await inPools({ code: SECRET, message: "Never seen before.", scope })
    cloud.world.setCapacity({ market: "spot" }, 1)
    const { instances, failures } = await launch(cloud, await spotCall(cloud, 30))
    expect(instances).toHaveLength(11)
    expect(failures.find(({ code }) => code === SECRET)).toMatchObject({ reason: "rejected", scope, ttlMs: 60_000 })
    expect(failures.find(({ code }) => code === SECRET)?.message).toContain(`Never seen before (${SECRET})`)
  })

  test("a code that nobody knows, for everything: the group stops with EC2's words, whatever is left", async () => {
    const cloud = await inRuns({ code: SECRET, message: "Never seen before." })
    const { cluster, problems } = clusterOn(cloud, { instanceType: ["m7i.large", "c7i.large", "t3.micro"] })
    const error = await errorOf(cloud.run(cluster.scale(4)))
    expect(error).toBeInstanceOf(RejectedError)
    expect(error.message).toContain(`Never seen before (${SECRET}`)
    expect(requests(cloud, "RunInstances")).toBeLessThanOrEqual(5)
    expect(problems.join()).toContain(SECRET)
    await cloud.run(cluster.close())
  })

  test("no role for spot: on demand where that is allowed, else EC2's words and what to do", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    cloud.world.resources.delete("service-linked-role", "AWSServiceRoleForEC2Spot")
    const { cluster } = clusterOn(cloud, { market: "spot-with-fallback" })
    expect((await cloud.run(cluster.scale(4))).running).toBe(4)
    await cloud.run(cluster.close())
    const spec = { name: "spot", provider: cloud.provider, instanceType: "m7i.large", market: "spot" } as const
    const spot = new Cluster(spec, { clock: cloud.clock, seed: 2, journal: false })
    const error = await errorOf(cloud.run(spot.scale(4)))
    expect(error).toBeInstanceOf(RejectedError)
    expect(error.message).toContain("aws iam create-service-linked-role")
    await cloud.run(spot.close())
  })
})

describe("a refusal of a whole fleet", () => {
  const scopeOf = async (message: string) => {
    const cloud = await inFleets({ code: SECRET, message })
    const error = await errorOf(launch(cloud, await spotCall(cloud)))
    expect(error).toBeInstanceOf(OfferRefusedError)
    return (error as OfferRefusedError).scope
  }
  const place = { provider: "aws", region: "us-east-1" }

  test.each([
    ["names a type and a zone", `Not c7i.large in us-east-1c.`, { zone: "us-east-1c", instanceType: "c7i.large" }],
    ["names a type", "The instance type 'm7i.4xlarge' will not do", { instanceType: "m7i.4xlarge" }],
    ["names a zone", "Nothing at all in (us-east-1b).", { zone: "us-east-1b", instanceType: "m7i.large" }],
    ["names nothing that was asked", "No m7i.large-flex, no us-east-1bb", { instanceType: "m7i.large" }],
  ])("is about what it %s", async (_what, message, scope) => {
    expect(await scopeOf(message)).toEqual({ ...place, ...scope })
  })

  test("for want of capacity is shared over all pools", async () => {
    const cloud = await inFleets({ code: "InsufficientInstanceCapacity", message: "None.", status: 500 })
    const { failures } = await launch(cloud, await spotCall(cloud))
    expect(failures).toHaveLength(12)
    expect(new Set(failures.map(({ count }) => count))).toEqual(new Set([1]))
  })

  test("with a server error is no refusal: it may have been done", async () => {
    const cloud = await inFleets({ code: SECRET, message: "Oops.", status: 500 })
    expect(await errorOf(launch(cloud, await spotCall(cloud)))).toBeInstanceOf(TransientError)
  })
})

describe("what a fleet says of single pools", () => {
  test("passes: asked again within seconds, and not called a lack of capacity", async () => {
    for (const code of ["InternalError", "Unavailable", "RequestLimitExceeded", "InternalFailure"]) {
      const cloud = await ec2({ aws: { subnetIds: undefined } })
      const until = cloud.clock.now() + 20_000
      cloud.wire.answers.give({ api: "CreateFleet", place: "pool", code, message: "An error.", untilMs: until })
      const { cluster } = clusterOn(cloud, { market: "spot" })
      expect((await cloud.run(cluster.scale(4))).running).toBe(4)
      expect(cloud.clock.now() - until).toBeLessThan(40_000)
      expect(requests(cloud, "CreateFleet")).toBeLessThan(8)
      await cloud.run(cluster.close())
    }
  })

  test("is told with the reason that each pool has", async () => {
    const cloud = await inPools(
      { code: "InternalError", message: "Oops.", scope: { zone: "us-east-1a" } },
      { code: "UnauthorizedOperation", message: "Not you.", scope: { zone: "us-east-1b" } },
      { code: "InsufficientInstanceCapacity", message: "None.", scope: { zone: "us-east-1c" } },
      { code: SECRET, message: "New.", scope: { zone: "us-east-1d" } },
    )
    const { instances, failures, problem } = await launch(cloud, await spotCall(cloud))
    expect([instances, problem]).toEqual([[], undefined])
    const kinds = new Set(failures.map(({ reason, code, scope, ttlMs }) => `${scope.zone} ${reason} ${code} ${ttlMs}`))
    expect([...kinds].sort()).toEqual([
      "us-east-1a transient InternalError 2000",
      "us-east-1b rejected UnauthorizedOperation 60000",
      "us-east-1c capacity InsufficientInstanceCapacity 180000",
      `us-east-1d rejected ${SECRET} 60000`,
    ])
    expect(failures.reduce((sum, { count }) => sum + count, 0)).toBe(12)
  })

  test("is hopeless for all: thrown, or told beside what was made", async () => {
    const refusal = { code: "UnauthorizedOperation", message: "You are not authorized to perform iam:PassRole." }
    const cloud = await inPools(refusal)
    const error = await errorOf(launch(cloud, await spotCall(cloud)))
    expect(error).toBeInstanceOf(AuthError)
    expect(error.message).toContain("iam:PassRole (UnauthorizedOperation); allow this action to the principal")
    const half = await ec2({ aws: { subnetIds: undefined, fleet: true } })
    const [call] = await fleetsOn(() => half).splitOn("on-demand", 12, { spread: "one-zone" })
    half.world.setCapacity({}, 1)
    half.wire.answers.give({ api: "CreateFleet", place: "pool", ...refusal, scope: { instanceType: "c7i.large" } })
    const { instances, failures, problem } = await launch(half, call as LaunchCall)
    expect([instances.length, problem]).toEqual([2, undefined])
    expect(failures.filter(({ reason }) => reason === "rejected")).toMatchObject([
      { code: "UnauthorizedOperation", scope: { zone: ZONE, instanceType: "c7i.large" } },
    ])
  })

  test("beside the reasons of those that were tried: the untried ones are not called empty", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined }, wire: { fleetTries: 3 } })
    cloud.world.setCapacity({ market: "spot" }, 0)
    const { failures } = await launch(cloud, await spotCall(cloud))
    expect(failures).toHaveLength(3)
    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(["InsufficientInstanceCapacity"]))
    cloud.world.setCapacity({ market: "spot", zone: "us-east-1d", instanceType: "c7i.large" }, 10)
    const { cluster } = clusterOn(cloud, { name: "again", market: "spot", instanceType: TYPES })
    expect((await cloud.run(cluster.scale(4))).running).toBe(4)
    await cloud.run(cluster.close())
  })

  test("and names no pool at all is about the best that was asked", async () => {
    const call = await spotCall(await ec2({ aws: { subnetIds: undefined } }))
    const means = { region: "us-east-1", namedGroups: [] }
    const errors = [{ ErrorCode: SECRET, ErrorMessage: "Who knows." }]
    const { failures } = readFleetErrors(means, call, errors, 0)
    expect(failures).toMatchObject([{ reason: "rejected", count: 12, scope: { instanceType: "m7i.large" } }])
  })
})

describe("an instance profile that is new", () => {
  const withProfile = async (fleet: boolean) => {
    const cloud = await ec2({ aws: { subnetIds: undefined, instanceProfile: "ci-workers", fleet } })
    return { cloud, ...clusterOn(cloud, { instanceType: TYPES }) }
  }

  test.each([false, true])("is waited for (fleets: %s)", async (fleet) => {
    const { cloud, cluster } = await withProfile(fleet)
    const profile = { kind: "instance-profile", id: "ci-workers", tags: {} }
    cloud.world.after(10_000, () => void cloud.world.resources.put({ ...profile, attributes: {} }))
    cloud.world.after(20_000, () => void cloud.world.resources.put({ ...profile, attributes: { role: "ci" } }))
    const begun = cloud.clock.now()
    expect((await cloud.run(cluster.scale(4))).running).toBe(4)
    expect(cloud.clock.now() - begun).toBeLessThan(60_000)
    await cloud.run(cluster.close())
  })

  test.each([false, true])(
    "and one that is not there stops after two minutes with EC2's words (fleets: %s)",
    async (fleet) => {
      const { cloud, cluster, problems } = await withProfile(fleet)
      const begun = cloud.clock.now()
      const error = await errorOf(cloud.run(cluster.scale(4)))
      expect(error).toBeInstanceOf(RejectedError)
      expect(error.message).toMatch(
        /Value \(ci-workers\) for parameter iamInstanceProfile\.name is invalid.*check instanceProfile/,
      )
      expect(cloud.clock.now() - begun).toBeGreaterThanOrEqual(120_000)
      expect(cloud.clock.now() - begun).toBeLessThan(300_000)
      expect(requests(cloud, fleet ? "CreateFleet" : "RunInstances")).toBeLessThan(20)
      expect(problems.join()).toContain("ci-workers")
      await cloud.run(cluster.close())
    },
  )

  test("is not the cloud's not knowing: nothing was made", async () => {
    const cloud = await ec2({ aws: { instanceProfile: "ci-workers" } })
    const [call] = cloud.provider.split(wishFor(await offersOf(cloud), 2), await prepareOf(cloud), NO_ROOM)
    const error = await errorOf(launch(cloud, call as LaunchCall))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ ours: false, graceMs: 120_000 })
  })
})

describe("what EC2 does not answer", () => {
  test("fleets end in server errors for ever: spot is given up for on demand", async () => {
    const cloud = await ec2()
    const message = "An internal error has occurred"
    cloud.wire.answers.give({ api: "CreateFleet", place: "whole", code: "InternalError", message })
    const { cluster, problems } = clusterOn(cloud, { market: "spot-with-fallback" })
    const begun = cloud.clock.now()
    expect((await cloud.run(cluster.scale(4, { timeout: "1h" }))).running).toBe(4)
    expect(new Set(markets(cloud).map((place) => place.split(" ")[0]))).toEqual(new Set(["on-demand"]))
    expect(cloud.clock.now() - begun).toBeLessThan(20 * 60_000)
    expect(requests(cloud, "CreateFleet")).toBeLessThan(40)
    expect(problems.join()).toContain(message)
    await cloud.run(cluster.close())
    expect(cloud.world.truth()).toHaveLength(4)
  })
})

test("instances that a key keeps from booting trip the breaker, with EC2's words", async () => {
  const words = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
  const cloud = await cloudWith(
    { api: "RunInstances", place: "failed-view" },
    { code: "Client.InternalError", message: words },
  )
  const { cluster } = clusterOn(cloud, { instanceType: "m7i.large" })
  const error = await errorOf(cloud.run(cluster.scale(4)))
  expect(String(error)).toContain("The KMS key provided is in an incorrect state")
  expect(cloud.world.truth().length).toBeLessThanOrEqual(20)
  await cloud.run(cluster.close())
})
