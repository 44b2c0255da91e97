/** The SDK: loaded at its first use, told to do one thing at a time, and never to retry. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { loadClient } from "../../../src/client/package.js"
import { SpecError, TransientError } from "../../../src/errors.js"
import type { Attempt, Calls, Cost } from "../../../src/provider.js"
import { type Api, ESSENTIAL, type Input, type Output } from "./actions.js"
import type { Doing } from "./answers.js"
import { type Deliver, delivering, type Resent } from "./credentials.js"
import { toMusterError } from "./errors.js"
import { clientSettings } from "./handler.js"
import type { AwsClient, AwsOptions } from "../options.js"
import { EC2 } from "./packages.js"

type Sdk = typeof Ec2

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
  doing: Omit<Doing, "endpoint" | "region">,
) => Promise<Output<A>>

/** The connection of one provider object, made at its first request. */
export function sender(options: AwsOptions): Send {
  let connecting: Promise<Connection> | undefined
  const connect = () => (connecting ??= connection(options))
  const where = { region: options.region, ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }) }
  return (calls, api, cost, input, doing) => {
    const resent: Resent = new Set()
    return calls.send(api, cost, async (attempt) => {
      const { signal } = attempt
      try {
        const { sdk, deliver } = await connect()
        const Command = sdk[`${api}Command`] as new (input: unknown) => object
        const command = new Command(input)
        // Another endpoint than EC2's own is an emulator's, or a test's, which may live in a time of its own.
        if (options.endpoint === undefined) hearDate(command, attempt)
        return complete(api, (await deliver(command, { signal, resent })) as Output<typeof api>)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw toMusterError(error, { ...doing, ...where })
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
interface Hearing {
  readonly middlewareStack?: {
    add(middleware: (next: Handler) => Handler, options: { readonly step: "deserialize"; readonly name: string }): void
  }
}

/** Tells the attempt when EC2 gave its answer. */
export function hearDate(command: object, attempt: Attempt): void {
  const { middlewareStack } = command as Hearing
  middlewareStack?.add(
    (next) => async (given) => {
      const answered = await next(given)
      attempt.dated?.(answered.response?.headers?.date)
      return answered
    },
    { step: "deserialize", name: "musterHearsDate" },
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

/** Half the time of `import`, which reads the exports of a 2 MB CommonJS file first. */
function loadSdk(): Sdk {
  return loadClient(EC2, (require) => require(EC2.name) as Sdk)
}

const nothing = () => {}

/**
 * Silent as the SDK's own, but without `info`: that one is given a copy of every reply less its secret fields, which is a
 * tenth of the work of reading a list, for nobody (@aws-sdk/core, "loggerMiddleware", asks whether there is one).
 */
const SILENT = { trace: nothing, debug: nothing, warn: nothing, error: nothing } as unknown as NonNullable<
  Ec2.EC2ClientConfig["logger"]
>

function makeClient(sdk: Sdk, options: AwsOptions): AwsClient {
  const { region, endpoint } = options
  return new sdk.EC2Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...clientSettings(options),
    logger: SILENT,
  }) as AwsClient
}

const QUIET = "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"

/** The SDK warns on Node 20 of versions to come; the version that is installed works. The environment is as before after. */
function quietly<T>(make: () => T): T {
  const before = process.env[QUIET]
  process.env[QUIET] = "true"
  try {
    return make()
  } finally {
    if (before === undefined) delete process.env[QUIET]
    else process.env[QUIET] = before
  }
}

/** A ready-made client keeps its own settings; two of them would make us lie about regions and about requests. */
async function checkClient(client: AwsClient, region: string): Promise<void> {
  const config = (client as { config?: { region?: unknown; maxAttempts?: unknown } }).config
  const theirs = await settingOf(config?.region)
  if (theirs !== undefined && theirs !== region) {
    const message = `is made for ${String(theirs)} and not for ${region}; make both the same`
    throw new SpecError([{ option: "aws.client", message }])
  }
  const attempts = await settingOf(config?.maxAttempts)
  if (attempts !== undefined && attempts !== 1) {
    const message = `retries by itself (maxAttempts ${String(attempts)}), past all rate limits; make it with new EC2Client({ maxAttempts: 1, … })`
    throw new SpecError([{ option: "aws.client", message }])
  }
}

async function settingOf(setting: unknown): Promise<unknown> {
  return typeof setting === "function" ? (setting as () => unknown)() : setting
}
