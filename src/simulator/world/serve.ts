/** The one path that every request takes: noted, delayed, refused or done, and answered, late or never. */
import type { Cost, Json } from "../../provider.js"
import type { Fault } from "../faults/faults.js"
import { sampleSpan, type Span } from "./luck.js"
import { nowOf, type WorldState } from "./state.js"
import { WorldError } from "../requests/world-error.js"

export interface Serving<T> {
  /** Units it draws from the world's buckets; a bucket that the world has not costs nothing. */
  readonly cost?: Cost
  /** The caller gives up: the request ends with the signal's reason, done or not. */
  readonly signal?: AbortSignal
  /** How long it takes, there and back; `latency.requestMs` when left out. */
  readonly latencyMs?: Span
  /** Until when its concurrency units are held, in milliseconds since 1970; until its answer when left out. */
  readonly holdUntil?: (answer: T) => number
  /** The refusal that an answer is, for the ledger: some clouds say no in an answer that is none of their errors. */
  readonly refusal?: (answer: T) => Pick<WorldError, "kind" | "code"> | undefined
}

/** A connection that says nothing for so long is given up by the network between, if the caller has not done so. */
const HANG_MS = 3_600_000

/** The act happens half way through, so that a caller who gives up does not know whether it did. */
export async function serve<T>(
  state: WorldState,
  request: { readonly api: string; readonly parameters: Json },
  serving: Serving<T>,
  act: () => T,
): Promise<T> {
  const { api, parameters } = request
  const { cost } = serving
  const close = state.ledger.open({ api, parameters, at: nowOf(state), ...(cost === undefined ? {} : { cost }) })
  try {
    serving.signal?.throwIfAborted()
    const answer = await answerOf(state, request, serving, act)
    const refusal = serving.refusal?.(answer)
    close(refusal?.code ?? "ok", refusal?.kind)
    return answer
  } catch (error) {
    if (serving.signal?.aborted === true) close("aborted")
    else if (error instanceof WorldError) close(error.code, error.kind)
    else close("broken")
    throw error
  }
}

async function answerOf<T>(
  state: WorldState,
  { api, parameters }: { readonly api: string; readonly parameters: Json },
  { cost = {}, signal, latencyMs = state.latency.requestMs, holdUntil }: Serving<T>,
  act: () => T,
): Promise<T> {
  // What was to happen by now may be a fault.
  state.agenda.catchUp(nowOf(state))
  const fault = state.faults.next(api, parameters)
  const halfMs = sampleSpan(latencyMs, state.luck.delays) / 2
  await pass(state, halfMs, signal)
  if (fault?.kind === "hang") await hang(state, api, signal)
  if (fault?.kind === "fail") throw refusal(api, fault)
  state.agenda.catchUp(nowOf(state))
  state.buckets.take(cost, nowOf(state))
  let heldUntil = 0
  try {
    const answer = drawing(state, cost, act)
    if (fault?.kind === "twice") actAgain(state, act, fault.afterMs ?? 0)
    heldUntil = holdUntil?.(answer) ?? 0
    await pass(state, halfMs + (fault?.kind === "late" ? fault.ms : 0), signal)
    if (fault !== undefined) spoil(api, fault, answer)
    return answer
  } finally {
    state.agenda.add(heldUntil, () => state.buckets.giveBack(cost))
  }
}

/** Where a bucket counts what came of a request, the rest of what was asked draws nothing. */
function drawing<T>(state: WorldState, cost: Cost, act: () => T): T {
  const before = state.inventory.size
  try {
    return act()
  } finally {
    state.buckets.refund(cost, state.inventory.size - before)
  }
}

/** Delivers a request a second time. No caller waits for the answer. */
function actAgain<T>(state: WorldState, act: () => T, afterMs: number): void {
  const again = () => {
    try {
      act()
    } catch (error) {
      if (!(error instanceof WorldError)) throw error
    }
  }
  if (afterMs > 0) state.agenda.add(nowOf(state) + afterMs, again)
  else again()
}

async function pass(state: WorldState, ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms > 0) await state.settings.clock.serve(ms, signal)
}

async function hang(state: WorldState, api: string, signal: AbortSignal | undefined): Promise<never> {
  await pass(state, HANG_MS, signal)
  throw new WorldError("lost", { code: "Hung", message: `${api} was not answered` })
}

function refusal(api: string, fault: Extract<Fault, { kind: "fail" }>): WorldError {
  const { error, code = error, message = `${api} met a scripted fault: ${error}`, retryAfterMs, scope } = fault
  return new WorldError(error, {
    code,
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(scope === undefined ? {} : { scope }),
  })
}

function spoil(api: string, fault: Fault, reply: unknown): void {
  if (fault.kind === "lose-reply")
    throw new WorldError("lost", { code: "ReplyLost", message: `the answer to ${api} was lost`, reply })
  if (fault.kind === "cut-reply")
    throw new WorldError("cut", { code: "ReplyCut", message: `the answer to ${api} broke off`, reply })
  if (fault.kind === "garble-reply") {
    throw new WorldError("garbled", { code: "ReplyGarbled", message: `the answer to ${api} cannot be read`, reply })
  }
}
