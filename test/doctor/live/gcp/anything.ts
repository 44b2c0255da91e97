/** Answers of any kind in place of Compute Engine's: refusals, pages of proxies, other types, halves, and none. By a seed. */
import type { HttpReply } from "../../../../src/simulator/requests/http-server.js"
import { failing, type Rim, spoiling } from "../anything.js"

const JSON_TYPE = { "content-type": "application/json; charset=UTF-8" }
const PAGE = "<!doctype html><html><body>Sign in to the hotel's network</body></html>"

function refusal(status: number, reason: unknown, message: unknown): HttpReply {
  const body = JSON.stringify({ error: { code: status, message, errors: [{ reason, message }] } })
  return { status, headers: JSON_TYPE, body }
}

const WHOLE: readonly HttpReply[] = [
  refusal(404, "notFound", "The resource 'projects/p/zones/z/instances/i' was not found"),
  refusal(400, "invalid", "Invalid value for field 'resource.zone'."),
  refusal(403, "forbidden", "Required 'compute.instances.list' permission for 'projects/p'"),
  refusal(
    403,
    "rateLimitExceeded",
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per region'.",
  ),
  refusal(409, "alreadyExists", "The resource 'projects/p/zones/z/instances/i' already exists"),
  refusal(412, "conditionNotMet", "Labels fingerprint is invalid"),
  refusal(500, "internalError", "Internal error."),
  refusal(503, 7, { text: "no" }),
  { status: 404, headers: { "content-type": "text/html" }, body: PAGE },
  { status: 200, headers: { "content-type": "text/html" }, body: PAGE },
  { status: 204, headers: JSON_TYPE, body: "" },
  ...["{}", "[]", "null", "7", '"text"', '{"kind":7}', '{"kind":"compute#operation"}'].map((body) => plain(body)),
  plain('{"kind":"compute#instanceList","items":{"x":1},"nextPageToken":7}'),
  plain('{"kind":"compute#instanceList","items":[null,7,{"name":3,"labels":[]},{"labels":{"muster-uid":7}}]}'),
  plain('{"kind":"compute#operationList","items":[{"error":{"errors":7}},{"targetLink":[]}]}'),
  plain('{"kind":"compute#operation","name":"o","status":"DONE","error":{"errors":[{"code":7}]}}'),
  plain('{"kind":"compute#operation","name":"o","status":"DONE","instancesBulkInsertOperationMetadata":[]}'),
  plain('{"kind":"compute#serialPortOutput","contents":{"a":1}}'),
  plain('{"kind":"compute#instanceAggregatedList","items":{"zones/x":7,"zones/us-central1-a":{"instances":9}}}'),
]

function plain(body: string): HttpReply {
  return { status: 200, headers: JSON_TYPE, body }
}

/** Failures of a server, throttles, and pages of proxies: they say nothing of Compute Engine. */
const FAILURES: readonly HttpReply[] = [
  refusal(500, "internalError", "Internal error."),
  refusal(503, "backendError", "Backend Error of the service."),
  refusal(
    403,
    "rateLimitExceeded",
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per region'.",
  ),
  refusal(429, "rateLimitExceeded", "Rate Limit Exceeded"),
  { status: 502, headers: { "content-type": "text/html" }, body: PAGE },
  { status: 200, headers: { "content-type": "text/html" }, body: PAGE },
]

const VALUES = [null, 7, -1, "text", "", [], {}, true, [null], { name: {} }]

export function failures(seed: number, share: number): Rim {
  return failing(FAILURES, seed, share)
}

export function anything(seed: number, share: number): Rim {
  return spoiling({ whole: WHOLE, values: VALUES }, seed, share)
}
