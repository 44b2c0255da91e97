/** The SDK: it is loaded at its first use, and each client does one thing at a time and never retries. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import type { AwsClient, AwsOptions } from "../options.js"
import { EC2 } from "./packages.js"
import { SpecError } from "../../../src/errors.js"
import { clientSettings } from "./handler.js"
import { loadClient } from "../../../src/client/package.js"

export type Sdk = typeof Ec2

/** Half the time of `import`, which reads the exports of a 2 MB CommonJS file first. */
export function loadSdk(): Sdk {
  return loadClient(EC2, (require) => require(EC2.name) as Sdk)
}

const nothing = () => {}

/**
 * Silent as the SDK's own, but without `info`: that one is given a copy of every reply less its secret fields, which is a
 * tenth of the work of reading a list, and nothing reads it (@aws-sdk/core, "loggerMiddleware", asks whether there is one).
 */
const SILENT = { trace: nothing, debug: nothing, warn: nothing, error: nothing } as unknown as NonNullable<
  Ec2.EC2ClientConfig["logger"]
>

export function makeClient(sdk: Sdk, options: AwsOptions): AwsClient {
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
export function quietly<T>(make: () => T): T {
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
export async function checkClient(client: AwsClient, region: string): Promise<void> {
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
