/** One request with all that is around it: the buckets, the attempt, the signature, and the reading of errors. */
import { TransientError } from "../../../src/errors.js"
import type { Attempt, Calls, Cost } from "../../../src/provider.js"
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

/** The connection of one provider object, made at its first request. */
export function sender(options: AwsOptions): Send {
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
  readonly response?: { readonly headers?: Readonly<Record<string, string | undefined>> }
}

type Handler = (given: unknown) => Promise<Answered>

/** A command of the SDK, as far as the headers of its answer go: what it returns has lost them. */
interface WithMiddleware {
  readonly middlewareStack?: {
    add(middleware: (next: Handler) => Handler, options: { readonly step: "deserialize"; readonly name: string }): void
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
