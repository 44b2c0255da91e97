/** Doctor on EC2, over its wire: principals of all kinds, keys of all kinds, regions that lack something. */
import { EC2Client } from "@aws-sdk/client-ec2"
import { STS } from "@aws-sdk/client-sts"
import { describe, expect, test } from "vitest"
import { type AwsClient, type AwsOptions, aws } from "../../providers/aws/index.js"
import { book } from "../../providers/aws/rights/index.js"
import type { Ec2WireOptions, Statement } from "../../providers/aws/wire/index.js"
import type { WorldOptions } from "../../src/simulator/index.js"
import { usualPurposes } from "../../src/rights.js"
import { type Cloud, ec2, launchMany } from "../aws/support/cloud.js"
import { isLong } from "../support/long.js"
import { examined, one, rightsIn, shown, told, troubles } from "./support.js"

const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "planted-secret", sessionToken: "planted-token" }

interface Given {
  readonly wire?: Partial<Ec2WireOptions>
  readonly world?: Partial<WorldOptions>
  readonly aws?: Partial<AwsOptions>
}

/** A client of the user's own stands for AWS itself: what only imitates EC2 is not given creations to try. */
async function account({ wire = {}, world = {}, aws: more = {} }: Given = {}): Promise<Cloud> {
  const cloud = await ec2({ wire, world })
  const settings = { region: "us-east-1", endpoint: cloud.wire.url, credentials: KEYS, maxAttempts: 1 } as const
  const client = new EC2Client(settings) as unknown as AwsClient
  return { ...cloud, provider: aws({ region: "us-east-1", client, prices: { "t3.micro": 0.01 }, ...more }) }
}

function statements(purposes: ReadonlySet<string> = usualPurposes(book)): readonly Statement[] {
  return (JSON.parse(book.policy(purposes)) as { readonly Statement: readonly Statement[] }).Statement
}

/** The same policy without some actions. */
function without(isLeftOut: (action: string) => boolean): readonly Statement[] {
  const rest = statements().map((one) => ({
    ...one,
    Action: [one.Action].flat().filter((action) => !isLeftOut(action)),
  }))
  return rest.filter(({ Action }) => Action.length > 0)
}

/** The wire dates its answers by the machine's clock, and the rest of this runs on a virtual one. */
const troublesOf = (report: Parameters<typeof troubles>[0]) => troubles(report).filter((one) => !one.endsWith(" clock"))

test("a principal with the printed policy has every right that can be asked for", async () => {
  const cloud = await account({ wire: { policy: statements() } })
  const report = await examined(cloud)
  expect(rightsIn(report, "no")).toEqual([])
  expect(rightsIn(report, "yes")).toContain("ec2:CreateTags (RunInstances)")
  expect(rightsIn(report, "cannot be known")).toContain("ec2:TerminateInstances")
  expect(troublesOf(report)).toEqual(["warn rights", "warn quota"])
  expect(one(report, "credential").text).toBe("accepted, key AKID…MPLE, from the options (credentials)")
  expect(one(report, "types").text).toMatch(/^t3\.micro in us-east-1a, .*\(on-demand\)$/)
  expect(one(report, "prices").text).toMatch(/^from 0\.01 USD an hour \(t3\.micro/)
  expect(one(report, "image").text).toMatch(/^ami-\w+ \(x86_64\)$/)
  expect(one(report, "network").text).toMatch(/^subnet-\w+ \(us-east-1a, 4091 addresses free\), .*public IPv4 address/)
  expect(one(report, "leftovers").text).toMatch(/^nothing is left of clusters that are over/)
  const creates = cloud.world.ledger.entries.filter(({ api }) => !/^(Describe|Get)/.test(api))
  expect(new Set(creates.map(({ outcome }) => outcome))).toEqual(
    new Set(["DryRunOperation", "InvalidLaunchTemplateName.NotFoundException"]),
  )
  // The SDK itself is asked for the keys.
  expect(report.requests["aws us-east-1"]).toBe(cloud.world.ledger.count() + 1)
  expect(JSON.stringify(report)).not.toMatch(/planted/)
})

describe("rights", () => {
  test("a principal that may do nothing is told so of each thing, and nothing stops", async () => {
    const report = await examined(await account({ wire: { policy: [] } }))
    expect(report.status).toBe("fail")
    expect(one(report, "credential").status).toBe("ok")
    expect(rightsIn(report, "yes")).toEqual([])
    expect(rightsIn(report, "no")).toEqual(
      expect.arrayContaining(["ec2:RunInstances", "ec2:DescribeInstances", "ec2:CreateFleet"]),
    )
    expect(troublesOf(report)).toEqual(expect.arrayContaining(["fail rights", "fail image", "warn leftovers"]))
    for (const check of ["types", "image", "network", "rights", "quota", "leftovers"])
      expect(told(report, check).length, `${check}\n${shown(report)}`).toBeGreaterThan(0)
  })

  test("one that may only read lacks what launches, and the line says what for", async () => {
    const policy = without((action) => !/^ec2:(Describe|Get)/.test(action))
    const report = await examined(await account({ wire: { policy } }))
    const [launch = ""] = told(report, "rights").filter((text) => text.startsWith("fail"))
    expect(launch).toMatch(
      /^fail no: ec2:RunInstances.* \(launching, listing and ending workers\): nothing can be launched/,
    )
    expect(rightsIn(report, "yes")).toContain("ec2:DescribeImages")
    expect(report.lines.find(({ text }) => launch.endsWith(text))?.remedy).toBe(
      "allow it: muster policy aws prints the policy",
    )
  })

  test("of one that may do everything but delete it is told where there is something to try it on", async () => {
    const policy = without((action) => /^ec2:(Terminate|Delete)/.test(action))
    const cloud = await account({ wire: { policy } })
    expect(rightsIn(await examined(cloud), "cannot be known")).toContain("ec2:TerminateInstances")
    await launchMany(cloud, 1)
    await cloud.run(cloud.clock.sleep(30_000))
    const report = await examined(cloud)
    expect(rightsIn(report, "no")).toContain("ec2:TerminateInstances")
    expect(told(report, "rights").join()).toMatch(/fail no: ec2:TerminateInstances/)
    expect(report.status).toBe("fail")
  })

  const asked = book.rights.filter(
    ({ ask, for: purposes }) => ask === "alone" && purposes.some((one) => usualPurposes(book).has(one)),
  )
  const names = [...new Set(asked.map(({ name }) => name))]
  test.each(isLong ? names : ["ec2:CreateTags"])("without %s alone it is that which is missing", async (left) => {
    const report = await examined(await account({ wire: { policy: without((action) => action === left) } }))
    expect([...new Set(rightsIn(report, "no").map((name) => name.replace(/ \(.*/, "")))]).toEqual([left])
  })

  test("what only imitates EC2 is not given creations to try", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined, imageId: undefined } })
    const report = await examined(cloud)
    expect(cloud.world.ledger.entries.filter(({ api }) => !/^(Describe|Get)/.test(api))).toEqual([])
    expect(told(report, "rights").join()).toContain("might not take a trial for one")
  })
})

test("all that can be asked for at once is asked in 40 requests", async () => {
  const cloud = await account()
  await launchMany(cloud, 3)
  await cloud.run(cloud.clock.sleep(30_000))
  const attributes = { zone: "us-east-1a" }
  const tags = { "muster-uid": "feedfeedfeedfeed", "muster-cluster": "gone", "muster-owner": "default" }
  for (const kind of ["volume", "network-interface"])
    cloud.world.resources.add({ kind, id: `${kind === "volume" ? "vol" : "eni"}-0a0a0a0a0a0a0a0a0`, tags, attributes })
  const groups = { a: { market: "spot", vcpus: { min: 2, max: 4 } }, b: { instanceType: "m7g.large" } } as const
  const report = await examined(cloud, { groups, access: "192.0.2.7/32", peers: true })
  expect(JSON.stringify(report)).not.toContain("not asked")
  expect(rightsIn(report, "yes")).toEqual(
    expect.arrayContaining([
      "ec2:TerminateInstances",
      "ec2:DeleteVolume",
      "ec2:DeleteNetworkInterface",
      "ec2:GetConsoleOutput",
    ]),
  )
  expect(JSON.stringify(one(report, "leftovers").data)).toContain("volume vol-0a0a0a0a0a0a0a0a0")
  expect(told(report, "types")).toHaveLength(2)
})

describe("keys", () => {
  test("that are not there", async () => {
    const missing = () =>
      Promise.reject(Object.assign(new Error("Could not load credentials"), { name: "CredentialsProviderError" }))
    const cloud = await ec2({ aws: { credentials: missing } })
    const report = await examined(cloud)
    expect(one(report, "credential").text).toMatch(/no AWS credentials .*run "aws configure"/)
    expect(troubles(report)).toEqual(["fail credential", "warn others"])
    expect([report.status, cloud.world.ledger.count()]).toEqual(["fail", 0])
  })

  test.each(["RequestExpired", "AuthFailure"] as const)("that are refused with %s", async (code) => {
    const cloud = await account()
    cloud.wire.refuseKeys(code, KEYS.accessKeyId)
    const report = await examined(cloud)
    expect(one(report, "credential")).toMatchObject({ status: "fail", text: expect.stringContaining(code) })
    expect(troublesOf(report)).toEqual(["fail credential", "warn others"])
  })

  /** The wire's own STS, by the real client. */
  async function withSts(wire: Given["wire"] = {}): Promise<Cloud> {
    const cloud = await account({ wire })
    const settings = { region: "us-east-1", endpoint: cloud.wire.url, credentials: KEYS, maxAttempts: 1 } as const
    const client = new EC2Client(settings) as unknown as AwsClient
    return { ...cloud, provider: aws({ region: "us-east-1", client, clients: { sts: new STS(settings) } }) }
  }

  test("say whose they are by STS", async () => {
    const text = one(await examined(await withSts()), "credential").text
    expect(text).toMatch(/^account 123456789012, arn:aws:iam::123456789012:user\/test, key AKID…MPLE/)
  })

  test("of another partition", async () => {
    const { status, text } = one(await examined(await withSts({ partition: "aws-cn" })), "credential")
    expect([status, text]).toEqual(["fail", "the credentials are of the partition aws-cn, and us-east-1 is of aws"])
  })

  test("that STS knows, and a region that is not enabled does not", async () => {
    const cloud = await withSts()
    const message = "AWS was not able to validate the provided access credentials"
    cloud.wire.answers.give({ api: "DescribeInstances", place: "whole", code: "AuthFailure", message })
    const { status, text, remedy } = one(await examined(cloud), "credential")
    expect([status, remedy]).toEqual(["fail", "enable it: aws account enable-region --region-name us-east-1"])
    expect(text).toMatch(/^STS knows arn:aws:iam::123456789012:user\/test, but us-east-1 does not accept them/)
  })

  test("that end soon are a warning", async () => {
    const expiration = new Date(Date.UTC(2026, 0, 1, 0, 5))
    const client = (url: string) =>
      new EC2Client({ region: "us-east-1", endpoint: url, credentials: { ...KEYS, expiration }, maxAttempts: 1 })
    const cloud = await account()
    const provider = aws({ region: "us-east-1", client: client(cloud.wire.url) as unknown as AwsClient })
    const { status, text } = one(await examined({ ...cloud, provider }), "credential")
    expect([status, text.endsWith("until 2026-01-01T00:05:00.000Z")]).toEqual(["warn", true])
  })
})

describe("a region or an account that lacks something", () => {
  test("without the smallest type", async () => {
    const p4d = { name: "p4d.24xlarge", family: "p", vcpus: 96, memoryGiB: 1152, arch: "x86_64" } as const
    const report = await examined(await account({ world: { types: [p4d] } }))
    expect(one(report, "types")).toMatchObject({
      status: "fail",
      text: expect.stringMatching(/^none of t3\.micro, .* is sold here/),
    })
    expect(told(report, "network")[0]).toMatch(/^ok subnet-/)
  })

  test("with a quota of 0, and one that is not enough for all", async () => {
    const quota = (Value: number) => ({
      serviceQuotas: { send: () => Promise.resolve({ Quota: { Value } }) } as unknown as AwsClient,
    })
    const none = await examined(await account({ aws: { clients: quota(0) } }))
    expect(told(none, "quota")[0]).toMatch(/^fail vCPU quota L-1216C47A has 0 of 0 vCPU left; 1 × t3\.micro need 2$/)
    const few = await examined(await account({ aws: { clients: quota(10) } }), {}, { workers: 100 })
    expect(told(few, "quota")[0]).toMatch(
      /^warn vCPU quota L-1216C47A has 10 of 10 vCPU left; 100 × t3\.micro need 200$/,
    )
  })

  test("an answer that is an error of EC2's own stops its own look alone", async () => {
    const cloud = await account()
    const broken = {
      api: "DescribeSubnets",
      place: "whole",
      code: "InternalError",
      message: "An internal error",
    } as const
    cloud.wire.answers.give(broken)
    const report = await examined(cloud)
    expect(one(report, "network")).toMatchObject({
      status: "fail",
      remedy: expect.stringContaining("see whether the cloud is reached"),
    })
    expect(told(report, "image")[0]).toMatch(/^ok ami-/)
  })
})
