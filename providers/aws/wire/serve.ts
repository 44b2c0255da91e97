/** One HTTP request: read, given to the world, and answered, or spoiled as the world's script wants it. */
import type { IncomingMessage, ServerResponse } from "node:http"
import { type World, WorldError } from "../../../src/simulator/index.js"
import { ACCOUNT_ID, hexOf } from "./world/account.js"
import type { Habits } from "./client/action.js"
import { checkAllowed, type Statement } from "./client/policy.js"
import { parseQuery, type Query } from "./client/query.js"
import { errorReply, errorXml, Refusal } from "./client/refusals.js"
import { checkParameters } from "./client/shapes.js"
import { checkSignature, type RefusedKeys } from "./client/signature.js"
import { replyXml } from "./client/xml.js"
import { ACTIONS } from "./actions.js"
import { poolsAsked } from "./launch/asked-pools.js"
import { httpTime } from "./client/time.js"

/** One request and what was sent for it: for tests that compare both with EC2's own model. */
export interface Exchange {
  readonly action: string
  /** The form body, or the query string. */
  readonly request: string
  readonly status: number
  readonly reply: string
}

export interface Wire {
  readonly world: World
  readonly habits: Habits
  /** What a request's date is compared with. */
  readonly wallClock: { now(): number }
  readonly onExchange?: (exchange: Exchange) => void
  readonly refusedKeys: RefusedKeys
  /** What the principal may do; all when left out. */
  readonly policy?: readonly Statement[]
  /** Requests so far: numbers their ids. */
  requests: number
}

export async function serve(wire: Wire, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new Error("the caller has gone"))
  })
  // By it an SDK notices that its machine's clock is wrong.
  response.setHeader("date", httpTime(wire.wallClock.now()))
  const form = await formOf(request)
  const requestId = uuid(wire)
  try {
    const reply = await answer(wire, request, form, { requestId, signal: gone.signal })
    send(wire, form, response, { status: 200, body: reply, requestId })
  } catch (error) {
    if (gone.signal.aborted) return
    if (error instanceof WorldError && spoil(error, response, requestId)) return
    const refusal = errorReply(error, actionOf(form), ACCOUNT_ID)
    if (refusal.retryAfterMs !== undefined) response.setHeader("retry-after", Math.ceil(refusal.retryAfterMs / 1000))
    send(wire, form, response, { status: refusal.status, body: errorXml(refusal, requestId), requestId })
  }
}

/** "A request is a POST with a form, or a GET with a query string" (Query requests for Amazon EC2). */
async function formOf(request: IncomingMessage): Promise<string> {
  let body = ""
  request.setEncoding("utf8")
  for await (const chunk of request) body += chunk as string
  const at = request.url?.indexOf("?") ?? -1
  return request.method === "GET" && at >= 0 ? (request.url ?? "").slice(at + 1) : body
}

function actionOf(form: string): string {
  return new URLSearchParams(form).get("Action") ?? "unknown"
}

interface Answering {
  readonly requestId: string
  readonly signal: AbortSignal
}

/** The ledger, the faults and the buckets of the world see a request before it is looked at. */
function answer(wire: Wire, request: IncomingMessage, form: string, { requestId, signal }: Answering): Promise<string> {
  const { world } = wire
  const query = readable(form)
  if (query instanceof Refusal) return world.serve(actionOf(form), {}, { signal }, () => refuse(query))
  const { action, parameters } = query
  const known = ACTIONS[action]
  const latencyMs = known?.creates === true ? world.latency.createMs : world.latency.requestMs
  return world.serve(
    action,
    parameters,
    { cost: known?.cost(parameters, wire.habits) ?? {}, signal, latencyMs },
    () => {
      const signing = { now: wire.wallClock.now(), refused: wire.refusedKeys }
      checkSignature(request.headers, world.settings.region, signing)
      if (known === undefined)
        throw new Refusal("InvalidAction", `The action ${action} is not valid for this web service.`)
      const values = checkParameters(parameters, known.members)
      const scripted = wire.habits.answers.next(action, "whole", poolsAsked(world, action, values))
      if (scripted !== undefined) throw scripted
      if (wire.policy !== undefined) checkAllowed(world, wire.policy, action, values)
      return replyXml(action, requestId, known.answer(world, values, wire.habits))
    },
  )
}

function readable(form: string): Query | Refusal {
  try {
    return parseQuery(form)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

function refuse(refusal: Refusal): never {
  throw refusal
}

interface Sent {
  readonly status: number
  readonly body: string
  readonly requestId: string
}

function send(wire: Wire, form: string, response: ServerResponse, { status, body, requestId }: Sent): void {
  wire.onExchange?.({ action: actionOf(form), request: form, status, reply: body })
  response.writeHead(status, headers(requestId, "text/xml;charset=UTF-8"))
  response.end(body)
}

function headers(requestId: string, type: string): Record<string, string> {
  return { "content-type": type, "x-amzn-requestid": requestId, server: "AmazonEC2" }
}

/** An answer that does not arrive whole; false when the error is a refusal with an answer. */
function spoil(error: WorldError, response: ServerResponse, requestId: string): boolean {
  switch (error.kind) {
    case "lost":
      response.destroy()
      return true
    case "cut": {
      const body = Buffer.from(String(error.reply))
      response.writeHead(200, {
        ...headers(requestId, "text/xml;charset=UTF-8"),
        "content-length": String(body.length),
      })
      response.write(body.subarray(0, body.length / 2), () => response.destroy())
      return true
    }
    case "garbled":
      // A login page of some proxy. As XML it is well formed, which is what makes it dangerous.
      response.writeHead(200, { "content-type": "text/html" })
      response.end(
        "<html><head><title>Sign in</title></head><body><p>Please sign in to use this network.</p></body></html>",
      )
      return true
    default:
      return false
  }
}

function uuid(wire: Wire): string {
  wire.requests += 1
  const hex = hexOf(`request/${wire.requests}`, 32)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}
