/** Answers of any kind in place of Compute Engine's: refusals, pages of proxies, other types, halves, and none. By a seed. */
import { seededRandom } from "../../../../src/calls/clock.js"
import type { World } from "../../../../src/simulator/index.js"
import type { HttpProtocol, HttpReply } from "../../../../src/simulator/requests/http-server.js"
import { WorldError } from "../../../../src/simulator/requests/world-error.js"

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
        if (kind < 0.1) await clock.serve(24 * 3_600_000, signal)
        if (kind < 0.3) throw new WorldError("lost", { code: "Lost", message: "lost" })
        return FAILURES[Math.floor(random() * FAILURES.length)] ?? refusal(500, "internalError", "Internal error.")
      }
      return { ...exchange, answer }
    },
  })
}

/** @param share of requests that are answered so. */
export function anything(seed: number, share: number): Rim {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const spoilt = (reply: HttpReply): HttpReply => {
    const { body = "" } = reply
    if (random() < 0.2) return { ...reply, body: body.slice(0, Math.floor(body.length * random())) }
    return { ...reply, body: JSON.stringify(changed(JSON.parse(body), pick, random)) }
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
        if (kind < 0.5) await clock.serve(24 * 3_600_000, signal)
        const reply = await exchange.answer(signal)
        if (kind < 0.6) throw new WorldError("lost", { code: "Lost", message: "lost" })
        return spoilt(reply)
      }
      return { ...exchange, answer }
    },
  })
}

/** A text with one of its values, wherever it stands, replaced by another. */
function changed(value: unknown, pick: <T>(list: readonly T[]) => T, random: () => number): unknown {
  if (typeof value !== "object" || value === null || random() < 0.15) return pick(VALUES)
  const keys = Object.keys(value)
  if (keys.length === 0) return pick(VALUES)
  const key = pick(keys)
  const inner = (value as Readonly<Record<string, unknown>>)[key]
  const next = changed(inner, pick, random)
  if (Array.isArray(value)) return value.map((item: unknown, at) => (String(at) === key ? next : item))
  return { ...value, [key]: next }
}
