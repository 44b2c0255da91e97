/** Keys that end in the middle, that are rewritten, and that are no keys. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { EC2Client } from "@aws-sdk/client-ec2"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { type AwsClient, type AwsOptions, aws } from "../../../providers/aws/index.js"
import { Cluster } from "../../../src/cluster.js"
import { AuthError, TransientError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import { type Cloud, ec2, NO_ROOM, offersOf, optionsFor, OWNER, prepareOf, wishFor } from "../support/cloud.js"

type Keys = { readonly accessKeyId: string; readonly secretAccessKey: string }

/** "AKIA1", "AKIA2" … each time it is asked. */
function counting(more: object = {}): { readonly asked: () => number; readonly credentials: () => Promise<Keys> } {
  let asked = 0
  const credentials = async () => {
    asked += 1
    return { accessKeyId: `AKIA${asked}`, secretAccessKey: "secret", ...more }
  }
  return { asked: () => asked, credentials }
}

function list(cloud: Cloud, calls: Calls = cloud.bare()) {
  return cloud.run(cloud.provider.list({ uid: OWNER.uid }, calls))
}

const outcomes = (cloud: Cloud, api: string) => cloud.world.ledger.of(api).map(({ outcome }) => outcome)

function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error: Error) => error,
  )
}

describe("keys that EC2 does not accept any more", () => {
  afterEach(() => vi.unstubAllEnvs())

  test.each([
    ["no expiration", {}],
    ["one that is far away", { expiration: "2099-01-01T00:00:00Z" }],
  ])("with %s are asked for anew, and the request is sent again", async (_what, more) => {
    const keys = counting(more)
    const cloud = await ec2({ aws: { credentials: keys.credentials } })
    await list(cloud)
    cloud.wire.refuseKeys("RequestExpired", "AKIA1")
    expect(await list(cloud)).toEqual([])
    expect(keys.asked()).toBe(2)
    expect(outcomes(cloud, "DescribeInstances")).toEqual(["ok", "RequestExpired", "ok"])
  })

  test.each([
    "RequestExpired",
    "ExpiredToken",
    "ExpiredTokenException",
    "AuthFailure",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidToken",
  ])("told as %s", async (code) => {
    const keys = counting()
    const cloud = await ec2({ aws: { credentials: keys.credentials } })
    cloud.world.faults.fail("DescribeInstances", { error: "auth", code, message: "no" })
    expect(await list(cloud)).toEqual([])
    expect(keys.asked()).toBe(2)
  })

  test.each(["bare", "calls"] as const)("and never will: once, then an AuthError (%s)", async (kind) => {
    const keys = counting()
    const cloud = await ec2({ aws: { credentials: keys.credentials } })
    const error = { error: "auth", code: "ExpiredToken", message: "The security token is expired" } as const
    cloud.world.faults.rate("DescribeInstances", 1, { kind: "fail", ...error })
    const thrown = await errorOf(list(cloud, cloud[kind]()))
    expect(thrown).toBeInstanceOf(AuthError)
    expect(thrown.message).toContain("renew the credentials")
    expect([keys.asked(), outcomes(cloud, "DescribeInstances").length]).toEqual([2, 2])
  })

  test("is not what a missing right is", async () => {
    const keys = counting()
    const cloud = await ec2({ aws: { credentials: keys.credentials } })
    cloud.world.faults.fail("DescribeInstances", { error: "auth" })
    expect(await errorOf(list(cloud))).toMatchObject({ code: "UnauthorizedOperation" })
    expect(keys.asked()).toBe(1)
  })

  test("of a hundred requests at once are asked for once", async () => {
    const keys = counting()
    const cloud = await ec2({ world: { buckets: {} }, aws: { credentials: keys.credentials } })
    await list(cloud)
    cloud.wire.refuseKeys("RequestExpired", "AKIA1")
    const lists = Array.from({ length: 100 }, () => cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))
    expect((await cloud.run(Promise.all(lists))).flat()).toEqual([])
    expect(keys.asked()).toBe(2)
    expect(outcomes(cloud, "DescribeInstances").filter((outcome) => outcome === "ok")).toHaveLength(101)
  })

  test("in the middle of a launch: it is launched once, and known", async () => {
    const keys = counting()
    const cloud = await ec2({ aws: { credentials: keys.credentials } })
    const [call] = cloud.provider.split(wishFor(await offersOf(cloud), 3), await prepareOf(cloud), NO_ROOM)
    cloud.wire.refuseKeys("RequestExpired", "AKIA1")
    const { instances } = await cloud.run(cloud.provider.launch(call as never, cloud.bare()))
    expect(instances).toHaveLength(3)
    expect(cloud.world.truth()).toHaveLength(3)
    expect(outcomes(cloud, "RunInstances")).toEqual(["RequestExpired", "ok"])
  })

  test("keep nobody from ending what runs, and from removing what is left", async () => {
    const keys = counting()
    const cloud = await ec2({ aws: { credentials: keys.credentials } })
    const spec = { name: "render", provider: cloud.provider, instanceType: "m7i.large" } as const
    const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
    await cloud.run(cluster.scale(4))
    cloud.wire.refuseKeys("RequestExpired", "AKIA1")
    const receipt = await cloud.run(cluster.close())
    expect([receipt.instances.length, receipt.leaked]).toEqual([4, []])
    expect(cloud.world.truth({ states: ["pending", "running"] })).toEqual([])
    expect(cloud.world.resources.list({ kind: "launch-template" })).toEqual([])
    expect(outcomes(cloud, "TerminateInstances")).toEqual(["RequestExpired", "ok"])
    expect(keys.asked()).toBe(2)
  })

  test("of a ready-made client are resolved its own way", async () => {
    vi.stubEnv("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true")
    const keys = counting()
    const cloud = await ec2()
    const { url: endpoint } = cloud.wire
    const { credentials } = keys
    const client = new EC2Client({ region: "us-east-1", endpoint, credentials, maxAttempts: 1 }) as unknown as AwsClient
    const provider = aws({ region: "us-east-1", client })
    await cloud.run(provider.list({ uid: OWNER.uid }, cloud.bare()))
    cloud.wire.refuseKeys("AuthFailure", "AKIA1")
    expect(await cloud.run(provider.list({ uid: OWNER.uid }, cloud.bare()))).toEqual([])
    expect(keys.asked()).toBe(2)
  })
})

describe("keys in the shared file", () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "muster-keys-"))
    for (const name of Object.keys(process.env).filter((key) => key.startsWith("AWS_"))) vi.stubEnv(name, undefined)
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true")
    vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"))
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "credentials"))
  })

  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true })
  })

  const write = (key: string) =>
    writeFile(join(folder, "credentials"), `[default]\naws_access_key_id = ${key}\naws_secret_access_key = secret\n`)

  test("are read anew when they are refused, and by whoever comes later", async () => {
    await write("AKIAOLD")
    const cloud = await ec2({ aws: { credentials: undefined } })
    await list(cloud)
    await write("AKIANEW")
    cloud.wire.refuseKeys("AuthFailure", "AKIAOLD")
    expect(await list(cloud)).toEqual([])
    await write("AKIALAST")
    cloud.wire.refuseKeys("AuthFailure", "AKIAOLD", "AKIANEW")
    cloud.world.ledger.clear()
    const later = aws(optionsFor(cloud.wire, { credentials: undefined }))
    expect(await cloud.run(later.list({ uid: OWNER.uid }, cloud.bare()))).toEqual([])
    expect(outcomes(cloud, "DescribeInstances")).toEqual(["ok"])
  })
})

describe("what a function returns", () => {
  const good = { accessKeyId: "AKIA1", secretAccessKey: "secret" }
  const listWith = async (credentials: unknown) => list(await ec2({ aws: { credentials } as Partial<AwsOptions> }))

  test.each([
    ["the text of a date", { ...good, expiration: "2099-01-01T00:00:00+02:00" }],
    ["a date", { ...good, expiration: new Date("2099-01-01") }],
    ["null for none", { ...good, expiration: null }],
    ["more than is asked for", { ...good, sessionToken: "token", accountId: "123456789012", Version: 1 }],
  ])("may have %s", async (_what, keys) => {
    expect(await listWith(() => Promise.resolve(keys))).toEqual([])
  })

  test("need not be a promise", async () => {
    expect(await listWith(() => good)).toEqual([])
  })

  test.each([
    ["nothing", undefined, /it is undefined/],
    ["null", null, /it is null/],
    ["a text", "AKIA1:hush", /it is of type string/],
    [
      "an STS answer's names",
      { AccessKeyId: "AKIA1", SecretAccessKey: "hush" },
      /accessKeyId is undefined \(it has AccessKeyId, Sec/,
    ],
    ["a whole STS answer", { Credentials: { AccessKeyId: "hush" } }, /it has Credentials/],
    ["no secret", { accessKeyId: "AKIA1", secretAccessKey: "" }, /secretAccessKey is empty/],
    ["a token that is none", { ...good, sessionToken: 7 }, /sessionToken is of type number/],
    ["an expiration that is no date", { ...good, expiration: "soon" }, /expiration is of type string that is no date/],
  ])("and is %s is said, without a secret", async (_what, keys, message) => {
    const error = await errorOf(listWith(() => Promise.resolve(keys)))
    expect(error).toBeInstanceOf(AuthError)
    expect(error.message).toMatch(message)
    expect(error.message).toContain("return { accessKeyId, secretAccessKey, sessionToken?, expiration? }")
    expect(error.message).not.toMatch(/hush|AKIA1/)
  })

  test("that cannot be had just now is asked for again", async () => {
    let asked = 0
    const credentials = async () => {
      asked += 1
      if (asked === 1) throw new Error("the vault is sealed")
      return good
    }
    const cloud = await ec2({ aws: { credentials } })
    const error = await errorOf(list(cloud))
    expect(error).toBeInstanceOf(TransientError)
    expect(error.message).toBe("nothing was sent: the function given as aws.credentials failed: the vault is sealed")
    expect(await list(cloud, cloud.calls())).toEqual([])
    expect(cloud.world.ledger.count()).toBe(1)
  })

  test("by a provider of the SDK's that finds none is told as no keys", async () => {
    const none = Object.assign(new Error("the SSO session has expired"), { name: "CredentialsProviderError" })
    expect(await errorOf(listWith(() => Promise.reject(none)))).toMatchObject({ code: "NoCredentials" })
  })
})

test("keys that are given as they are may have the text of a date, and nothing that is none", async () => {
  const keys = { accessKeyId: "AKIA1", secretAccessKey: "secret", expiration: "2099-01-01T00:00:00Z" }
  expect(await list(await ec2({ aws: { credentials: keys } }))).toEqual([])
  const options = (more: object) => () => aws({ region: "us-east-1", credentials: { ...keys, ...more } })
  expect(options({ expiration: "soon" })).toThrow(/aws\.credentials\.expiration: is no date/)
  expect(options({ sessionToken: 7 })).toThrow(/aws\.credentials\.sessionToken: is no text/)
})

test.each([
  ["AuthFailure", "AWS was not able to validate the provided access credentials"],
  ["OptInRequired", "You are not subscribed to this service."],
])("a region that is not enabled (%s) is named, and how it is enabled", async (code, message) => {
  const cloud = await ec2()
  cloud.world.faults.rate("DescribeInstances", 1, { kind: "fail", error: "auth", code, message })
  const error = await errorOf(list(cloud))
  expect(error).toBeInstanceOf(AuthError)
  expect(error.message).toMatch(/region us-east-1.*opt-in/)
})
