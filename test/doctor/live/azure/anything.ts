/** Answers of any kind in place of Azure's: refusals, pages of proxies, other types, halves, and none. By a seed. */
import type { HttpReply } from "../../../../src/simulator/requests/http-server.js"
import { failing, type Rim, spoiling } from "../anything.js"

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" }
const WITH_ID = { ...JSON_TYPE, "x-ms-request-id": "11111111-0000-0000-0000-000000000000" }
const PAGE = "<!doctype html><html><body>Sign in to the hotel's network</body></html>"
const HTML = { "content-type": "text/html" }

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

export function failures(seed: number, share: number): Rim {
  return failing(FAILURES, seed, share)
}

export function anything(seed: number, share: number): Rim {
  return spoiling({ whole: WHOLE, values: VALUES }, seed, share)
}
