/** Clouds that answer anything: pages of proxies, half answers, other types than expected. There is a report, and nothing breaks. */
import { createServer, type Server } from "node:http"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { aws } from "../../providers/aws/index.js"
import { adapterOf } from "../../providers/azure/adapter.js"
import { parseAzureOptions } from "../../providers/azure/options-check.js"
import { gcp } from "../../providers/gcp/index.js"
import { seededRandom, VirtualClock } from "../../src/calls/clock.js"
import { doctor } from "../../src/doctor.js"
import type { Provider } from "../../src/provider.js"
import { isLong } from "../support/long.js"

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

const JSONS = [
  ...[
    "{}",
    "[]",
    "null",
    '"text"',
    "7",
    '{"value":7}',
    '{"value":[7,null,{"name":3}]}',
    '{"value":[{}],"nextLink":"https://x.y/z"}',
  ],
  ...['{"kind":"compute#region","zones":"a","quotas":{}}', '{"kind":"compute#list","items":{"x":1},"nextPageToken":7}'],
  ...[
    '{"permissions":{"a":1}}',
    '{"error":{"code":403,"errors":7}}',
    '{"error":{"code":"Odd","message":{}}}',
    '{"subscriptionId":1,"state":[]}',
  ],
  ...[
    '{"kind":"compute#image","selfLink":9,"licenses":"none"}',
    '{"value":[{"actions":"*"}]}',
    '{"Items":[{"retailPrice":"dear"}]}',
  ],
]
const XMLS = [
  ...["<a/>", "<Response><Errors/></Response>", "<DescribeSubnetsResponse><subnetSet/></DescribeSubnetsResponse>"],
  ...[
    "<x><reservationSet>7</reservationSet></x>",
    "<Response><Errors><Error><Code>Odd</Code></Error></Errors></Response>",
  ],
  "<x><imagesSet><item><imageId/></item></imagesSet><instanceTypeSet><item/></instanceTypeSet></x>",
]
const PAGE = "<!doctype html><html><body>Sign in to the hotel's network</body></html>"
const STATUSES = [200, 200, 200, 200, 204, 400, 401, 403, 404, 409, 429, 500, 501, 503]

function answerBy(random: () => number, own: readonly string[], type: string): Answer {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const status = pick(STATUSES)
  if (random() < 0.15) return { status, type: "text/html", body: PAGE }
  const body = pick(own)
  return { status, type, body: random() < 0.1 ? body.slice(0, body.length / 2) : body }
}

let answer: () => Answer = () => ({ status: 500, type: "text/plain", body: "" })
let server: Server
let url = ""

beforeAll(async () => {
  server = createServer((_request, response) => {
    const { status, type, body } = answer()
    response.writeHead(status, { "content-type": type, connection: "close" }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
})

afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())))

const CLOUDS: Readonly<
  Record<string, { readonly own: readonly string[]; readonly type: string; readonly make: () => Provider }>
> = {
  aws: {
    own: XMLS,
    type: "text/xml",
    make: () => aws({ region: "us-east-1", endpoint: url, credentials: { accessKeyId: "AKID", secretAccessKey: "s" } }),
  },
  gcp: {
    own: JSONS,
    type: "application/json",
    make: () =>
      gcp({
        region: "us-central1",
        project: "a-project",
        apiEndpoint: url,
        billingEndpoint: url,
        resourceManagerEndpoint: url,
      }),
  },
  azure: {
    own: JSONS,
    type: "application/json",
    make: () => {
      const getToken = () => Promise.resolve({ token: "t", expiresOnTimestamp: Date.UTC(2100, 0, 1) })
      const sendRequest = (request: { readonly headers: unknown }) => {
        const { status, type, body } = answer()
        const headers = {
          get: (name: string) => (name === "content-type" ? type : undefined),
          delete: () => {},
          toJSON: () => ({ "content-type": type }),
        }
        return Promise.resolve({ request, status, headers, bodyAsText: body })
      }
      const subscriptionId = "11111111-2222-3333-4444-555555555555"
      const given = { subscriptionId, location: "westeurope", credential: { getToken }, httpClient: { sendRequest } }
      return adapterOf(parseAzureOptions(given))
    },
  },
}

describe.each(Object.entries(CLOUDS))("%s", (_cloud, { own, type, make }) => {
  const seeds = Array.from({ length: isLong ? 60 : 2 }, (_, at) => at + 1)

  test("anything at all is answered by a report", async () => {
    for (const seed of seeds) {
      const clock = new VirtualClock({ seed })
      const random = seededRandom(seed)
      answer = () => answerBy(random, own, type)
      const report = await clock.run(doctor({ provider: make() }, { clock, journal: false, env: {} }))
      expect(report.lines.length, `seed ${seed}`).toBeGreaterThan(5)
      for (const { text, status } of report.lines)
        expect([typeof text, /^(ok|warn|fail)$/.test(status)]).toEqual(["string", true])
      expect(Math.max(...Object.values(report.requests)), `seed ${seed}`).toBeLessThanOrEqual(40)
    }
  })
})
