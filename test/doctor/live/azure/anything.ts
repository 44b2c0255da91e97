/** Answers of any kind in place of Azure's: refusals, pages of proxies, other types, halves, and none. By a seed. */
import { seededRandom } from "../../../../src/calls/clock.js"
import type { World } from "../../../../src/simulator/index.js"
import type { HttpProtocol, HttpReply } from "../../../../src/simulator/requests/http-server.js"
import { WorldError } from "../../../../src/simulator/requests/world-error.js"

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" }
const WITH_ID = { ...JSON_TYPE, "x-ms-request-id": "11111111-0000-0000-0000-000000000000" }
const PAGE = "<!doctype html><html><body>Sign in to the hotel's network</body></html>"
const HTML = { "content-type": "text/html" }
const DAY_MS = 24 * 3_600_000

function refusal(status: number, code: unknown, message: unknown = "Azure says so."): HttpReply {
  return { status, headers: WITH_ID, body: JSON.stringify({ error: { code, message } }) }
}

function plain(body: string): HttpReply {
  return { status: 200, headers: WITH_ID, body }
}

const WHOLE: readonly HttpReply[] = [
  refusal(404, "ResourceNotFound"),
  refusal(404, "ResourceGroupNotFound"),
  refusal(404, "NotFound"),
  refusal(400, "InvalidParameter"),
  refusal(403, "AuthorizationFailed"),
  refusal(409, "AnotherOperationInProgress"),
  refusal(409, "ResourceGroupBeingDeleted"),
  refusal(409, "SkuNotAvailable"),
  refusal(412, "PreconditionFailed"),
  refusal(429, "TooManyRequests"),
  refusal(500, "InternalServerError"),
  refusal(503, 7, { text: "no" }),
  { status: 404, headers: HTML, body: PAGE },
  { status: 404, headers: WITH_ID, body: "" },
  { status: 200, headers: HTML, body: PAGE },
  { status: 202, headers: WITH_ID, body: "" },
  { status: 204, headers: JSON_TYPE, body: "" },
  ...["{}", "[]", "null", "7", '"text"', '{"value":7}', '{"value":[]}', '{"id":7,"properties":[]}'].map(plain),
  plain('{"value":[7,null,{"name":3},{"id":"/x","tags":[]}],"nextLink":"https://x.y/z"}'),
  plain('{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v","properties":7}'),
  plain('{"id":"/x","properties":{"provisioningState":{},"instanceView":{"statuses":{"code":[]}}}}'),
  plain('{"serialConsoleLogBlobUri":"https://127.0.0.1:1/none","consoleScreenshotBlobUri":{}}'),
]

/** Failures of a server, throttles, and pages of proxies: they say nothing of Azure. */
const FAILURES: readonly HttpReply[] = [
  refusal(500, "InternalServerError"),
  refusal(503, "ServiceUnavailable"),
  refusal(429, "SubscriptionRequestsThrottled"),
  { status: 429, headers: JSON_TYPE, body: "" },
  { status: 502, headers: HTML, body: PAGE },
  { status: 404, headers: HTML, body: PAGE },
  { status: 200, headers: HTML, body: PAGE },
]

const VALUES = [null, 7, -1, "text", "", [], {}, true, [null], { id: {} }]

type Rim = (protocol: HttpProtocol, world: World) => HttpProtocol

/** A share of the requests fails, whether or not what they asked for was done. */
export function failures(seed: number, share: number): Rim {
  const random = seededRandom(seed)
  return (protocol, { clock }) => ({
    ...protocol,
    begin: (request) => {
      const exchange = protocol.begin(request)
      if (random() >= share) return exchange
      const [isDone, kind] = [random() < 0.5, random()]
      const answer = async (signal: AbortSignal): Promise<HttpReply> => {
        if (isDone) await exchange.answer(signal)
        if (kind < 0.1) await clock.serve(DAY_MS, signal)
        if (kind < 0.3) throw new WorldError("lost", { code: "Lost", message: "lost" })
        return FAILURES[Math.floor(random() * FAILURES.length)] ?? refusal(500, "InternalServerError")
      }
      return { ...exchange, answer }
    },
  })
}

/** @param share of requests that are answered by anything. */
export function anything(seed: number, share: number): Rim {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const spoilt = (reply: HttpReply): HttpReply => {
    const { body = "" } = reply
    if (body === "" || random() < 0.2) return { ...reply, body: body.slice(0, Math.floor(body.length * random())) }
    return { ...reply, body: body.startsWith("{") ? JSON.stringify(changed(JSON.parse(body), pick, random)) : "{}" }
  }
  return (protocol, { clock }) => ({
    ...protocol,
    begin: (request) => {
      const exchange = protocol.begin(request)
      const dice = random()
      if (dice >= share) return exchange
      const kind = dice / share
      const answer = async (signal: AbortSignal): Promise<HttpReply> => {
        // Nothing of what was asked for is done.
        if (kind < 0.45) return pick(WHOLE)
        if (kind < 0.5) await clock.serve(DAY_MS, signal)
        const reply = await exchange.answer(signal)
        if (kind < 0.6) throw new WorldError("lost", { code: "Lost", message: "lost" })
        return spoilt(reply)
      }
      return { ...exchange, answer }
    },
  })
}

/** A value with one of its parts, wherever it stands, replaced by another. */
function changed(value: unknown, pick: <T>(list: readonly T[]) => T, random: () => number): unknown {
  if (typeof value !== "object" || value === null || random() < 0.15) return pick(VALUES)
  const keys = Object.keys(value)
  if (keys.length === 0) return pick(VALUES)
  const key = pick(keys)
  const next = changed((value as Readonly<Record<string, unknown>>)[key], pick, random)
  if (Array.isArray(value)) return value.map((item: unknown, at) => (String(at) === key ? next : item))
  return { ...value, [key]: next }
}
