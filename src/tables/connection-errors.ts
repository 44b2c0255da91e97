/** Requests that got no answer: what Node's own errors mean to the caller, whichever cloud was asked. Pure. */
import { openFilesAdvice } from "../client/machine.js"
import { type MusterError, RejectedError, TransientError } from "../errors.js"

/** The request that was sent, or was to be. */
export interface Attempted {
  /** "launching 8 × m7i.large (on-demand, eu-west-1a)" */
  readonly what: string
  /** Whom the request was for, as the user knows it: an address or the name of a service. */
  readonly place: string
  /** What to do where no server has the name; "check the address and the network" when left out. */
  readonly unknownHost?: string
  /** Where to name the authority of a certificate that is not trusted; NODE_EXTRA_CA_CERTS when left out. */
  readonly authority?: string
}

/** What is read of a thrown error. */
export interface Thrown {
  readonly message?: string
  /** Node's code of a failed call, such as "ECONNREFUSED". */
  readonly code?: string
}

/** Codes of Node for a server that cannot be reached: no byte of the request was sent. */
export const UNREACHABLE: readonly string[] = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]

const UNTRUSTED = /^(CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/

/** The parts of what was thrown that are read: anything can be thrown on the way. */
export function thrownOf(thrown: unknown): Thrown {
  const error = (typeof thrown === "object" && thrown !== null ? thrown : { message: String(thrown) }) as Thrown
  const message = (error.message ?? "").split("\n")[0] ?? ""
  return { message, ...(error.code === undefined ? {} : { code: String(error.code) }) }
}

/**
 * The error for a request that was not sent: the server cannot be reached, its certificate is not trusted, or this process has
 * no socket left.
 *
 * @param thrown what the request threw; it becomes the error's cause.
 * @returns undefined where the request may have been sent.
 */
export function unsentError(thrown: unknown, { what, place, ...hints }: Attempted): MusterError | undefined {
  const { message = "", code } = thrownOf(thrown)
  if (code === undefined) return undefined
  const words = { cause: thrown, code }
  if (UNREACHABLE.includes(code)) {
    const hint = code === "ENOTFOUND" ? hints.unknownHost : undefined
    const reason = message || code
    return hint === undefined
      ? new TransientError(`${what}: ${place} is unreachable (${reason}); check the address and the network`, words)
      : new TransientError(`${what}: ${place} is unreachable (${reason}); ${hint}`, words)
  }
  const advice = openFilesAdvice(code)
  if (advice !== undefined) return new TransientError(`${what}: ${advice} (${message})`, words)
  if (!UNTRUSTED.test(code)) return undefined
  const authority = hints.authority ?? "name its authority in NODE_EXTRA_CA_CERTS"
  return new RejectedError(
    `${what}: ${place} shows a certificate that is not trusted here (${message}); ${authority}`,
    words,
  )
}

/**
 * The error for a request that got no complete answer: whether it was carried out is not known, unless it was not sent.
 *
 * @param thrown what the request threw; it becomes the error's cause.
 */
export function connectionError(thrown: unknown, attempted: Attempted): MusterError {
  const { message = "", code } = thrownOf(thrown)
  const { what, place } = attempted
  const lost = `${what}: no complete answer from ${place}: ${message}; the outcome is unknown`
  const words = { cause: thrown, ...(code === undefined ? {} : { code }) }
  return unsentError(thrown, attempted) ?? new TransientError(lost, words)
}
