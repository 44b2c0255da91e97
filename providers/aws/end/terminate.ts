/** Terminates instances in batches, and reports each instance that EC2 refuses to terminate. */
import { AuthError, MusterError, ThrottledError, TransientError } from "../../../src/errors.js"
import type { Calls, Instance, Termination } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { idOf, stateOf } from "../observe/instance.js"
import { TERMINATE_BATCH } from "../limits.js"
import { chunks } from "../client/pages.js"

type Accepted = Termination["accepted"][number]

/** What every batch is sent with. */
interface Context {
  readonly send: Send
  readonly calls: Calls
  /** Instances made this recently may exist although EC2 does not find them. */
  readonly consistencyMs: number
  /** "SkipOsShutdown": the guest is not asked to shut down first. */
  readonly skipOsShutdown: boolean
}

type Batch = readonly Instance[]

/**
 * Terminates instances, a batch for each zone and thousand: EC2 refuses a batch as a whole for one bad id, and a
 * protected instance saves those of its zone only. All batches go at once. A refused batch is sent again without the ids
 * that the refusal names, or in halves; only the states that EC2 returns are believed.
 *
 * @throws the first error when nothing came through and no single instance is the cause (credentials, network).
 */
export async function terminate(instances: Batch, context: Context): Promise<Termination> {
  const batches = batchesOf(instances)
  const outcomes = await Promise.allSettled(batches.map((batch) => terminateBatch(batch, context)))
  const refusals = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []))
  const [first] = refusals
  if (first !== undefined) context.calls.signal.throwIfAborted()
  if (first !== undefined && refusals.length === outcomes.length) throw first
  return join(
    outcomes.map((outcome, index) =>
      outcome.status === "fulfilled" ? outcome.value : failed(batches[index] ?? [], outcome.reason),
    ),
  )
}

function batchesOf(instances: Batch): readonly Batch[] {
  const zones = new Map<string, Instance[]>()
  for (const instance of instances) {
    const zone = zones.get(instance.zone) ?? []
    zone.push(instance)
    zones.set(instance.zone, zone)
  }
  return [...zones.values()].flatMap((zone) => chunks(zone, TERMINATE_BATCH))
}

async function terminateBatch(batch: Batch, context: Context): Promise<Termination> {
  try {
    return await terminateOnce(batch, context)
  } catch (error) {
    context.calls.signal.throwIfAborted()
    if (!isAboutInstances(error)) throw error
    return terminateRest(batch, error, context)
  }
}

async function terminateOnce(batch: Batch, { send, calls, skipOsShutdown }: Context): Promise<Termination> {
  const ids = batch.map((instance) => instance.id)
  const cost = { TerminateInstances: 1, "TerminateInstances.resources": ids.length }
  const context = { what: `terminating ${ids.length} instances in ${batch[0]?.zone || "an unknown zone"}` }
  const input = { InstanceIds: ids, ...(skipOsShutdown ? { SkipOsShutdown: true } : {}) }
  const reply = await send(calls, "TerminateInstances", cost, input, context)
  const states = new Map<string, Accepted["state"]>()
  for (const change of reply.TerminatingInstances ?? []) {
    const id = idOf(change.InstanceId, "TerminateInstances")
    states.set(id, stateOf(change.CurrentState, id))
  }
  return confirmed(batch, states)
}

/** Only `shutting-down` and `terminated` confirm a termination. */
function confirmed(batch: Batch, states: ReadonlyMap<string, Accepted["state"]>): Termination {
  const isTerminated = (id: string) => states.get(id) === "terminating" || states.get(id) === "terminated"
  return {
    accepted: batch
      .filter(({ id }) => isTerminated(id))
      .map(({ id }) => ({ id, state: states.get(id) ?? "terminating" })),
    failures: batch
      .filter(({ id }) => !isTerminated(id))
      .map(({ id }) => ({ id, code: "NotConfirmed", message: `EC2 reports ${id} as ${states.get(id) ?? "nothing"}` })),
  }
}

/** Whether a smaller batch may pass: throttles, broken connections and missing rights are the same for any batch. */
function isAboutInstances(error: unknown): error is MusterError {
  const isGeneral = error instanceof ThrottledError || error instanceof TransientError || error instanceof AuthError
  return error instanceof MusterError && !isGeneral
}

async function terminateRest(batch: Batch, error: MusterError, context: Context): Promise<Termination> {
  const ids = new Set(error.message.match(/\bi-[0-9a-f]{8,17}\b/g) ?? [])
  const named = batch.filter(({ id }) => ids.has(id))
  const rest = batch.filter(({ id }) => !ids.has(id))
  if (named.length > 0) return join([settle(named, error, context), ...(await halves([rest], context))])
  if (batch.length <= 1) return settle(batch, error, context)
  const middle = Math.ceil(batch.length / 2)
  return join(await halves([batch.slice(0, middle), batch.slice(middle)], context))
}

/** A part that cannot be sent at all is reported, so that the answers to the other parts are not lost. */
async function halves(parts: readonly Batch[], context: Context): Promise<readonly Termination[]> {
  const full = parts.filter((part) => part.length > 0)
  return Promise.all(full.map((part) => terminateBatch(part, context).catch((error: unknown) => failed(part, error))))
}

/** An instance that EC2 does not find is terminated, unless it is so new that EC2 may not know it yet everywhere. */
function settle(batch: Batch, error: MusterError, { calls, consistencyMs }: Context): Termination {
  const isUnknown = error.code === "InvalidInstanceID.NotFound"
  const isTerminated = (instance: Instance) => isUnknown && calls.now() - instance.launchedAt > consistencyMs
  return join([
    { accepted: batch.filter(isTerminated).map(({ id }) => ({ id, state: "terminated" })), failures: [] },
    failed(
      batch.filter((instance) => !isTerminated(instance)),
      error,
    ),
  ])
}

function failed(batch: Batch, error: unknown): Termination {
  const { message } = error instanceof Error ? error : { message: String(error) }
  const code = error instanceof MusterError ? error.code : "Unknown"
  return { accepted: [], failures: batch.map(({ id }) => ({ id, code, message })) }
}

function join(parts: readonly Termination[]): Termination {
  return {
    accepted: parts.flatMap((part) => part.accepted),
    failures: parts.flatMap((part) => part.failures),
  }
}
