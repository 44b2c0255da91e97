/** The world's refusals as the classes of the seam: this cloud's table. */
import {
  AuthError,
  CapacityError,
  type MusterError,
  QuotaError,
  RejectedError,
  ThrottledError,
  TransientError,
} from "../../errors.js"
import type { Attempt, Calls, Cost, Failure, FailureReason, Scope } from "../../provider.js"
import { WorldError, type WorldErrorKind } from "../requests/world-error.js"

/** How long what refused counts as unavailable: pools refill in minutes, quotas when the user asks for more. */
const TTL_MS: Readonly<Record<FailureReason, number>> = {
  capacity: 180_000,
  quota: 300_000,
  rejected: 60_000,
  transient: 2_000,
  boot: 0,
  startup: 0,
  interrupted: 60_000,
  budget: 0,
}

export function failureOf(
  reason: FailureReason,
  details: { readonly code: string; readonly message: string },
  of: { readonly count: number; readonly scope: Scope },
): Failure {
  const { code, message } = details
  return { reason, count: of.count, scope: of.scope, ttlMs: TTL_MS[reason], code, message }
}

type Make = (message: string, error: WorldError, scope: Scope) => MusterError

const CLASSES: Readonly<Record<WorldErrorKind, Make>> = {
  throttled: (message, error) =>
    new ThrottledError(message, {
      ...details(error),
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      ...(error.bucket === undefined ? {} : { bucket: error.bucket }),
    }),
  transient: (message, error) => new TransientError(message, details(error)),
  capacity: (message, error, scope) =>
    new CapacityError(message, { ...details(error), scope: error.scope ?? scope, ttlMs: TTL_MS.capacity }),
  quota: (message, error, scope) =>
    new QuotaError(message, { ...details(error), scope: error.scope ?? scope, ttlMs: TTL_MS.quota }),
  rejected: (message, error) => new RejectedError(message, details(error)),
  auth: (message, error) => new AuthError(message, details(error)),
  lost: (message, error) => new TransientError(message, details(error)),
  cut: (message, error) => new TransientError(message, details(error)),
  garbled: (message, error) => new TransientError(message, details(error)),
}

function details(error: WorldError): { readonly code: string; readonly cause: WorldError } {
  return { code: error.code, cause: error }
}

export interface Request {
  readonly api: string
  readonly cost: Cost
  /** What is being done, to what, for messages: "launching 8 x m1.large in sim-1a". */
  readonly action: string
  /** The scope of a refusal for capacity or quota that names none; everything when left out. */
  readonly scope?: Scope
}

/** Sends one request, and turns the world's refusals into the seam's. */
export function ask<T>(calls: Calls, request: Request, fn: (attempt: Attempt) => Promise<T>): Promise<T> {
  return calls.send(request.api, request.cost, async (attempt) => {
    try {
      return await fn(attempt)
    } catch (error) {
      if (!(error instanceof WorldError)) throw error
      throw CLASSES[error.kind](`${request.action}: ${error.message}`, error, request.scope ?? {})
    }
  })
}
