/**
 * What wraps every single request to a cloud: retry(throttle(admit(deadline(event(fn))))). One place paces, journals,
 * limits in time, counts and retries.
 */
import { isFinal, isRefusalOfOne, ThrottledError, TransientError } from "../errors.js"
import type { Attempt, Calls, Limits } from "../provider.js"
import { onAbort } from "./aborts.js"
import { type Account, accountOf, noteAnswer, standingOf, throttleRow } from "./account.js"
import { type Clock, wallAheadMs } from "./clock.js"
import { Consumption } from "./consumption.js"
import { backoffMs, isUnreachable, MAX_ATTEMPTS, type Patience } from "./retry.js"

/** The outcome of one attempt; `error` is the name of its class. */
export interface CallReport {
  readonly api: string
  readonly attempt: number
  readonly ms: number
  readonly error?: string
  readonly message?: string
}

export interface CallsOptions {
  readonly clock: Clock
  readonly limits: Pick<Limits, "account" | "buckets" | "attemptMs">
  readonly signal: AbortSignal
  readonly readOnly?: boolean
  /** An attempt that is on the wire is awaited to its own deadline although `signal` is aborted: it may make instances. */
  readonly finishAttempts?: boolean
  /** Runs once, after the buckets let the first attempt pass and before its first byte. What it throws ends the send. */
  readonly admit?: () => Promise<void>
  /** This request passes others that wait in the same buckets. */
  readonly first?: boolean
  /** May use the reserve of the buckets. */
  readonly failover?: boolean
  /** The same launch was sent before: its instances have consumed their units of buckets that count by outcome. */
  readonly isConsumed?: boolean
  /** Runs before every attempt that `admit` has not announced. What it throws ends the send. */
  readonly resending?: (api: string) => Promise<void>
  /** Runs before the first byte of every attempt. */
  readonly sending?: (api: string) => void
  /** Runs for a throttled attempt when no earlier attempt can have done anything. */
  readonly throttled?: (api: string, error: ThrottledError) => void
  /**
   * Receives the release function of each attempt that consumed concurrency units; the caller then releases them. The next attempt
   * releases the units of this one: a request that waits for its own units would wait for ever.
   */
  readonly keepUnits?: (release: () => void) => void
  readonly report?: (report: CallReport) => void
  /** The default is `MAX_ATTEMPTS` attempts. */
  readonly patience?: Patience
}

/** Calls without pace, journal, deadline or retry: `send` only runs the request. For tests of adapters. */
export function bareCalls(options: { clock: Clock; signal?: AbortSignal; readOnly?: boolean }): Calls {
  const signal = options.signal ?? new AbortController().signal
  return {
    signal,
    now: () => options.clock.now() + wallAheadMs(options.clock),
    readOnly: options.readOnly ?? false,
    pause: (ms) => options.clock.sleep(ms, signal),
    send: async (api, _cost, fn) => {
      signal.throwIfAborted()
      // Each request has a signal of its own, as with the core's calls: many at once listen to none together.
      const controller = new AbortController()
      const forget = onAbort(signal, () => controller.abort(signal.reason))
      try {
        const attempt = { signal: controller.signal, number: 1, observed: () => {}, dated: () => {} }
        return await options.clock.busy(api, fn(attempt))
      } finally {
        forget()
      }
    },
  }
}

/** The core's calls. */
export function createCalls(options: CallsOptions): Calls {
  const { clock, signal } = options
  const account = accountOf(clock, options.limits)
  let admitted: Promise<void> | undefined
  const admit = () => (admitted ??= options.admit?.() ?? Promise.resolve())
  return {
    signal,
    now: () => clock.now() + account.time.skewMs(wallAheadMs(clock)),
    readOnly: options.readOnly ?? false,
    pause: (ms) => clock.sleep(ms, signal),
    send: (api, cost, fn) => {
      const consumption = new Consumption(account, options.limits.buckets, cost, options.isConsumed)
      return retry(options, account, { api, consumption }, (number) =>
        throttle(options, consumption, async () => {
          await admit()
          const isAnnounced = number === 1 && options.admit !== undefined
          if (!isAnnounced && options.resending !== undefined) await options.resending(api)
          signal.throwIfAborted()
          options.sending?.(api)
          return deadline(options, account, api, number, (attempt) => report(options, api, attempt, fn))
        }),
      )
    },
  }
}

interface Retried {
  readonly api: string
  readonly consumption: Consumption
}

type Sending<T> = (number: number) => Promise<T>

async function retry<T>(options: CallsOptions, account: Account, call: Retried, attempt: Sending<T>): Promise<T> {
  const { clock, signal } = options
  const { api, consumption } = call
  const patience: Patience = options.patience ?? { attempts: MAX_ATTEMPTS }
  const { attempts, mostMs = Number.POSITIVE_INFINITY, leastMs = 0 } = patience
  const begun = clock.now()
  const standing = standingOf(account, api)
  const row = throttleRow(standing, patience.throttles)
  let retries = 0
  let unknown: TransientError | undefined
  for (let number = 1; ; number += 1) {
    try {
      const answer = await attempt(number)
      account.budget.refund(retries)
      noteAnswer(standing)
      return answer
    } catch (error) {
      if (error instanceof TransientError) unknown = error
      // The caller must learn of a request that may have been carried out, not of the aborted wait.
      if (signal.aborted) throw options.finishAttempts ? (unknown ?? error) : signal.reason
      if (error instanceof ThrottledError) {
        if (unknown === undefined) options.throttled?.(api, error)
        standing.throttles += 1
        const waitMs = error.retryAfterMs || backoffMs(clock, standing.throttles)
        const ms = consumption.throttled(error, waitMs, unknown === undefined)
        if (row.isOver(patience.again)) throw stillUnknown(unknown, error)
        if (ms > 0) await clock.sleep(ms, signal).catch(() => {})
        continue
      }
      if (!(error instanceof TransientError)) {
        noteAnswer(standing)
        throw options.finishAttempts && isUninformative(error) ? stillUnknown(unknown, error) : error
      }
      retries += 1
      const ms = clock.now() - begun
      const isEnough = retries >= attempts && (ms >= leastMs || isUnreachable(error))
      if (isEnough || ms >= mostMs || patience.again?.() === false || !account.budget.spend()) throw error
      await clock.sleep(backoffMs(clock, retries), signal).catch(() => {})
      if (signal.aborted) throw options.finishAttempts ? error : signal.reason
    }
  }
}

/**
 * The error after a refusal that tells nothing of an earlier attempt (expired credentials, for example). A lack of capacity or
 * quota does tell: the same token would have returned what was made.
 */
function stillUnknown(unknown: TransientError | undefined, refusal: unknown): unknown {
  if (unknown === undefined) return refusal
  const why = refusal instanceof Error ? refusal.message : String(refusal)
  return new TransientError(`${unknown.message}; sent again, it was refused: ${why}`, { cause: refusal })
}

function isUninformative(error: unknown): boolean {
  return isFinal(error) || isRefusalOfOne(error)
}

async function throttle<T>(options: CallsOptions, consumption: Consumption, pass: () => Promise<T>): Promise<T> {
  const release = await consumption.take(options)
  if (options.keepUnits === undefined) return pass().finally(release)
  options.keepUnits(release)
  return pass()
}

/** Ends the attempt after `attemptMs`, and with the caller's signal unless attempts are to be finished. */
async function deadline<T>(
  options: CallsOptions,
  account: Account,
  api: string,
  number: number,
  run: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const { clock, limits, signal } = options
  const controller = new AbortController()
  const late = () => new TransientError(`${api}: no answer within ${limits.attemptMs / 1000} s; the outcome is unknown`)
  let end = (_reason: unknown) => {}
  const ended = new Promise<never>((_resolve, reject) => {
    end = (reason) => {
      controller.abort(reason)
      reject(reason as Error)
    }
  })
  const cancel = clock.timer(limits.attemptMs, () => end(late()))
  const forget = onAbort(options.finishAttempts ? undefined : signal, () => end(signal.reason))
  const attempt: Attempt = {
    signal: controller.signal,
    number,
    observed: (remaining) => account.buckets.observed(remaining),
    dated: (date) => account.time.record(date, clock.now()),
  }
  try {
    return await Promise.race([clock.busy(api, run(attempt)), ended])
  } finally {
    cancel()
    forget()
  }
}

async function report<T>(
  options: CallsOptions,
  api: string,
  attempt: Attempt,
  fn: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  if (options.report === undefined) return fn(attempt)
  const start = options.clock.now()
  const call = { api, attempt: attempt.number }
  try {
    const answer = await fn(attempt)
    options.report({ ...call, ms: options.clock.now() - start })
    return answer
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: "unknown", message: String(error) }
    options.report({ ...call, ms: options.clock.now() - start, error: name, message })
    throw error
  }
}
