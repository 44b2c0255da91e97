/** The table of actions, and how one request is read, given to the world and answered. */
import type { World } from "../../../src/simulator/index.js"
import type { HttpProtocol, HttpRequest } from "../../../src/simulator/requests/http-server.js"
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
import { CALLER, callerXml, isOfSts, stsErrorXml } from "./observe/caller.js"
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
  /** Of the account. */
  readonly partition: string
  /** Requests so far: numbers their ids. */
  requests: number
}

/** The Query protocol over a world. */
export function protocolOf(wire: Wire): HttpProtocol {
  return {
    date: () => httpTime(wire.wallClock.now()),
    begin: (request) => {
      const form = formOf(request)
      const requestId = uuid(wire)
      const headers = { "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestId, server: "AmazonEC2" }
      const isSts = isOfSts(form)
      const replyOf = (status: number, reply: string) => {
        if (!isSts) wire.onExchange?.({ action: actionOf(form), request: form, status, reply })
        return { status, headers, body: reply }
      }
      return {
        answer: async (signal) => {
          const answering = { requestId, signal }
          return replyOf(
            200,
            await (isSts ? tellCaller(wire, request, answering) : answer(wire, request, form, answering)),
          )
        },
        refuse: (error) => {
          const refusal = errorReply(error, actionOf(form), ACCOUNT_ID)
          const wait = refusal.retryAfterMs === undefined ? {} : { retryAfterMs: refusal.retryAfterMs }
          const xml = isSts ? stsErrorXml(refusal, requestId) : errorXml(refusal, requestId)
          return { ...replyOf(refusal.status, xml), ...wait }
        },
        whole: (reply) => ({ headers, body: String(reply) }),
      }
    },
  }
}

/** "A request is a POST with a form, or a GET with a query string" (Query requests for Amazon EC2). */
function formOf({ method, target, text }: HttpRequest): string {
  const at = target.indexOf("?")
  return method === "GET" && at >= 0 ? target.slice(at + 1) : text
}

function actionOf(form: string): string {
  return new URLSearchParams(form).get("Action") ?? "unknown"
}

interface Answering {
  readonly requestId: string
  readonly signal: AbortSignal
}

/** Every principal may ask who it is. */
function tellCaller(wire: Wire, { headers }: HttpRequest, { requestId, signal }: Answering): Promise<string> {
  const { world } = wire
  return world.serve(CALLER, {}, { signal, latencyMs: world.latency.requestMs }, () => {
    const signing = { now: wire.wallClock.now(), refused: wire.refusedKeys, service: "sts" }
    checkSignature(headers, world.settings.region, signing)
    return callerXml(requestId, wire.partition)
  })
}

/** The ledger, the faults and the buckets of the world see a request before it is parsed. */
function answer(wire: Wire, request: HttpRequest, form: string, { requestId, signal }: Answering): Promise<string> {
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

function uuid(wire: Wire): string {
  wire.requests += 1
  const hex = hexOf(`request/${wire.requests}`, 32)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}
