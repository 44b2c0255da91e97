/** The tags that an organisation demands, on everything that is made, inside the call that makes it. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type AwsOptions, aws } from "../../../providers/aws/index.js"
import type { Exchange } from "../../../providers/aws/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { abandon, killedAt } from "../../support/killed.js"
import { type Cloud, ec2, optionsFor, OWNER, prepareOf } from "../support/cloud.js"
import { recordExchange } from "../support/exchanges.js"

const TAGS = {
  CostCentre: "R&D 7",
  Name: "ci worker",
  "Owner Mail": "team@example.com",
  "data/class": "v1.2 = internal",
}

const BASE = { region: "eu-west-2" } as const

describe("what is refused", () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ["a tag of ours", { "muster-uid": "x" }, /aws\.tags\.muster-uid: begins with muster-/],
    ["AWS's own", { "AWS:x": "x" }, /aws\.tags\.AWS:x: begins with "aws:"/],
    ["an empty key", { "": "x" }, /is no tag's key/],
    ["too long a key", { ["k".repeat(129)]: "x" }, /is no tag's key/],
    ["a line break in a key", { "a\nb": "c" }, /is no tag's key/],
    ["too long a value", { note: "x".repeat(257) }, /is 257 characters long; EC2 takes 256/],
    ["too many", Object.fromEntries(Array.from({ length: 42 }, (_, n) => [`t${n}`, ""])), /aws\.tags: has 42 tags/],
  ])("%s", (_what, tags, message) => {
    expect(() => aws({ ...BASE, tags })).toThrow(message)
  })

  test("what is no text", () => {
    const wrong = { ...BASE, tags: { a: 1 } } as unknown as AwsOptions
    expect(() => aws(wrong)).toThrow(/aws\.tags\.a: is 1/)
  })

  test("too many with the group's, and keys that a lease cannot have", async () => {
    const tags = Object.fromEntries(Array.from({ length: 41 }, (_, n) => [`t${n}`, "é".repeat(256)]))
    const full = await ec2({ aws: { tags } })
    await expect(prepareOf(full, { tags: { one: "a" } })).rejects.toThrow(/has 42 tags with those of aws\.tags/)
    expect((await prepareOf(full, { tags: { t1: "b" } })).body.tags).toMatchObject({ t0: tags.t0, t1: "b" })
    const cloud = await ec2({ aws: { tags: TAGS } })
    const leased = prepareOf(cloud, { leaseSeconds: 600 })
    await expect(leased).rejects.toThrow(/aws\.tags\.Owner Mail: has a key that instance metadata cannot show/)
  })
})

interface Specified {
  readonly action: string
  readonly kind: string
  readonly tags: Readonly<Record<string, string>>
}

/** Every tag specification of what was sent, also those inside of templates. */
function specifiedIn({ action, request }: Exchange): readonly Specified[] {
  const found = new Map<string, { kind: string; keys: Map<string, string>; values: Map<string, string> }>()
  for (const [name, value] of new URLSearchParams(request)) {
    const [, path, rest = ""] = /^(.*TagSpecification\.\d+)\.(.*)$/.exec(name) ?? []
    if (path === undefined) continue
    const one = found.get(path) ?? { kind: "", keys: new Map(), values: new Map() }
    found.set(path, one)
    const [, index = "", field] = /^Tag\.(\d+)\.(Key|Value)$/.exec(rest) ?? []
    if (rest === "ResourceType") one.kind = value
    if (field === "Key") one.keys.set(index, value)
    if (field === "Value") one.values.set(index, value)
  }
  return [...found.values()].map(({ kind, keys, values }) => ({
    action,
    kind,
    tags: Object.fromEntries([...keys].map(([index, key]) => [key, values.get(index) ?? ""])),
  }))
}

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}): Cluster {
  const whole = { name: "render", provider: cloud.provider, instanceType: "m7i.large", ...spec } as ClusterSpec
  return new Cluster(whole, { clock: cloud.clock, seed: 1, journal: false })
}

async function sentFor(options: Partial<AwsOptions>, spec: Partial<ClusterSpec>): Promise<readonly Specified[]> {
  const sent: Specified[] = []
  const onExchange = (exchange: Exchange) => {
    recordExchange(exchange)
    sent.push(...specifiedIn(exchange))
  }
  const cloud = await ec2({ aws: { subnetIds: undefined, tags: TAGS, ...options }, wire: { onExchange } })
  const cluster = clusterOn(cloud, spec)
  await cloud.run(cluster.scale(2))
  const [instance] = cloud.world.truth({ states: ["running"] })
  expect(instance?.tags).toMatchObject({ ...TAGS, team: "video", "muster-cluster": "render" })
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
  return sent
}

test.each([
  [
    "on demand, with SSH",
    { sshFrom: "203.0.113.7/32" },
    { market: "on-demand" },
    [
      "CreateLaunchTemplate launch-template",
      "CreateSecurityGroup security-group",
      "RunInstances instance",
      "RunInstances network-interface",
      "RunInstances volume",
    ],
  ],
  [
    "spot by RunInstances",
    { fleet: false },
    { market: "spot" },
    [
      "CreateLaunchTemplate launch-template",
      "CreateSecurityGroup security-group",
      "RunInstances instance",
      "RunInstances network-interface",
      "RunInstances spot-instances-request",
      "RunInstances volume",
    ],
  ],
  [
    "spot by fleets",
    {},
    { market: "spot" },
    [
      "CreateFleet fleet",
      "CreateFleet instance",
      "CreateFleet network-interface",
      "CreateFleet volume",
      "CreateLaunchTemplate launch-template",
      "CreateLaunchTemplate spot-instances-request",
      "CreateSecurityGroup security-group",
    ],
  ],
] as const)("%s: all that is made carries them", async (_what, options, spec, kinds) => {
  const sent = await sentFor(options, { ...spec, tags: { team: "video" } })
  expect([...new Set(sent.map(({ action, kind }) => `${action} ${kind}`))].sort()).toEqual(kinds)
  for (const { action, kind, tags } of sent) expect(tags, `${action} ${kind}`).toMatchObject(TAGS)
})

test("keys that instance metadata cannot show are not shown there; others are", async () => {
  const shown = async (tags: Record<string, string>) => {
    const cloud = await ec2({ aws: { tags } })
    await cloud.run(clusterOn(cloud).scale(1))
    const request = cloud.world.truth({ states: ["running"] })[0]?.attributes.request as { MetadataOptions?: object }
    return request.MetadataOptions
  }
  expect(await shown({ CostCentre: "R&D 7" })).toMatchObject({ InstanceMetadataTags: "enabled" })
  expect(await shown(TAGS)).toMatchObject({ InstanceMetadataTags: "disabled" })
})

describe("an owner is killed while its launch is on the wire", () => {
  let journal = ""
  beforeEach(() => {
    journal = mkdtempSync(join(tmpdir(), "muster-tags-"))
  })
  afterEach(() => rmSync(journal, { recursive: true, force: true }))

  test.each([
    ["RunInstances", "on-demand"],
    ["CreateFleet", "spot"],
  ] as const)("whoever takes over sends its bytes again, also with other tags of its own (%s)", async (api, market) => {
    const cloud = await ec2({ aws: { tags: TAGS }, world: { listLagMs: 60_000 } })
    const { clock, provider, wire, world } = cloud
    const spec = { name: "render", provider, instanceType: "m7i.large", market, existing: "connect" } as const
    await killedAt(cloud, api, (life) =>
      new Cluster({ ...spec, provider: life.provider(provider) }, { clock: life.clock, journal, seed: 1 }).scale(3),
    )
    abandon(journal)
    const other = aws(optionsFor(wire, { tags: { CostCentre: "other" } }))
    const taker = new Cluster({ ...spec, provider: other }, { clock, journal, seed: 2 })
    expect(await cloud.run(taker.scale(4))).toMatchObject({ running: 4 })
    const [first, again] = world.ledger.of(api).map(({ parameters }) => parameters)
    expect(again).toEqual(first)
    const centres = world.truth({ states: ["running"] }).map(({ tags }) => tags.CostCentre)
    expect(centres.sort()).toEqual([TAGS.CostCentre, TAGS.CostCentre, TAGS.CostCentre, "other"])
    expect((await cloud.run(taker.close())).leaked).toEqual([])
  })
})

test("the same claim with other tags is another request, and is still ours", async () => {
  const cloud = await ec2({ aws: { tags: TAGS } })
  const claim = (provider: Cloud["provider"]) => cloud.run(provider.claim?.(OWNER, cloud.bare()) ?? Promise.resolve())
  await claim(cloud.provider)
  await claim(aws(optionsFor(cloud.wire, { tags: { CostCentre: "other" } })))
  const claims = cloud.world.resources.list({ kind: "launch-template" })
  expect(claims.map(({ tags }) => tags.CostCentre)).toEqual([TAGS.CostCentre])
})
