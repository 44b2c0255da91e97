/** Opens a cluster's ports in the location's shared network: its application security groups, and the rules that name them. */
import { TimeoutError, TransientError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, Owner } from "../../../src/provider.js"
import { armErrorOf, refusalOf, unreadable } from "../client/errors.js"
import { lastOf } from "../client/ids.js"
import { arm, type Azure, contextOf } from "../client/send.js"
import { NETWORK } from "../client/versions.js"
import { putGroup, readGroup, type Tags } from "../prepare/group.js"
import { ACCESS_TAG, sharedName } from "../prepare/names.js"
import { merged } from "../prepare/tags.js"
import { securityGroupId } from "./names.js"
import { listRules } from "./rules.js"
import { type Doors, nextStep, rulesFor, type Step, type WantedRule } from "./wanted.js"

/**
 * Makes what is missing, in this order: the shared group's tag, by which others know that there are rules to look for; the application
 * security groups, which carry the cluster's tags; the rules. Who dies in between leaves only what is found by tags. What is there
 * already is read and left as it is, but for sources that are missing.
 *
 * @throws TimeoutError when a rule is not in force in time.
 */
export async function openDoors(azure: Azure, owner: Owner, doors: Doors, calls: Calls): Promise<void> {
  const ids = idsOf(doors)
  if (ids.length === 0) return
  azure.opened.add(owner.uid)
  await markShared(azure, calls)
  for (const id of ids) {
    if (await isUpToDate(azure, owner, id, calls)) continue
    const body = { location: azure.options.location, tags: tagsOf(azure, owner), properties: {} }
    const request = { method: "PUT", path: `${id}?api-version=${NETWORK}`, body } as const
    const info = { what: `making application security group ${lastOf(id)}`, member: "id", isRecent: true } as const
    await arm(azure, calls, "ApplicationSecurityGroups_CreateOrUpdate", request, info)
  }
  await makeRules(azure, owner, rulesFor(owner, doors), calls)
}

/** How many requests make what is missing. Reads only. */
export async function missingDoors(azure: Azure, owner: Owner, doors: Doors, calls: Calls): Promise<number> {
  const shared = await readGroup(azure, sharedName(azure.options.location), calls)
  const rules = shared === undefined ? [] : await listRules(azure, calls)
  const isThere = await Promise.all(
    idsOf(doors).map(async (id) => shared !== undefined && (await isUpToDate(azure, owner, id, calls))),
  )
  const missing = rulesFor(owner, doors).filter(({ name }) => !rules.some((rule) => rule.name?.toLowerCase() === name))
  const tag = shared?.tags[ACCESS_TAG] === undefined ? 1 : 0
  return tag + isThere.filter((there) => !there).length + missing.length
}

function idsOf({ ssh, peers }: Doors): readonly string[] {
  return [ssh, peers].flatMap((door) => door?.id ?? [])
}

/** Where it is not there, nobody has to look for rules: a location in which nobody opens anything is asked nothing more. */
async function markShared(azure: Azure, calls: Calls): Promise<void> {
  const name = sharedName(azure.options.location)
  const group = await readGroup(azure, name, calls)
  if (group?.tags[ACCESS_TAG] !== undefined) return
  await putGroup(azure, name, { ...group?.tags, [ACCESS_TAG]: "true" }, calls)
}

/** Whether it is there and a sweep knows until when it is needed. */
async function isUpToDate(azure: Azure, owner: Owner, id: string, calls: Calls): Promise<boolean> {
  const info = { what: `reading application security group ${lastOf(id)}`, accepts: [404], member: "id" }
  const request = { method: "GET", path: `${id}?api-version=${NETWORK}` } as const
  const reply = await arm(azure, calls, "ApplicationSecurityGroups_Get", request, info)
  if (reply.status > 299) return false
  const { tags = {} } = reply.body as { readonly tags?: Tags }
  // Who only opens it to living instances may know of an earlier deadline than its owner.
  return Number(tags[TAG.deadline] ?? 0) >= Number(owner.deadline)
}

function tagsOf({ options }: Azure, { cluster, uid, owner, deadline }: Owner): Tags {
  const ours = { [TAG.cluster]: cluster, [TAG.uid]: uid, [TAG.owner]: owner, [TAG.deadline]: deadline }
  return merged(options.tags ?? {}, ours)
}

/** A rule is in force within seconds. */
const READY_MS = 60_000

/** Others may take the priority, or change the rule, in the same moment, each of them some times. */
const MOST_PUTS = 20

/**
 * Reads all rules before each request and after the last: what another process has done meanwhile decides the next one, and what it has
 * undone is done again.
 */
async function makeRules(azure: Azure, owner: Owner, wanted: readonly WantedRule[], calls: Calls): Promise<void> {
  const begunAt = calls.now()
  let puts = 0
  for (let waits = false; ; ) {
    const step = nextStep(owner, wanted, await listRules(azure, calls, waits))
    if (step === undefined) return
    if (calls.now() - begunAt > READY_MS) throw notInForce(wanted, calls.now() - begunAt)
    waits = step === "wait"
    if (step === "wait") continue
    if (puts >= MOST_PUTS) throw contended(step.put)
    puts += 1
    await putRule(azure, step, calls)
  }
}

/**
 * A rule that is there already is changed only as it was read: the network provider compares etags (`PreconditionFailedEtagMismatch`,
 * kubernetes-sigs/cloud-provider-azure#9729). That another has taken the priority (`SecurityRuleConflict`), or made the rule first, is
 * seen in the next list.
 */
async function putRule(azure: Azure, step: Exclude<Step, "wait">, calls: Calls): Promise<void> {
  const { put, properties, etag, isNew } = step
  const path = `${securityGroupId(azure)}/securityRules/${put.name}?api-version=${NETWORK}`
  const condition = isNew ? { onlyNew: true as const } : etag === undefined ? {} : { onlyAs: etag }
  const request = { method: "PUT", path, body: { properties }, ...condition } as const
  const info = { what: `making security rule ${put.name}`, isRecent: true } as const
  const asked = { ...info, accepts: [400, 412], member: "id" }
  const reply = await arm(azure, calls, "SecurityRules_CreateOrUpdate", request, asked)
  if (reply.status < 300 || reply.status === 412) return
  if (armErrorOf(reply.body)?.code === "SecurityRuleConflict") return
  const context = contextOf(azure.options, "SecurityRules_CreateOrUpdate", info)
  throw refusalOf(reply, context, []) ?? unreadable(reply, context)
}

function notInForce(wanted: readonly WantedRule[], ms: number): TimeoutError {
  const names = wanted.map(({ name }) => name).join(", ")
  const message = `they are not all in force after ${Math.round(ms / 1000)} s; look at the shared security group in the portal, and try again`
  return new TimeoutError(`making security rules ${names}: ${message}`, { code: "RulesNotReady" })
}

function contended({ name }: WantedRule): TransientError {
  const message = `other processes changed the security group each time; it is asked for again`
  return new TransientError(`making security rule ${name}: ${message}`, { code: "RulesContended" })
}
