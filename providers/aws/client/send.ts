/** One request with all that is around it: the buckets, the attempt, the signature, and the reading of errors. */
import { TransientError } from "../../../src/errors.js"
import type { Attempt, Calls, Cost, SentRequest, Tap } from "../../../src/provider.js"
import { type Api, ESSENTIAL, type Input, type Output } from "./actions.js"
import type { RequestContext } from "./answers.js"
import { type Deliver, delivering, type Resent } from "./credentials.js"
import { toMusterError } from "./errors.js"
import type { AwsOptions } from "../options.js"
import { checkClient, loadSdk, makeClient, quietly, type Sdk } from "./sdk.js"

interface Connection {
  readonly sdk: Sdk
  readonly deliver: Deliver
}

/** Sends one request with everything around it; all verbs go through this. */
export type Send = <A extends Api>(
  calls: Calls,
  api: A,
  cost: Cost,
  input: Input<A>,
  context: Omit<RequestContext, "endpoint" | "region">,
) => Promise<Output<A>>

/** The connection of one provider object, made at its first request. @param tap is told of each request, and of its answer. */
export function sender(options: AwsOptions, tap?: Tap): Send {
  let connecting: Promise<Connection> | undefined
  const connect = () => (connecting ??= connection(options))
  const where = { region: options.region, ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }) }
  return (calls, api, cost, input, context) => {
    const resent: Resent = new Set()
    return calls.send(api, cost, async (attempt) => {
      const { signal } = attempt
      try {
        const { sdk, deliver } = await connect()
        const Command = sdk[`${api}Command`] as new (input: unknown) => object
        const command = new Command(input)
        // Another endpoint than EC2's own is an emulator's, or a test's, which may live in a time of its own.
        if (options.endpoint === undefined) recordDate(command, attempt)
        if (tap !== undefined) tellTap(command, api, tap)
        return complete(api, (await deliver(command, { signal, resent })) as Output<typeof api>)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw toMusterError(error, { ...context, ...where })
      }
    })
  }
}

/** What the SDK's middleware gets of an answer ("DeserializeHandlerOutput" in @smithy/types). */
interface Answered {
  readonly response?: {
    readonly statusCode?: number
    readonly headers?: Readonly<Record<string, string | undefined>>
    body?: unknown
  }
}

type Handler = (given: unknown) => Promise<Answered>

/** A command of the SDK, as far as what it sends goes and the headers of its answer: what it returns has lost them. */
interface WithMiddleware {
  readonly middlewareStack?: {
    add(
      middleware: (next: Handler) => Handler,
      options: { readonly step: "deserialize"; readonly name: string; readonly priority?: "low" },
    ): void
  }
}

/** Records for the attempt when EC2 gave its answer. */
export function recordDate(command: object, attempt: Attempt): void {
  const { middlewareStack } = command as WithMiddleware
  middlewareStack?.add(
    (next) => async (given) => {
      const answered = await next(given)
      attempt.dated?.(answered.response?.headers?.date)
      return answered
    },
    { step: "deserialize", name: "musterRecordsDate" },
  )
}

/** Tells of what is sent once it is signed, and of what comes before the SDK reads it. */
function tellTap(command: object, api: string, tap: Tap): void {
  const { middlewareStack } = command as WithMiddleware
  middlewareStack?.add(
    (next) => async (given) => {
      const told = tap(api, sentOf(given))
      try {
        const answered = await next(given)
        const { response = {} } = answered
        const bytes = await bytesOf(response.body)
        response.body = bytes
        told({ status: response.statusCode ?? 0, headers: namesLow(response.headers), body: bytes.toString("utf8") })
        return answered
      } catch (error) {
        told()
        throw error
      }
    },
    { step: "deserialize", name: "musterTellsTap", priority: "low" },
  )
}

/** Headers that whoever holds them could sign with, or is known by. */
const SECRET_HEADERS: ReadonlySet<string> = new Set(["authorization", "x-amz-security-token", "cookie"])

function sentOf(given: unknown): SentRequest {
  const { request = {} } = given as { readonly request?: Readonly<Record<string, unknown>> }
  const { method, protocol, hostname, port, path, headers, body } = request
  const at = port === undefined ? "" : `:${String(port)}`
  const all = Object.entries(namesLow(headers as Readonly<Record<string, string | undefined>>))
  return {
    method: String(method),
    url: `${String(protocol)}//${String(hostname)}${at}${String(path)}`,
    headers: Object.fromEntries(all.filter(([name]) => !SECRET_HEADERS.has(name))),
    body: typeof body === "string" ? body : "",
  }
}

function namesLow(headers: Readonly<Record<string, string | undefined>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name.toLowerCase(), value]])),
  )
}

/** A body whole, from a stream of the SDK's handler, or as another client's has it. @throws when the stream breaks off. */
async function bytesOf(body: unknown): Promise<Buffer> {
  if (typeof body === "string" || body instanceof Uint8Array) return Buffer.from(body as Uint8Array)
  const chunks: Uint8Array[] = []
  if (typeof body === "object" && body !== null && Symbol.asyncIterator in body)
    for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function complete<A extends Api>(api: A, reply: Output<A>): Output<A> {
  if (reply[ESSENTIAL[api]] !== undefined) return reply
  throw new TransientError(
    `the answer to ${api} is not EC2's (HTTP ${reply.$metadata.httpStatusCode ?? "?"}, without ${String(ESSENTIAL[api])}); ` +
      "is there a proxy or a login page between here and EC2?",
  )
}

async function connection(options: AwsOptions): Promise<Connection> {
  const sdk = loadSdk()
  if (options.client !== undefined) await checkClient(options.client, options.region)
  return { sdk, deliver: delivering(options.client ?? quietly(() => makeClient(sdk, options))) }
}
