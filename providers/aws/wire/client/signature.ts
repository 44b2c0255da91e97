/** Whether a request is signed the way AWS wants it (Signature Version 4); of who signed it only what a test says. */
import type { IncomingHttpHeaders } from "node:http"
import { Refusal } from "./refusals.js"
import { parseBasicTime } from "./time.js"

/** "Requests must reach AWS within five minutes of the time stamp", for EC2 15 minutes (RequestExpired). */
const EXPIRES_MS = 15 * 60_000

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=[0-9a-f]{64}$/

/** Access keys that are not accepted any more, and the code that says so. */
export type RefusedKeys = ReadonlyMap<string, KeyCode>
export type KeyCode = "RequestExpired" | "AuthFailure"

const KEY_WORDS: { readonly [C in KeyCode]: string } = {
  RequestExpired: "Request has expired.",
  AuthFailure: "AWS was not able to validate the provided access credentials",
}

interface Signing {
  readonly now: number
  readonly refused: RefusedKeys
  /** "ec2" when left out. */
  readonly service?: string
}

/** @param now the real time: SDKs sign with the machine's own clock, whatever the simulated one says. */
export function checkSignature(
  headers: IncomingHttpHeaders,
  region: string,
  { now, refused, service: wanted = "ec2" }: Signing,
): void {
  const { authorization, "x-amz-date": date } = headers
  if (authorization === undefined) {
    throw new Refusal(
      "MissingAuthenticationToken",
      "The request must contain either a valid (registered) AWS access key ID or X.509 certificate.",
    )
  }
  const match = AUTHORIZATION.exec(authorization)
  const signedAt = typeof date === "string" ? parseBasicTime(date) : undefined
  if (match === null || signedAt === undefined) {
    throw new Refusal("IncompleteSignature", "The request signature does not conform to AWS standards.")
  }
  const [, key = "", day, scopeRegion, service, signed = ""] = match
  if (scopeRegion !== region || service !== wanted || day !== String(date).slice(0, 8)) {
    throw new Refusal(
      "SignatureDoesNotMatch",
      `Credential should be scoped to a valid region, ${wanted} and day, not ${scopeRegion}/${service}/${day}.`,
    )
  }
  if (!["host", "x-amz-date"].every((name) => signed.split(";").includes(name))) {
    throw new Refusal("IncompleteSignature", "The headers host and x-amz-date must be signed.")
  }
  const code = refused.get(key)
  if (code !== undefined) throw new Refusal(code, KEY_WORDS[code])
  if (Math.abs(now - signedAt) > EXPIRES_MS) throw new Refusal("RequestExpired", "Request has expired.")
}
