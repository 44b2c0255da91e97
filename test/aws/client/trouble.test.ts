import { afterEach, describe, expect, test, vi } from "vitest"
import { systemClock } from "../../../src/calls/clock.js"
import { AuthError, RejectedError, ThrottledError, TransientError } from "../../../src/errors.js"
import type { Calls, LaunchCall } from "../../../src/provider.js"
import { type Cloud, ec2, launchMany, NO_ROOM, offersOf, OWNER, prepareOf, wishFor } from "../support/cloud.js"

const SELECTOR = { uid: OWNER.uid }

async function callFor(cloud: Cloud, count = 3): Promise<LaunchCall> {
  const [call] = cloud.provider.split(wishFor(await offersOf(cloud), count), await prepareOf(cloud), NO_ROOM)
  if (call === undefined) throw new Error("no launch call")
  return call
}

async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error: Error) => error,
  )
}

test("the SDK prints no warning, and the environment is as it was", async () => {
  const warnings = vi.spyOn(process, "emitWarning")
  const before = { ...process.env }
  const cloud = await ec2()
  await cloud.run(cloud.provider.list(SELECTOR, cloud.bare()))
  expect(warnings).not.toHaveBeenCalled()
  expect({ ...process.env }).toEqual(before)
})

describe("credentials", () => {
  afterEach(() => vi.unstubAllEnvs())

  test("none: which ways were tried, and what to do", async () => {
    for (const name of Object.keys(process.env).filter((key) => key.startsWith("AWS_"))) vi.stubEnv(name, undefined)
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true")
    vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent/config")
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    const cloud = await ec2({ aws: { credentials: undefined } })
    const error = await errorOf(cloud.run(cloud.provider.list(SELECTOR, cloud.calls())))
    expect(error).toBeInstanceOf(AuthError)
    expect(error.message).toMatch(/^listing instances: no AWS credentials/)
    expect(error.message).toContain('run "aws configure" or "aws sso login", or pass credentials to aws()')
    expect(cloud.world.ledger.count()).toBe(0)
  })

  test("a function of the user's that fails: its words are not lost", async () => {
    const credentials = () => Promise.reject(new Error("the vault is sealed"))
    const cloud = await ec2({ aws: { credentials } })
    const error = await errorOf(cloud.run(cloud.provider.list(SELECTOR, cloud.bare())))
    expect(error.message).toContain("the vault is sealed")
  })

  test("a clock that is an hour off is corrected by the first answer", async () => {
    const cloud = await ec2({ wire: { wallClock: { now: () => systemClock.now() + 3_600_000 } } })
    await expect(cloud.run(cloud.provider.list(SELECTOR, cloud.calls()))).resolves.toEqual([])
    expect(cloud.world.ledger.entries.map(({ outcome }) => outcome)).toEqual(["RequestExpired", "ok"])
  })
})

describe("on the way", () => {
  test("a request that hangs ends at the attempt's deadline and is sent again", async () => {
    const cloud = await ec2()
    cloud.world.faults.hang("DescribeInstances")
    const start = cloud.clock.now()
    await expect(cloud.run(cloud.provider.list(SELECTOR, cloud.calls()))).resolves.toEqual([])
    expect(cloud.clock.now() - start).toBeGreaterThan(cloud.provider.limits.attemptMs)
    expect(cloud.world.ledger.entries.map(({ outcome }) => outcome)).toEqual(["aborted", "ok"])
  })

  test.each(["cutReply", "garbleReply", "loseReply"] as const)("%s: the list is read again", async (fault) => {
    const cloud = await ec2()
    const made = await launchMany(cloud, 3)
    cloud.world.faults[fault]("DescribeInstances")
    const found = await cloud.run(cloud.provider.list(SELECTOR, cloud.calls()))
    expect(found.map(({ id }) => id)).toEqual(made.map(({ id }) => id))
  })

  test.each(["cutReply", "garbleReply", "loseReply"] as const)(
    "%s of a launch: the same instances, no second set",
    async (fault) => {
      const cloud = await ec2()
      const call = await callFor(cloud)
      cloud.world.faults[fault]("RunInstances")
      const { instances, settled } = await cloud.run(cloud.provider.launch(call, cloud.calls()))
      expect(settled).toBe(true)
      expect(instances.map(({ id }) => id)).toEqual(cloud.world.truth().map(({ id }) => id))
      expect(instances).toHaveLength(3)
      const [first, second] = cloud.world.ledger.of("RunInstances")
      expect(second?.parameters).toEqual(first?.parameters)
    },
  )

  test("a list that fails on page 3 is an error, not a short list", async () => {
    const cloud = await ec2({ world: { buckets: {} } })
    for (let n = 0; n < 3; n += 1) await launchMany(cloud, 750)
    const isPageThree = (parameters: unknown) => pages.add(parameters) && pages.size > 2
    const pages = new Set<unknown>()
    cloud.world.faults.fail("DescribeInstances", { error: "transient", when: isPageThree })
    expect(await errorOf(cloud.run(cloud.provider.list(SELECTOR, cloud.bare())))).toBeInstanceOf(TransientError)
    expect(cloud.world.ledger.count("DescribeInstances")).toBe(3)
    expect(await cloud.run(cloud.provider.list(SELECTOR, cloud.bare()))).toHaveLength(2250)
  })

  test.each(["RunInstances", "DescribeInstances", "TerminateInstances", "DescribeInstanceTypes"])(
    "%s is throttled: said so, and done later",
    async (api) => {
      const cloud = await ec2()
      cloud.world.faults.fail(api, { error: "throttled", times: 2 })
      const made = await launchOne(cloud, cloud.calls())
      expect(await cloud.run(cloud.provider.list(SELECTOR, cloud.calls()))).toHaveLength(1)
      const { accepted } = await cloud.run(cloud.provider.terminate(made, cloud.calls()))
      expect(accepted).toHaveLength(1)
      expect(cloud.world.truth()).toHaveLength(1)
      expect(cloud.world.ledger.of(api).map(({ outcome }) => outcome)).toEqual(["throttled", "throttled", "ok"])
    },
  )

  async function launchOne(cloud: Cloud, calls: Calls) {
    const offers = await offersOf(cloud, ["m7i.large"], calls)
    const [call] = cloud.provider.split(wishFor(offers, 1), await prepareOf(cloud), NO_ROOM)
    if (call === undefined) throw new Error("no launch call")
    return (await cloud.run(cloud.provider.launch(call, calls))).instances
  }

  test("a throttle names the request and EC2's own words", async () => {
    const cloud = await ec2({ world: { buckets: { DescribeInstances: { kind: "token", capacity: 1, perSecond: 0 } } } })
    await cloud.run(cloud.provider.list(SELECTOR, cloud.bare()))
    const error = await errorOf(cloud.run(cloud.provider.list(SELECTOR, cloud.bare())))
    expect(error).toBeInstanceOf(ThrottledError)
    expect(error.message).toMatch(
      /^listing instances: Account 123456789012 has been throttled on ec2:DescribeInstances.*\(RequestLimitExceeded, request [0-9a-f-]+\)$/,
    )
  })

  test("a token that was used for another body: refused, and named", async () => {
    const cloud = await ec2()
    const call = await callFor(cloud)
    await cloud.run(cloud.provider.launch(call, cloud.calls()))
    const other = { ...call, body: { ...call.body, MaxCount: 4 } }
    const error = await errorOf(cloud.run(cloud.provider.launch(other, cloud.calls())))
    expect(error).toBeInstanceOf(RejectedError)
    expect(error.message).toContain(`muster-launch=${call.token}`)
    expect(cloud.world.truth()).toHaveLength(3)
  })
})

describe("abort", () => {
  const verbs: Readonly<Record<string, (cloud: Cloud, calls: Calls) => Promise<unknown>>> = {
    offers: (cloud, calls) => cloud.provider.offers({ markets: ["on-demand"] }, calls),
    list: (cloud, calls) => cloud.provider.list(SELECTOR, calls),
  }

  test.each(Object.entries(verbs))("in the middle of %s: the caller's reason, unchanged", async (_name, verb) => {
    const cloud = await ec2({ world: { latency: { requestMs: 1_000 } } })
    const controller = new AbortController()
    const reason = { word: "stop" }
    cloud.clock.timer(500, () => controller.abort(reason))
    await expect(cloud.run(verb(cloud, cloud.calls({ signal: controller.signal })))).rejects.toBe(reason)
  })

  test("while it waits to try again: at once", async () => {
    const cloud = await ec2()
    cloud.world.faults.fail("DescribeInstances", { error: "throttled", retryAfterMs: 60_000, times: 9 })
    const controller = new AbortController()
    const reason = new Error("stop")
    cloud.clock.timer(5_000, () => controller.abort(reason))
    const start = cloud.clock.now()
    await expect(cloud.run(cloud.provider.list(SELECTOR, cloud.calls({ signal: controller.signal })))).rejects.toBe(
      reason,
    )
    expect(cloud.clock.now() - start).toBe(5_000)
  })
})
