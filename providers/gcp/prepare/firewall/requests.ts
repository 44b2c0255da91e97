/** The requests that read, make, change and delete firewall rules. Each change is an operation of the project, which is waited for. */
import { TransientError } from "../../../../src/errors.js"
import type { Calls, JsonObject } from "../../../../src/provider.js"
import { asError, isNotFound } from "../../client/errors.js"
import { hexOf, uuidOf } from "../../client/ids/names.js"
import type { NativeFirewall, NativeOperation } from "../../client/native.js"
import { pages } from "../../client/pages.js"
import { detailsOf } from "../../client/refusals/details.js"
import type { Send } from "../../client/send.js"
import type { RulePlace } from "./rules.js"

export interface FirewallContext {
  readonly send: Send
  readonly region: string
  /** The host project of a shared VPC; the cluster's own when left out. */
  readonly project?: string
}

const FIELDS =
  "name,description,network,direction,disabled,priority,sourceRanges,sourceTags,sourceServiceAccounts,targetTags,targetServiceAccounts,allowed,denied"

/** Every rule of the project: some hundreds at most ("VPC firewall rules" among its quotas). */
export async function readRules(context: FirewallContext, calls: Calls): Promise<readonly NativeFirewall[]> {
  const request = {
    what: `reading the firewall rules of ${shownProject(context)}`,
    message: projectOf(context),
    fields: `items(${FIELDS}),nextPageToken,warning(code,message)`,
  }
  const found: NativeFirewall[] = []
  for await (const { items = [] } of pages(context.send, calls, "firewalls.list", request)) found.push(...items)
  return found
}

/** Undefined where there is none of that name. */
export async function readRule(
  context: FirewallContext,
  name: string,
  calls: Calls,
): Promise<NativeFirewall | undefined> {
  const what = `reading firewall rule ${name}`
  const message = { ...projectOf(context), firewall: name }
  try {
    return await context.send(calls, "firewalls.get", { what, message, fields: FIELDS })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** @throws RejectedError with code `EXISTS` where there is one of that name. */
export function insertRule(context: FirewallContext, rule: JsonObject & { readonly name: string }, calls: Calls) {
  const { name } = rule
  const what = `making firewall rule ${name}`
  const requestId = requestIdFor(`insert/${JSON.stringify(rule)}`, calls)
  const message = { ...projectOf(context), requestId, firewallResource: rule }
  return done(context, what, context.send(calls, "firewalls.insert", { what, message, fields: FATE }), calls)
}

/** Changes these fields, and no other ("This method supports PATCH semantics"). */
export function patchRule(context: FirewallContext, name: string, changes: JsonObject, calls: Calls) {
  const what = `changing firewall rule ${name}`
  const requestId = requestIdFor(`patch/${name}/${JSON.stringify(changes)}`, calls)
  const message = { ...projectOf(context), firewall: name, requestId, firewallResource: changes }
  return done(context, what, context.send(calls, "firewalls.patch", { what, message, fields: FATE }), calls)
}

/** One that is not there is success. */
export async function deleteRule(context: FirewallContext, name: string, calls: Calls): Promise<void> {
  const what = `deleting firewall rule ${name}`
  const message = { ...projectOf(context), firewall: name, requestId: requestIdFor(`delete/${name}`, calls) }
  try {
    await done(context, what, context.send(calls, "firewalls.delete", { what, message, fields: FATE }), calls)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

const FATE = "name,status,error"

/**
 * A request that is sent again has the id of its first time. What is asked for later has another: the id of a rule that was made and
 * deleted within the hour would be answered with the operation that made it, and nothing would be made.
 */
function requestIdFor(text: string, calls: Calls): string {
  return uuidOf(hexOf(`firewall/${text}/${calls.now()}`, 32))
}

/** Firewall rules are changed within seconds. */
const LONGEST_MS = 5 * 60_000

/** "Waits for no more than 2 minutes", and may answer at once. @throws what the operation has failed with. */
async function done(
  context: FirewallContext,
  what: string,
  sent: Promise<NativeOperation>,
  calls: Calls,
): Promise<void> {
  const { send, region } = context
  let operation = await sent
  const until = calls.now() + LONGEST_MS
  while (operation.status !== "DONE") {
    const { name = "" } = operation
    if (calls.now() >= until) throw new TransientError(`${what}: it has not ended in ${LONGEST_MS / 60_000} minutes`)
    const request = { what: `${what}: waiting for its end`, message: { ...projectOf(context), operation: name } }
    const seen = await send(calls, "globalOperations.wait", { ...request, fields: FATE })
    operation = { ...seen, name }
  }
  const [problem] = operation.error?.errors ?? []
  if (problem !== undefined) throw asError(detailsOf(problem), { what, region })
}

function projectOf({ project }: FirewallContext): { readonly project?: string } {
  return project === undefined ? {} : { project }
}

export function shownProject({ project }: Pick<RulePlace, "project">): string {
  return project === undefined ? "the project" : `project ${project}`
}
