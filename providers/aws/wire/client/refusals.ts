/** EC2's refusals: codes, their HTTP status and their body ("Error codes for the Amazon EC2 API"). */
import { WorldError, type WorldErrorKind } from "../../../../src/simulator/index.js"
import { escapeXml } from "./xml.js"

/** A refusal: what EC2 answers instead of doing what was asked, in its own wording. */
export class Refusal extends WorldError {
  /** The HTTP status, where it is not the code's own. */
  readonly status: number | undefined

  constructor(code: string, message: string, status?: number) {
    super("rejected", { code, message })
    this.status = status
  }
}

/** Server errors, by the table of that page; the rest are 4xx. */
const STATUS: Readonly<Record<string, number>> = {
  InsufficientInstanceCapacity: 500,
  InsufficientHostCapacity: 500,
  InsufficientReservedInstanceCapacity: 500,
  InsufficientVolumeCapacity: 500,
  InsufficientAddressCapacity: 500,
  InsufficientCapacity: 500,
  InternalError: 500,
  InternalFailure: 500,
  ServerInternal: 500,
  Unavailable: 503,
  ServiceUnavailable: 503,
  RequestLimitExceeded: 503,
  EC2ThrottledException: 503,
  AuthFailure: 401,
  UnauthorizedOperation: 403,
  MissingAuthenticationToken: 403,
  SignatureDoesNotMatch: 403,
  OptInRequired: 401,
  Blocked: 403,
  DryRunOperation: 412,
}

/** What the world says without a code of EC2's. */
const DEFAULTS: Readonly<Record<WorldErrorKind, readonly [code: string, status: number]>> = {
  throttled: ["RequestLimitExceeded", 503],
  transient: ["InternalError", 500],
  capacity: ["InsufficientInstanceCapacity", 500],
  quota: ["VcpuLimitExceeded", 400],
  rejected: ["InvalidParameterValue", 400],
  auth: ["UnauthorizedOperation", 403],
  lost: ["InternalError", 500],
  cut: ["InternalError", 500],
  garbled: ["InternalError", 500],
}

/** The world's own names for what its stock, quotas and buckets refuse. */
const WORLD_CODES: ReadonlySet<string> = new Set(["Throttled", "InsufficientCapacity", "QuotaExceeded", "NotSold"])

export interface ErrorReply {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly retryAfterMs?: number
}

export function errorReply(error: unknown, action: string, account: string): ErrorReply {
  if (!(error instanceof WorldError)) return { status: 500, code: "InternalError", message: String(error) }
  const [code, status] = DEFAULTS[error.kind]
  if (WORLD_CODES.has(error.code)) return { status, code, message: worldMessage(error, action, account) }
  const given = error.code === error.kind ? code : error.code
  const retry = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }
  const own = error instanceof Refusal ? error.status : undefined
  return { status: own ?? STATUS[given] ?? status, code: given, message: error.message, ...retry }
}

/** The code that an error has inside a fleet's answer. */
export function errorCodeOf(error: WorldError): string {
  return WORLD_CODES.has(error.code) || error.code === error.kind ? DEFAULTS[error.kind][0] : error.code
}

function worldMessage(error: WorldError, action: string, account: string): string {
  if (error.kind !== "throttled") return error.message
  // The wording is that of users' reports; EC2 sends no Retry-After with it.
  return `Account ${account} has been throttled on ec2:${action} because it exceeded its request rate limit.`
}

export function errorXml({ code, message }: ErrorReply, requestId: string): string {
  const error = `<Error><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors>${error}</Errors><RequestID>${requestId}</RequestID></Response>`
}
