/** Whole bursts by a principal that has the policies of docs/aws.md and nothing else. */
import { describe, expect, test } from "vitest"
import type { AwsDecoder, AwsOptions } from "../../../providers/aws/index.js"
import { decodeAuthorization, type Statement } from "../../../providers/aws/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import { AuthError } from "../../../src/errors.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { type Cloud, ec2, launchMany, NO_ROOM, offersOf, prepareOf, TOLD, wishFor } from "../support/cloud.js"
import { documentedPolicies } from "../support/policy.js"

const [LEAST = [], MORE = [], , PEERS = []] = await documentedPolicies()
const ALL = [...LEAST, ...MORE]

type Changes = { readonly [K in keyof AwsOptions]?: AwsOptions[K] | undefined }

function allowed(policy: readonly Statement[], aws: Changes = {}): Promise<Cloud> {
  return ec2({ wire: { policy }, aws })
}

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}): Cluster {
  const whole = { name: "render", provider: cloud.provider, instanceType: "m7i.large", ...spec } as ClusterSpec
  return new Cluster(whole, { clock: cloud.clock, seed: 1, journal: false })
}

const refused = (cloud: Cloud) =>
  cloud.world.ledger.entries.filter(({ outcome }) => outcome === "UnauthorizedOperation").map(({ api }) => api)

async function burst(cloud: Cloud, cluster: Cluster, count: number): Promise<void> {
  expect((await cloud.run(cluster.scale(count))).running).toBe(count)
  const receipt = await cloud.run(cluster.close())
  expect([receipt.instances.length, receipt.leaked]).toEqual([count, []])
  expect(cloud.world.truth({ states: ["pending", "running"] })).toEqual([])
}

describe("the documented policies", () => {
  test("are enough for a burst where everything is looked up", async () => {
    const cloud = await allowed(ALL, { subnetIds: undefined, imageId: undefined })
    await burst(cloud, clusterOn(cloud), 300)
    expect(refused(cloud)).toEqual([])
    expect(cloud.world.resources.list({ kind: "launch-template" })).toEqual([])
  })

  test("are enough for spot by fleets, and for taking a cluster over", async () => {
    const cloud = await allowed(ALL, { subnetIds: undefined, imageId: undefined })
    const spot = { market: "spot", instanceType: ["m7i.large", "c7i.large"] } as const
    const first = clusterOn(cloud, spot)
    await cloud.run(first.scale(20))
    await cloud.run(first.detach())
    await burst(cloud, clusterOn(cloud, { ...spot, existing: "connect" }), 30)
    expect(refused(cloud)).toEqual([])
    expect(cloud.world.resources.list({ kind: "launch-template" })).toEqual([])
  })

  test("the first alone is enough when all is named", async () => {
    const cloud = await allowed(LEAST, { imageId: TOLD })
    await burst(cloud, clusterOn(cloud), 10)
    // What is left over is looked for at the end, by whoever may.
    expect(new Set(refused(cloud))).toEqual(
      new Set(["DescribeLaunchTemplates", "DescribeVolumes", "DescribeNetworkInterfaces"]),
    )
  })

  test("of who may make no template the cluster is claimed by tags alone, and that is said", async () => {
    const cloud = await allowed(LEAST)
    const { notes } = await prepareOf(cloud)
    expect(notes.join()).toMatch(/claimed by tags alone \(ec2:DescribeLaunchTemplates is not allowed\)/)
    await cloud.run(cloud.provider.claim?.({ ...OWNED, generation: 2 }, cloud.bare()) ?? Promise.resolve())
  })

  test("let nobody else's instance be ended, and nothing be tagged but with a lease", async () => {
    const cloud = await allowed(ALL)
    const [ours] = await launchMany(cloud, 1)
    if (ours === undefined) throw new Error("nothing was launched")
    cloud.world.retag(ours.id, { Name: "somebody's database" })
    const ending = cloud.run(cloud.provider.terminate([ours], cloud.bare()))
    await expect(ending).rejects.toThrow(/not authorized to perform: ec2:TerminateInstances/)
    const renewing = cloud.run(cloud.provider.renew?.([ours], 2_000_000_000, cloud.bare()) ?? Promise.resolve())
    await expect(renewing).rejects.toThrow(/not authorized to perform: ec2:CreateTags/)
    expect(cloud.world.instance(ours.id)?.state).toBe("pending")
  })
})

describe("access and peers", () => {
  const opened = { access: { from: ["203.0.113.7/32"], port: 22, isPrivate: false }, peers: true } as const
  const named = { subnetIds: undefined, imageId: TOLD } as const
  const actions = [
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
    "ec2:CreateSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress",
  ]
  const tagging = { StringEquals: { "ec2:CreateAction": "CreateSecurityGroup" } }

  test("at a launch need of the second policy what the page names, and nothing of it is superfluous", async () => {
    const tags: Statement = { Effect: "Allow", Action: "ec2:CreateTags", Condition: tagging }
    const policy = [...LEAST, { Effect: "Allow", Action: actions }, tags]
    const { body } = await prepareOf(await allowed(policy, named), opened)
    expect(body.securityGroupIds).toHaveLength(2)
    for (const lacking of actions) {
      const rest = { Effect: "Allow", Action: actions.filter((action) => action !== lacking) }
      const prepared = prepareOf(await allowed([...LEAST, rest, tags], named), opened)
      await expect(prepared).rejects.toThrow(lacking)
    }
    const untagged = prepareOf(await allowed(policy.slice(0, -1), named), opened)
    await expect(untagged).rejects.toThrow("ec2:CreateTags")
  })

  test("peers need the fourth to have their group removed: without it close names it", async () => {
    const asked = { instanceType: "m7i.large", peers: true } as const
    const cloud = await allowed([...ALL, ...PEERS], named)
    await burst(cloud, clusterOn(cloud, asked), 3)
    expect(refused(cloud)).toEqual([])
    expect(cloud.world.resources.list({ kind: "security-group" })).toHaveLength(1)
    const without = await allowed(ALL, named)
    const cluster = clusterOn(without, asked)
    await without.run(cluster.scale(1))
    await expect(without.run(cluster.close())).rejects.toThrow(/security-group sg-\w+ .*ec2:DeleteSecurityGroup/s)
  })
})

const OWNED = { cluster: "render", uid: "u", owner: "default", generation: 1, deadline: "2000000000", claim: "c2" }

describe("a missing right", () => {
  const readOnly = ALL.filter(({ Action }) => ![Action].flat().includes("ec2:RunInstances"))

  async function refusal(aws: Changes): Promise<Error> {
    const cloud = await allowed(readOnly, aws)
    const prepared = await prepareOf(cloud)
    const [call] = cloud.provider.split(wishFor(await offersOf(cloud), 1), prepared, NO_ROOM)
    if (call === undefined) throw new Error("no launch call")
    const launched = cloud.run(cloud.provider.launch(call, cloud.bare()))
    const error = await launched.then(
      () => expect.unreachable("it was allowed"),
      (thrown: Error) => thrown,
    )
    expect(error).toBeInstanceOf(AuthError)
    return error
  }

  const decoder = (answer: () => Promise<string>): AwsDecoder => ({
    decodeAuthorizationMessage: async () => ({ DecodedMessage: await answer() }),
  })

  test("is decoded by whoever may", async () => {
    const asked: string[] = []
    const sts: AwsDecoder = {
      decodeAuthorizationMessage: async ({ EncodedMessage }) => {
        asked.push(EncodedMessage)
        return { DecodedMessage: decodeAuthorization(EncodedMessage) }
      },
    }
    const { message } = await refusal({ clients: { sts } })
    expect(message).toMatch(/^launching 1 × m7i\.large .*allow this action to the principal; no policy allows /)
    expect(message).toContain("no policy allows ec2:RunInstances on arn:aws:ec2:*:123456789012:* to arn:aws:iam::")
    expect(message).not.toContain("aws sts")
    expect(asked).toHaveLength(1)
  })

  test("that a policy denies is said to be denied", async () => {
    const denied = { explicitDeny: true, context: { action: "ec2:RunInstances", resource: "arn:aws:ec2:::instance/*" } }
    const { message } = await refusal({ clients: { sts: decoder(async () => JSON.stringify(denied)) } })
    expect(message).toContain(
      "a policy denies ec2:RunInstances on arn:aws:ec2:::instance/* to the principal: look for its",
    )
  })

  test.each([
    ["without STS", {}],
    ["without the right to ask it", { clients: { sts: decoder(() => Promise.reject(new Error("AccessDenied"))) } }],
    ["when it answers with something else", { clients: { sts: decoder(async () => "<html>") } }],
  ])("%s comes with the command that decodes it", async (_what, aws) => {
    const { message } = await refusal(aws)
    const command = /aws sts decode-authorization-message --query DecodedMessage --output text --encoded-message (\S+)$/
    const [, encoded = ""] = command.exec(message) ?? []
    expect(decodeAuthorization(encoded)).toContain('"action":"ec2:RunInstances"')
    // The blob is there once, and at the end.
    expect(message.split(encoded)).toHaveLength(2)
  })
})
