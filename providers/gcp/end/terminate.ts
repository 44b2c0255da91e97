import { AuthError, MusterError, RejectedError } from "../../../src/errors.js"
import { show } from "../../../src/input/parse.js"
import type { Calls, Instance, Termination } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { asError, isNotFound } from "../client/errors.js"
import { deletionId } from "../client/ids/deletion-ids.js"
import { partsOf } from "../client/ids/names.js"
import type { NativeOperation } from "../client/native.js"
import { detailsOf } from "../client/refusals/details.js"
import { parseTime } from "../../../src/tables/times.js"

interface TerminateContext {
  readonly send: Send
  readonly region: string
}

type End = Termination["accepted"][number]

/**
 * Deletes instances, one request each: Compute Engine has no other way for instances of no group. All go at once, as many
 * as the buckets let pass, and none is read before. An instance that Compute Engine does not find is terminated.
 *
 * @throws the first error when no request was carried out and no single instance is the cause (credentials, network).
 */
export async function terminate(
  { send, region }: TerminateContext,
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

/** The clock skew that is allowed for: Google's clock may be so far behind. The core waits longer before it repeats a request. */
const SKEW_MS = 1_000

/**
 * Compute Engine answers a repeated request with the operation of the first one. Where that operation has failed, the deletion is
 * requested anew under another id. The reason of the failure is reported once.
 */
async function end(send: Send, region: string, instance: Instance, at: number, calls: Calls): Promise<End> {
  const { id, state } = instance
  // It is terminating already: another request would cost a write, and Compute Engine may refuse a second deletion. Should it
  // only have been stopped, lists show it as stopped next.
  if (state === "terminating") return { id, state }
  const parts = partsOf(id)
  if (parts === undefined) {
    throw new RejectedError(`deleting ${show(id)}: an instance's id is zone/name`, { code: "InvalidName" })
  }
  const what = `deleting ${parts.name} in ${parts.zone}`
  let earlier: NativeOperation | undefined
  let earlierProblem: MusterError | undefined
  try {
    for (;;) {
      const operation = await remove(send, { what, ...parts, requestId: deletionId(id, at, earlier?.name) }, calls)
      const problem = problemOf(operation, what, region)
      const isNew = (parseTime(operation.insertTime) ?? at) >= at - SKEW_MS || operation.name === earlier?.name
      const reported = problem ?? earlierProblem
      if (reported !== undefined && (isNew || isNotFound(reported))) throw reported
      if (problem === undefined) return { id, state: operation.status === "DONE" ? "terminated" : "terminating" }
      earlier = operation
      earlierProblem = problem
    }
  } catch (error) {
    if (isNotFound(error)) return { id, state: "terminated" }
    throw error
  }
}

/** Why an operation ended badly: a matter of this instance, whatever it is. */
function problemOf({ error }: NativeOperation, what: string, region: string): MusterError | undefined {
  const [first] = error?.errors ?? []
  if (first === undefined) return undefined
  const { code, message } = asError(detailsOf(first), { what, region })
  return new RejectedError(message, { code })
}

interface Deletion {
  readonly what: string
  readonly zone: string
  readonly name: string
  readonly requestId: string
}

function remove(send: Send, { what, zone, name, requestId }: Deletion, calls: Calls): Promise<NativeOperation> {
  return send(calls, "instances.delete", {
    what,
    message: { zone, instance: name, requestId },
    fields: "name,status,insertTime,error",
  })
}

/** Whether others may pass: throttles, broken connections and missing rights are the same for all. */
function isAboutOne(error: Error): boolean {
  return error instanceof RejectedError && !(error instanceof AuthError)
}

function failed(id: string, reason: unknown): Termination["failures"][number] {
  const { message } = reason instanceof Error ? reason : { message: String(reason) }
  return { id, code: reason instanceof MusterError ? reason.code : "Unknown", message }
}
