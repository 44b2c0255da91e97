/** How all clients that we make send: through the proxy that the environment names, one attempt each. */
import { proxyAgents } from "../../../src/client/tunnel.js"
import { keySettings } from "./credentials.js"
import type { AwsOptions } from "../options.js"

/**
 * The attempt's own signal ends an attempt, on the core's clock. These only catch what slips past it, on the real one,
 * and so lie far above it. The SDK by itself waits for ever to connect and 15 minutes for a byte.
 */
const CONNECT_MS = 20_000
const REQUEST_MS = 5 * 60_000

/** More than the terminations, launches and pages that the buckets let through at once. */
const SOCKETS = 256

/** The settings of every client of the SDK, whichever service it asks. */
export function clientSettings(options: Pick<AwsOptions, "credentials">) {
  const requestHandler = {
    connectionTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    throwOnRequestTimeout: true,
    ...proxyAgents({ keepAlive: true, maxSockets: SOCKETS }),
  }
  const keys = keySettings(options)
  return {
    // A capacity refusal is an HTTP 500 that the SDK would send twice more, past our buckets.
    maxAttempts: 1,
    requestHandler,
    ...keys,
    // Keys are looked up by clients of their own, which take their handler from here (SSO) or from the client (STS).
    ...(keys.credentials === undefined ? { clientConfig: { requestHandler } } : {}),
  }
}
