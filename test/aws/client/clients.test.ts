/** What other services of AWS tell: prices, quotas, and why something is not allowed. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { PricingClient } from "@aws-sdk/client-pricing"
import { ServiceQuotasClient } from "@aws-sdk/client-service-quotas"
import { afterEach, describe, expect, test, vi } from "vitest"
import type { AwsClient } from "../../../providers/aws/index.js"
import { prepareOf, NO_ROOM, wishFor } from "../support/cloud.js"
import { anywhere, forbid, offersFor, onDemand } from "../support/found.js"

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
    expect(new Set(offers.map(({ priceSource }) => priceSource))).toEqual(new Set(["Price List API"]))
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
      unit: "vCPU",
    })
    expect(rows.find(({ name }) => name.startsWith("free addresses"))).toMatchObject({ limit: 4088 })
    // Each has a disk of 8 GiB and an interface; the quota of disks is in TiB, and every code is answered with 640.
    expect(rows.find(({ name }) => name.startsWith("gp3 storage"))).toMatchObject({ limit: 640 * 128, used: 3 })
    const interfaces = rows.filter(({ name }) => name.startsWith("network interfaces"))
    expect(interfaces.map(({ scope, used }) => [scope.zone, used])).toEqual([
      ["us-east-1a", 3],
      ["us-east-1b", 0],
      ["us-east-1c", 0],
      ["us-east-1d", 0],
    ])
    expect(rows.map(({ name }) => name).join()).not.toContain("not known")
  })

  test("what may not be counted is said to be unknown, not to be none", async () => {
    const quotas = await answering({ Quota: { Value: 50 } })
    const serviceQuotas = new ServiceQuotasClient({ ...settings, endpoint: quotas.url }) as unknown as AwsClient
    const cloud = await anywhere({ clients: { serviceQuotas } })
    forbid(cloud, "DescribeVolumes", "DescribeNetworkInterfaces")
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], ...onDemand })
    const rows = await cloud.run(cloud.provider.headroom?.(wishFor(offers, 3), cloud.bare()) ?? Promise.resolve([]))
    const unknown = rows.filter(({ name }) => name.endsWith("how much of it is in use is not known"))
    expect(unknown.map(({ unit }) => unit)).toEqual([
      "disks",
      ...["interfaces", "interfaces", "interfaces", "interfaces"],
    ])
  })

  test("without them the free addresses are still known", async () => {
    const cloud = await anywhere()
    const rows = await cloud.run(cloud.provider.headroom?.(wishFor([], 1), cloud.bare()) ?? Promise.resolve([]))
    expect(rows).toHaveLength(4)
  })
})
