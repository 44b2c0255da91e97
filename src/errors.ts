/**
 * One class per decision: an error class exists because the core does something different when it sees it.
 * Adapters throw only these; each cloud's native codes become classes in a table of its own.
 */
import type { Failure, FailureReason, Instance, Scope } from "./provider.js"

export interface CloudWords {
  /** The cloud's own code, as it was sent. */
  readonly code?: string
  readonly requestId?: string
  readonly cause?: unknown
}

/** The base of every error this library throws on purpose. `message` says what was done, to what, and what to do. */
export class MusterError extends Error {
  readonly code: string
  readonly requestId?: string

  constructor(message: string, details: CloudWords = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.code = details.code ?? new.target.name
    if (details.requestId !== undefined) this.requestId = details.requestId
  }
}

/** Too many requests. Nothing was done; the bucket stops until `retryAfterMs` has passed and the same call is sent again. */
export class ThrottledError extends MusterError {
  readonly retryAfterMs?: number
  /** The bucket that is empty, where the cloud says so; else every bucket whose units the request consumes. */
  readonly bucket?: string
  /** How many units the bucket's window holds, where the cloud says so. */
  readonly limit?: number

  constructor(
    message: string,
    details: CloudWords & { readonly retryAfterMs?: number; readonly bucket?: string; readonly limit?: number } = {},
  ) {
    super(message, details)
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs
    if (details.bucket !== undefined) this.bucket = details.bucket
    if (details.limit !== undefined) this.limit = details.limit
  }
}

/** The outcome is unknown: the same call is sent again with the same token. */
export class TransientError extends MusterError {}

/** Some zones did not answer a list, so that their instances are unknown. The answers of the other zones are complete. */
export class PartialListError extends TransientError {
  readonly silent: readonly string[]
  /** Of the zones that answered; none where it was no list of instances. */
  readonly instances: readonly Instance[]

  constructor(
    message: string,
    details: CloudWords & { readonly silent: readonly string[]; readonly instances?: readonly Instance[] },
  ) {
    super(message, details)
    this.silent = details.silent
    this.instances = details.instances ?? []
  }
}

/** The shape of a refusal that another offer may not meet. */
export interface Refusal extends CloudWords {
  readonly scope: Scope
  /** How long the offers in scope count as unavailable, in milliseconds. */
  readonly ttlMs: number
  /** What the user can do, where the cloud's answer tells more of it than reason and scope do: which quota, what to give free. */
  readonly advice?: string
}

/** An answer that refuses what was asked of an offer: nothing was made. */
export abstract class RefusedError extends MusterError {
  readonly scope: Scope
  readonly ttlMs: number
  readonly advice?: string
  abstract readonly reason: FailureReason

  constructor(message: string, refusal: Refusal) {
    super(message, refusal)
    this.scope = refusal.scope
    this.ttlMs = refusal.ttlMs
    if (refusal.advice !== undefined) this.advice = refusal.advice
  }

  /** The same refusal as data, for `count` instances. */
  toFailure(count: number): Failure {
    const { reason, scope, ttlMs, code, message, requestId, advice } = this
    const more = { ...(requestId === undefined ? {} : { requestId }), ...(advice === undefined ? {} : { advice }) }
    return { reason, count, scope, ttlMs, code, message, ...more }
  }
}

/** The cloud has no capacity for the offer now: the next offer is tried. */
export class CapacityError extends RefusedError {
  readonly reason = "capacity"
}

/** The account's quota is used up: the next offer outside the quota's scope is tried. */
export class QuotaError extends RefusedError {
  readonly reason = "quota"
}

/**
 * The cloud refused what was asked of this offer, for a reason that says nothing of others, or with a code that no table knows.
 * Nothing was made. The offer is suspended and the next one is tried; once offers that are unlike each other are refused with one code,
 * the group stops.
 */
export class OfferRefusedError extends RefusedError {
  readonly reason = "rejected"
}

/**
 * The cloud answered that it cannot do this at the moment, for a reason of its own that passes. Nothing was made. It is asked
 * anew after `ttlMs`, and after longer and longer while nothing comes of it; others are asked meanwhile.
 */
export class UnavailableError extends RefusedError {
  readonly reason = "transient"
}

/**
 * Something that the request names is not there: what this library has made, or what clouds take long to make known everywhere.
 * Nothing was made. For `graceMs` after the first such answer it counts as not known everywhere yet, and is asked anew. After
 * that, what is `ours` is prepared anew; else the group stops with this message.
 */
export class NotFoundError extends RefusedError {
  readonly reason = "transient"
  readonly graceMs: number
  readonly ours: boolean

  constructor(message: string, refusal: Refusal & { readonly graceMs: number; readonly ours: boolean }) {
    super(message, refusal)
    this.graceMs = refusal.graceMs
    this.ours = refusal.ours
  }
}

/** The cloud will never accept this request, whichever offer it is for: stop, and tell the user. */
export class RejectedError extends MusterError {}

/** Credentials are missing, wrong or not enough: stop, and tell the user. */
export class AuthError extends MusterError {}

/** One problem of a request: the option's path, the value that was given, and what to do about it. */
export interface SpecProblem {
  readonly option: string
  readonly value?: unknown
  readonly message: string
}

/** The request itself is wrong. All problems are in `problems`, and all are in the message. */
export class SpecError extends MusterError {
  readonly problems: readonly SpecProblem[]

  constructor(problems: readonly SpecProblem[], details: CloudWords = {}) {
    const lines = problems.map((problem) => `${problem.option}: ${problem.message}`)
    super(lines.length === 1 ? (lines[0] ?? "") : `${lines.length} problems:\n  ${lines.join("\n  ")}`, details)
    this.problems = problems
  }
}

/** The budget does not cover the target: nothing was launched. */
export class BudgetError extends MusterError {}

/**
 * Another process owns this cluster or its name: stop, and leave its instances alone. With `gone`, no other owner was found: the
 * cluster's claim was removed, and `close` still ends all instances that this process knows.
 */
export class OwnershipError extends MusterError {
  readonly gone: boolean

  constructor(message: string, details: CloudWords & { readonly gone?: boolean } = {}) {
    super(message, details)
    this.gone = details.gone ?? false
  }
}

/** The code of an OwnershipError when another new cluster of the same owner has claimed the name. */
export const NAME_TAKEN = "NameTaken"

/** Whether another new cluster has the name: the instances of this one must be ended, and nothing more may be launched. */
export function isNameTaken(error: unknown): boolean {
  return error instanceof OwnershipError && error.code === NAME_TAKEN
}

/** A journal that cannot be written: launches stop, terminations go on. */
export class JournalError extends MusterError {
  readonly path: string

  constructor(message: string, details: CloudWords & { readonly path: string }) {
    super(message, details)
    this.path = details.path
  }
}

/** A wait that reached its deadline. The message says what was waited for, how long, and what exists. */
export class TimeoutError extends MusterError {}

/** One row of a shortfall: `count` workers of `group` are missing for this reason. */
export interface ShortfallReason {
  readonly group: string
  readonly reason: FailureReason | "timeout" | "error"
  readonly count: number
  readonly scope: Scope
  readonly code: string
  readonly message: string
  readonly requestId?: string
  /** When the offers in scope will be tried again, in milliseconds since 1970; left out: with the next `scale`. */
  readonly retryAt?: number
  /** What the user can do. */
  readonly advice: string
}

/** What `scale` returns, and what the error carries when too few run. */
export interface Shortfall {
  readonly count: number
  readonly reasons: readonly ShortfallReason[]
}

/** Every offer was tried and fewer than `minimum` run. The reasons add up to the shortfall. */
export class ShortfallError extends MusterError {
  readonly desired: number
  readonly running: number
  /** Of those that run: all, where nothing says when they are. */
  readonly ready: number
  readonly shortfall: Shortfall

  constructor(
    message: string,
    result: { desired: number; running: number; ready?: number; shortfall: Shortfall; cause?: unknown },
  ) {
    super(message, result.cause === undefined ? {} : { cause: result.cause })
    this.desired = result.desired
    this.running = result.running
    this.ready = result.ready ?? result.running
    this.shortfall = result.shortfall
  }
}

/** Something may still be running. `receipt.leaked` names it. */
export class LeakError<Receipt = unknown> extends MusterError {
  readonly receipt: Receipt

  constructor(message: string, details: CloudWords & { readonly receipt: Receipt }) {
    super(message, details)
    this.receipt = details.receipt
  }
}

/** A command on a worker ended with another exit code than 0. The message has the last that it wrote. */
export class CommandError extends MusterError {
  /** The name of the worker. */
  readonly worker: string
  /** 128 and the signal's number where a signal ended it. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string

  constructor(
    message: string,
    details: { readonly worker: string; readonly exitCode: number; readonly stdout: string; readonly stderr: string },
  ) {
    super(message)
    this.worker = details.worker
    this.exitCode = details.exitCode
    this.stdout = details.stdout
    this.stderr = details.stderr
  }
}

/** A worker's server showed another host key than the worker has, or none that could be proven: nothing was sent to it. */
export class HostKeyError extends MusterError {
  /** Of the keys that the worker has, as `ssh-keygen -l` shows them; none where none was known. */
  readonly known: readonly string[]
  /** Of the key that was shown. */
  readonly shown: string

  constructor(message: string, details: { readonly known: readonly string[]; readonly shown: string }) {
    super(message)
    this.known = details.known
    this.shown = details.shown
  }
}

/**
 * The head of the cluster's engine is lost, and no other one takes its place: all of the cluster is ended. The message says what became of
 * it, and has the last lines of its log where they could be read.
 */
export class HeadLostError extends MusterError {
  /** The name of the head. */
  readonly head: string
  /** The last lines of its log; "" where none could be read. */
  readonly tail: string

  constructor(message: string, details: CloudWords & { readonly head: string; readonly tail: string }) {
    super(message, details)
    this.head = details.head
    this.tail = details.tail
  }
}

/** A refusal that shows nothing of an earlier attempt of the same call; refusals for capacity and quota do. */
export function isRefusalOfOne(error: unknown): boolean {
  return error instanceof OfferRefusedError || error instanceof UnavailableError || error instanceof NotFoundError
}

/** True for the errors after which trying again, or elsewhere, cannot help: the user must act. */
export function isFinal(error: unknown): boolean {
  return (
    error instanceof RejectedError ||
    error instanceof AuthError ||
    error instanceof SpecError ||
    error instanceof BudgetError ||
    error instanceof OwnershipError ||
    error instanceof JournalError
  )
}
