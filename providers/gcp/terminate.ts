import { AuthError, MusterError, RejectedError } from "../../src/errors.js"
import { show } from "../../src/parse.js"
import type { Calls, Instance, Termination } from "../../src/provider.js"
import type { Send } from "./client.js"
import { asError, isNotFound } from "./errors.js"
import { hexOf, partsOf, uuidOf } from "./names.js"
import { saidBy } from "./said.js"

interface Means {
  readonly send: Send
  readonly region: string
}

type End = Termination["accepted"][number]

/** Asked again after so long, it is a new request: the old one's id would only bring back what came of it. */
const SAME_REQUEST_MS = 60_000
/** How far apart two clocks may be that tell when a deletion was asked for, in periods of `SAME_REQUEST_MS`. */
const MOST_APART = 5

/**
 * Deletes instances, one request each: Compute Engine has no other way for instances of no group. All go at once, as many
 * as the buckets let pass; none is looked at before. What it does not find is gone.
 *
 * @throws the first error when nothing came through and no single instance is the cause (credentials, network).
 */
export async function terminate(
  { send, region }: Means,
  instances: readonly Instance[],
  calls: Calls,
): Promise<Termination> {
  const at = calls.now()
  const outcomes = await Promise.allSettled(instances.map((instance) => end(send, region, instance, at, calls)))
  calls.signal.throwIfAborted()
  const refusals = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []))
  const [first] = refusals
  if (first !== undefined && refusals.length === outcomes.length && !isAboutOne(first)) throw first
  const accepted = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []))
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === "rejected" ? [failed(instances[index]?.id ?? "", outcome.reason)] : [],
  )
  return { accepted, failures }
}

/** The id of a request that is made at that moment, in milliseconds since 1970: who sees it in an operation knows whose it was. */
export function deletionId(id: string, at: number): string {
  return uuidOf(hexOf(`delete/${id}/${Math.floor(at / SAME_REQUEST_MS)}`, 32))
}

/** Whether it is the id of a request that Muster made at about that moment. */
export function isDeletionId(requestId: string | undefined, id: string, at: number): boolean {
  const apart = Array.from({ length: 2 * MOST_APART + 1 }, (_, index) => (index - MOST_APART) * SAME_REQUEST_MS)
  return apart.some((ms) => deletionId(id, at + ms) === requestId)
}

async function end(send: Send, region: string, instance: Instance, at: number, calls: Calls): Promise<End> {
  const { id, state } = instance
  // On its way out already: asking again would cost a write, and Compute Engine may refuse a second deletion. Should it
  // only have been stopped, lists show it as stopped next.
  if (state === "terminating") return { id, state }
  const parts = partsOf(id)
  if (parts === undefined) {
    throw new RejectedError(`deleting ${show(id)}: an instance's id is zone/name`, { code: "InvalidName" })
  }
  const { zone, name } = parts
  const what = `deleting ${name} in ${zone}`
  const requestId = deletionId(id, at)
  try {
    const operation = await send(calls, "instances.delete", {
      what,
      message: { zone, instance: name, requestId },
      fields: "name,status,error",
    })
    const [problem] = operation.error?.errors ?? []
    if (problem === undefined) return { id, state: "terminating" }
    throw asError(saidBy(problem), { what, region })
  } catch (error) {
    if (isNotFound(error)) return { id, state: "terminated" }
    throw error
  }
}

/** Whether others may pass: throttles, broken connections and missing rights are the same for all. */
function isAboutOne(error: Error): boolean {
  return error instanceof RejectedError && !(error instanceof AuthError)
}

function failed(id: string, reason: unknown): Termination["failures"][number] {
  const { message } = reason instanceof Error ? reason : { message: String(reason) }
  return { id, code: reason instanceof MusterError ? reason.code : "Unknown", message }
}
