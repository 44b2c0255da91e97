/** Look: runs one look with a deadline of its own. Whatever it throws is a finding, and stops no other look. */
import { onAbort } from "../calls/aborts.js"
import type { Clock } from "../calls/clock.js"
import { AuthError, SpecError, ThrottledError, TimeoutError, TransientError } from "../errors.js"
import type { Finding } from "../provider.js"

export interface Looking {
  readonly clock: Clock
  readonly timeoutMs: number
  /** Ends all looks. */
  readonly signal: AbortSignal
}

export interface Kind {
  /** What it throws is a warning. */
  readonly isAdvisory?: true
  /** Of a cloud: `muster policy` prints its rights. */
  readonly cloud?: string
}

/** @throws the reason of `looking.signal`, and nothing else. */
export async function findingsOf(
  { clock, timeoutMs, signal }: Looking,
  kind: Kind,
  look: (signal: AbortSignal) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  signal.throwIfAborted()
  const own = new AbortController()
  let end = (_reason: Error) => {}
  const ended = new Promise<never>((_resolve, reject) => {
    end = (reason) => {
      own.abort(reason)
      reject(reason)
    }
  })
  const late = () => new TimeoutError(`no answer within ${Math.round(timeoutMs / 1000)} s`, { code: "Late" })
  const cancel = clock.timer(timeoutMs, () => end(late()))
  const forget = onAbort(signal, () => end(signal.reason as Error))
  try {
    return await Promise.race([begun(look, own.signal), ended])
  } catch (error) {
    signal.throwIfAborted()
    return [findingOf(error, kind)]
  } finally {
    cancel()
    forget()
  }
}

/** What a look has found out, with what others go on with. */
export interface Seen<T> {
  readonly findings: readonly Finding[]
  readonly value: T
}

/** The same of a look that others go on with: `value` is left out where it threw, or took too long. */
export async function seenOf<T>(
  looking: Looking,
  kind: Kind,
  look: (signal: AbortSignal) => Promise<Seen<T>>,
): Promise<{ readonly findings: readonly Finding[]; readonly value?: T }> {
  const seen: Seen<T>[] = []
  const findings = await findingsOf(looking, kind, async (signal) => {
    const found = await look(signal)
    seen.push(found)
    return found.findings
  })
  const [first] = seen
  return first === undefined ? { findings } : { findings, value: first.value }
}

/** What it throws after the deadline is nobody's any more. */
function begun<T>(look: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  const work = Promise.resolve().then(() => look(signal))
  work.catch(() => {})
  return work
}

export function findingOf(error: unknown, { isAdvisory, cloud }: Kind): Finding {
  const remedy = remedyFor(error, cloud)
  return {
    status: isAdvisory === true ? "warn" : "fail",
    text: wordsOf(error),
    ...(remedy === undefined ? {} : { remedy }),
  }
}

export function wordsOf(error: unknown): string {
  if (error instanceof SpecError) return error.problems.map(({ option, message }) => `${option} ${message}`).join("; ")
  return error instanceof Error ? error.message : String(error)
}

const REACH = "see whether the cloud is reached from here: a proxy (HTTPS_PROXY), a firewall, its own status page"

function remedyFor(error: unknown, cloud: string | undefined): string | undefined {
  if (error instanceof AuthError)
    return cloud === undefined ? undefined : `allow it: muster policy ${cloud} prints what is needed`
  if (error instanceof ThrottledError) return "others use the account's requests up: try again later"
  if (error instanceof TransientError || error instanceof TimeoutError) return REACH
  return undefined
}
