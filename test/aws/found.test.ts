/** What is looked up instead of named: images, network, security groups, prices; and what is refused before a launch. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { PricingClient } from "@aws-sdk/client-pricing"
import { ServiceQuotasClient } from "@aws-sdk/client-service-quotas"
import { afterEach, describe, expect, test, vi } from "vitest"
import type { AwsClient, AwsOptions } from "../../providers/aws/index.js"
import { IMAGES, SECURITY_GROUP, subnetOf } from "../../providers/aws/wire/index.js"
import type { GroupRequest, JsonObject, OfferQuery } from "../../src/provider.js"
import { bareCalls } from "../../src/calls/send.js"
import { type Cloud, ec2, GROUP, NO_ROOM, OWNER, prepareOf, TOLD, wishFor, ZONE } from "./support/cloud.js"

const anywhere = (aws: Partial<AwsOptions> = {}) =>
  ec2({ aws: { subnetIds: undefined, imageId: undefined, ...aws } as never })
const offersFor = (cloud: Cloud, query: OfferQuery) => cloud.run(cloud.provider.offers(query, cloud.bare()))
const forbid = (cloud: Cloud, ...apis: readonly string[]) => {
  for (const api of apis) cloud.world.faults.rate(api, 1, { kind: "fail", error: "auth" })
}
const apisOf = (cloud: Cloud) => cloud.world.ledger.entries.map(({ api }) => api)
const firstOf = (list: unknown) => (list as readonly JsonObject[] | undefined)?.[0]
const onDemand = { markets: ["on-demand"] } as const

describe("images", () => {
  const nameOf = (cloud: Cloud, id: unknown) => cloud.world.resources.get("image", String(id))?.attributes.name
  const pinned = async (group: Partial<GroupRequest>, aws: Partial<AwsOptions> = {}) => {
    const cloud = await anywhere(aws)
    const { images } = (await prepareOf(cloud, group)).body as {
      images: Record<string, { id: string; devices: string[] }>
    }
    return Object.entries(images).map(([arch, { id, devices }]) => [arch, nameOf(cloud, id), devices[0]])
  }

  test.each([
    ["nothing", {}, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20251215", "/dev/sda1"],
    ["amazon-linux", { image: "amazon-linux" }, "al2023-ami-2023.9.20251215.0-kernel-6.1-x86_64", "/dev/xvda"],
    ["a GPU", { gpu: {} }, "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20251215", "/dev/sda1"],
  ] as const)("for %s the newest of its publisher", async (_what, group, name, root) => {
    expect(await pinned(group)).toEqual([["x86_64", name, root]])
  })

  test("for each processor its own", async () => {
    const found = await pinned({ archs: ["arm64", "x86_64"] })
    expect(found.map(([arch, name]) => [arch, String(name).includes("arm64")])).toEqual([
      ["arm64", true],
      ["x86_64", false],
    ])
  })

  test("for another processor than the type's are refused before any launch", async () => {
    await expect(pinned({ image: IMAGES.x86_64, archs: ["arm64"] })).rejects.toThrow(/an image for x86_64.*need arm64/)
    await expect(pinned({ archs: ["arm64"] }, { imageId: TOLD })).rejects.toThrow(/aws\.imageId: is ami-/)
    await expect(pinned({ image: IMAGES.x86_64, archs: ["arm64", "x86_64"] })).rejects.toThrow(/ask for arch "x86_64"/)
  })

  test("that are gone say so", async () => {
    const image = "ami-0123456789abcdef0"
    await expect(pinned({ image })).rejects.toThrow(
      /reading image.*does not exist.*InvalidAMIID\.NotFound.*deregistered/,
    )
  })

  test("that may not be looked up have to be named", async () => {
    const cloud = await anywhere()
    forbid(cloud, "DescribeImages")
    await expect(prepareOf(cloud)).rejects.toThrow(/ec2:DescribeImages is not allowed.*name an image by its id/)
  })
})

describe("the network", () => {
  const bodyOf = async (cloud: Cloud, group: Partial<GroupRequest> = {}) => (await prepareOf(cloud, group)).body
  const sharedIn = (cloud: Cloud) =>
    cloud.world.resources.list({ kind: "security-group" }).filter(({ tags }) => tags["muster-shared"] === "true")

  test("is the default one, with a group that nobody else reaches, made once", async () => {
    const cloud = await anywhere()
    const first = await bodyOf(cloud)
    const [group] = sharedIn(cloud)
    expect(group?.attributes).toMatchObject({
      name: "muster-shared",
      rules: [{ IpProtocol: "-1", Groups: [{ GroupId: group?.id }] }],
    })
    expect(first).toMatchObject({
      securityGroupIds: [group?.id],
      subnets: cloud.world.settings.zones.map((zone) => ({ zone })),
    })
    expect([await bodyOf(cloud), await bodyOf(cloud)]).toEqual([first, first])
    expect(sharedIn(cloud)).toHaveLength(1)
  })

  test("read only makes no group and says that one will come", async () => {
    const cloud = await anywhere()
    const calls = bareCalls({ clock: cloud.clock, readOnly: true })
    const { notes } = await cloud.run(cloud.provider.prepare(OWNER, GROUP, calls))
    expect(notes.join()).toContain("security group muster-shared comes into vpc-")
    expect(sharedIn(cloud)).toEqual([])
  })

  test("two processes make the group at the same moment: one group", async () => {
    const cloud = await anywhere()
    const prepared = [0, 1].map(() => cloud.provider.prepare(OWNER, GROUP, cloud.bare()))
    const [one, two] = await cloud.run(Promise.all(prepared))
    expect(two?.body).toEqual(one?.body)
    expect(sharedIn(cloud)).toHaveLength(1)
  })

  test("opens SSH from one range only, and only when asked", async () => {
    const cloud = await anywhere({ sshFrom: "203.0.113.7/32" })
    await bodyOf(cloud)
    const ssh = sharedIn(cloud).find(({ attributes }) => attributes.name === "muster-shared-ssh-203-0-113-7-32")
    expect(ssh?.attributes.rules).toEqual([
      { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "203.0.113.7/32" }] },
    ])
  })

  test("the shared group is listed apart, kept while used, and goes when it is not", async () => {
    const cloud = await anywhere()
    await bodyOf(cloud)
    const leftovers = (selector: object) =>
      cloud.run(cloud.provider.leftovers?.(selector, cloud.bare()) ?? Promise.resolve([]))
    expect(await leftovers({ uid: OWNER.uid })).toEqual([])
    const [shared] = await leftovers({})
    expect(shared).toMatchObject({ kind: "security-group", shared: true })
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    const [call] = cloud.provider.split(wishFor(offers, 1), await prepareOf(cloud), NO_ROOM)
    const { instances } = await cloud.run(cloud.provider.launch(call as never, cloud.bare()))
    const remove = () => cloud.run(cloud.provider.remove?.([shared as never], cloud.bare()) ?? Promise.resolve())
    await expect(remove()).rejects.toThrow(/DependencyViolation.*instances that are ending give it free/)
    await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    await cloud.run(cloud.clock.sleep(60_000))
    await remove()
    expect(sharedIn(cloud)).toEqual([])
  })

  test("gives an address where the only way out is a gateway, and says what it costs", async () => {
    const cloud = await anywhere()
    const nat = { kind: "route-table", id: "rtb-0a0a0a0a0a0a0a0a0", tags: {} }
    const vpc = String(cloud.world.resources.list({ kind: "vpc" })[0]?.id)
    cloud.world.resources.add({
      ...nat,
      attributes: { vpc, main: false, subnet: subnetOf("us-east-1b"), nat: "nat-1" },
    })
    const { notes, body } = await prepareOf(cloud)
    expect(notes).toEqual([
      expect.stringMatching(/each instance gets a public IPv4 address \(0\.005 USD an hour each.*gateway/),
    ])
    const subnets = body.subnets as readonly JsonObject[]
    expect(subnets.map(({ needsAddress }) => needsAddress)).toEqual([true, false, true, true])
    const [offer, other] = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    const bodies = [offer, other].map(
      (one) => cloud.provider.split(wishFor([one as never], 1), { notes, body }, NO_ROOM)[0]?.body,
    )
    expect(bodies.map((made) => firstOf(made?.NetworkInterfaces)?.AssociatePublicIpAddress)).toEqual([true, false])
  })

  test("without a default VPC says what to do", async () => {
    const cloud = await anywhere()
    for (const { id } of cloud.world.resources.list({ kind: "subnet" })) cloud.world.resources.delete("subnet", id)
    const words = /no default VPC; name subnets, or run: aws ec2 create-default-vpc/
    await expect(prepareOf(cloud)).rejects.toThrow(words)
    await expect(offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })).rejects.toThrow(words)
  })

  test("of two VPCs is refused", async () => {
    const cloud = await anywhere({ subnetIds: [subnetOf(ZONE), "subnet-0abcabcabcabcabca"] })
    const attributes = { zone: "us-east-1b", vpc: "vpc-0abcabcabcabcabca", cidr: "10.0.0.0/24", isDefault: false }
    cloud.world.resources.add({ kind: "subnet", id: "subnet-0abcabcabcabcabca", tags: {}, attributes })
    await expect(prepareOf(cloud)).rejects.toThrow(/aws\.subnetIds: are of several VPCs.*name subnets of one/)
  })

  test("of a security group of another VPC is refused by EC2 before anything is launched", async () => {
    const cloud = await ec2({ aws: { imageId: TOLD, securityGroupIds: ["sg-0abcabcabcabcabca"] } })
    const attributes = { vpc: "vpc-0abcabcabcabcabca", name: "theirs" }
    cloud.world.resources.add({ kind: "security-group", id: "sg-0abcabcabcabcabca", tags: {}, attributes })
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    const [call] = cloud.provider.split(wishFor(offers, 1), await prepareOf(cloud), NO_ROOM)
    const launched = cloud.run(cloud.provider.launch(call as never, cloud.bare()))
    await expect(launched).rejects.toThrow(/different networks.*name security groups of the subnets' own VPC/)
  })

  test("that may not be looked up is EC2's own choice, with a note", async () => {
    const cloud = await anywhere({ imageId: IMAGES.x86_64 })
    forbid(cloud, "DescribeSubnets", "DescribeSecurityGroups")
    const { notes, body } = await prepareOf(cloud)
    expect(notes.join()).toContain("ec2:DescribeSubnets is not allowed")
    expect(body).toMatchObject({ subnets: [], securityGroupIds: [] })
  })

  test("whose group may not be made uses the default group, with a note", async () => {
    const cloud = await anywhere()
    forbid(cloud, "CreateSecurityGroup")
    const { notes, body } = await prepareOf(cloud)
    expect(notes.join()).toMatch(/security group could not be read or made.*the default group of vpc-/)
    expect(body.securityGroupIds).toEqual([])
    expect(SECURITY_GROUP).toMatch(/^sg-/)
  })

  test("a full subnet: the rest goes elsewhere", async () => {
    const cloud = await ec2({ aws: { imageId: TOLD } })
    const subnet = cloud.world.resources.get("subnet", subnetOf(ZONE))
    cloud.world.resources.put({
      ...(subnet as never as object),
      attributes: { ...subnet?.attributes, addresses: 0 },
    } as never)
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    const [call] = cloud.provider.split(wishFor(offers, 1), await prepareOf(cloud), NO_ROOM)
    const { failures } = await cloud.run(cloud.provider.launch(call as never, cloud.bare()))
    const scope = { provider: "aws", region: "us-east-1", zone: ZONE }
    expect(failures).toMatchObject([{ reason: "capacity", scope, code: "InsufficientFreeAddressesInSubnet" }])
  })
})

describe("offers by size", () => {
  test.each([
    [
      "vCPUs",
      { vcpus: { min: 8, max: 16 } },
      ["m7i.4xlarge", "c7i.4xlarge", "r7i.2xlarge", "c7g.4xlarge", "c6gd.2xlarge"],
    ],
    ["memory and processor", { memoryGiB: { min: 16 }, arch: "arm64" }, ["c7g.4xlarge", "c6gd.2xlarge"]],
    ["a GPU by name", { gpu: { name: "l4", count: 1 } }, ["g6.xlarge"]],
    ["local disk", { localDiskGiB: { min: 400 } }, ["c6gd.2xlarge", "p4d.24xlarge"]],
    ["a GPU that is misspelt", { gpu: { name: "L400" } }, []],
  ] as const)("%s", async (_what, query, types) => {
    const cloud = await anywhere()
    const offers = await offersFor(cloud, { ...query, ...onDemand } as OfferQuery)
    expect(new Set(offers.map(({ instanceType }) => instanceType))).toEqual(new Set(types))
  })

  test("a spot price cap below every offer names the cheapest", async () => {
    const cloud = await anywhere({ maxSpotPrice: 0.001 })
    const query = { vcpus: { min: 2 }, markets: ["spot"] } as const
    await expect(offersFor(cloud, query)).rejects.toThrow(
      /maxSpotPrice: is 0\.001 USD.*cheapest is t3\.micro in us-east-1a at 0\.0036/,
    )
  })

  test("spot prices that may not be read are unknown, not an error", async () => {
    const cloud = await anywhere()
    forbid(cloud, "DescribeSpotPriceHistory")
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], markets: ["spot"] })
    expect(offers.map(({ pricePerHour }) => pricePerHour)).toEqual([undefined, undefined, undefined, undefined])
  })

  test("the user's own table counts before what AWS says", async () => {
    const cloud = await anywhere({ prices: { "m7i.large": { onDemand: 0.07, spot: 0.02 } } })
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], markets: ["on-demand", "spot"] })
    expect(new Set(offers.map(({ market, pricePerHour }) => `${market} ${pricePerHour}`))).toEqual(
      new Set(["on-demand 0.07", "spot 0.02"]),
    )
    expect(apisOf(cloud)).not.toContain("DescribeSpotPriceHistory")
  })
})

describe("other services' clients", () => {
  const closes: (() => void)[] = []
  afterEach(() => {
    for (const close of closes.splice(0)) close()
    vi.unstubAllEnvs()
  })

  /** A server that answers every request of a JSON service with one text. */
  async function answering(answer: object): Promise<{ readonly url: string; readonly asked: string[] }> {
    vi.stubEnv("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true")
    const asked: string[] = []
    const server = createServer((request, response) => {
      let body = ""
      request.on("data", (chunk) => (body += String(chunk)))
      request.on("end", () => {
        asked.push(body)
        response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(answer))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    closes.push(() => server.close())
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
  }

  const settings = { region: "us-east-1", credentials: { accessKeyId: "A", secretAccessKey: "s" }, maxAttempts: 1 }

  test("on-demand prices come from the Price List", async () => {
    const product = {
      product: { attributes: { instanceType: "m7i.large" } },
      terms: { OnDemand: { a: { priceDimensions: { b: { unit: "Hrs", pricePerUnit: { USD: "0.1008" } } } } } },
    }
    const list = await answering({ FormatVersion: "aws_v1", PriceList: [JSON.stringify(product)] })
    const pricing = new PricingClient({ ...settings, endpoint: list.url }) as unknown as AwsClient
    const cloud = await anywhere({ clients: { pricing } })
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    expect(offers.map(({ pricePerHour }) => pricePerHour)).toEqual([0.1008, 0.1008, 0.1008, 0.1008])
    expect(list.asked[0]).toContain('"regionCode"')
  })

  test("quotas, with what runs of them, are advice", async () => {
    const quotas = await answering({ Quota: { QuotaCode: "L-1216C47A", Value: 640 } })
    const serviceQuotas = new ServiceQuotasClient({ ...settings, endpoint: quotas.url }) as unknown as AwsClient
    const cloud = await anywhere({ clients: { serviceQuotas } })
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    const [call] = cloud.provider.split(wishFor(offers, 3), await prepareOf(cloud), NO_ROOM)
    await cloud.run(cloud.provider.launch(call as never, cloud.bare()))
    await cloud.run(cloud.clock.sleep(6_000))
    const rows =
      (await cloud.run(cloud.provider.headroom?.(wishFor(offers, 3), cloud.bare()) ?? Promise.resolve([]))) ?? []
    expect(rows.find(({ name }) => name === "vCPU quota L-1216C47A")).toMatchObject({
      limit: 640,
      used: 6,
      unit: "vCPUs",
    })
    expect(rows.find(({ name }) => name.startsWith("free addresses"))).toMatchObject({ limit: 4088 })
  })

  test("without them the free addresses are still known", async () => {
    const cloud = await anywhere()
    const rows = await cloud.run(cloud.provider.headroom?.(wishFor([], 1), cloud.bare()) ?? Promise.resolve([]))
    expect(rows).toHaveLength(4)
  })
})
