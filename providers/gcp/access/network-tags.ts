/** The network tags of living instances: read zone by zone, and changed one by one. */
import { MusterError, TransientError } from "../../../src/errors.js"
import type { Calls, Instance, Owner } from "../../../src/provider.js"
import { asError, isNotFound } from "../client/errors.js"
import { hexOf, uuidOf } from "../client/ids/names.js"
import type { NativeInstance, NativeOperation } from "../client/native.js"
import { pages } from "../client/pages.js"
import { detailsOf } from "../client/refusals/details.js"
import type { Send } from "../client/send.js"
import { placeOf } from "../observe/instance.js"
import { filterOf } from "../observe/labelled.js"
import type { Target } from "./openings.js"

export interface Tagged extends Target {
  readonly zone: string
  readonly name: string
  /** Of the tags as they were read: they are changed only where they are still those. */
  readonly fingerprint: string
}

const FIELDS = "name,tags(items,fingerprint),networkInterfaces(network),serviceAccounts(email)"

/** Those of these instances that are there: some requests for each of their zones. */
export async function readTags(
  send: Send,
  owner: Owner,
  instances: readonly Instance[],
  calls: Calls,
): Promise<readonly Tagged[]> {
  const wanted = new Set(instances.map(keyOf))
  const zones = [...new Set(instances.map((instance) => placeOf(instance).zone))]
  const lists = await Promise.all(zones.map((zone) => readZone(send, owner, zone, calls)))
  return lists.flat().filter((one) => wanted.has(keyOf(one)))
}

async function readZone(send: Send, owner: Owner, zone: string, calls: Calls): Promise<readonly Tagged[]> {
  const request = {
    what: `reading network tags in ${zone}`,
    message: { zone, filter: filterOf({ uid: owner.uid }) },
    fields: `items(${FIELDS}),nextPageToken,warning(code,message)`,
  }
  const found: Tagged[] = []
  for await (const { items = [] } of pages(send, calls, "instances.list", request))
    found.push(...items.map((native) => taggedOf(native, zone)))
  return found
}

function taggedOf(
  { name = "", tags, networkInterfaces = [], serviceAccounts = [] }: NativeInstance,
  zone: string,
): Tagged {
  return {
    ...{ zone, name },
    network: networkInterfaces[0]?.network ?? "",
    tags: tags?.items ?? [],
    accounts: serviceAccounts.flatMap(({ email }) => email ?? []),
    fingerprint: tags?.fingerprint ?? "",
  }
}

function keyOf({ zone, name }: { readonly zone: string; readonly name: string }): string {
  return `${zone}/${name}`
}

/** Others may change an instance's tags at the same time: so often it is read anew. */
const TRIES = 5

/**
 * Changes the tags of each that is to have others. One that is gone by now is left out.
 *
 * @param change the tags that these are to become.
 */
export async function changeTags(
  send: Send,
  region: string,
  found: readonly Tagged[],
  change: (tags: readonly string[]) => readonly string[],
  calls: Calls,
): Promise<void> {
  const changing = found.map((tagged) => changeOne(send, region, tagged, change, calls))
  const refused = (await Promise.allSettled(changing)).find((outcome) => outcome.status === "rejected")
  calls.signal.throwIfAborted()
  if (refused !== undefined) throw refused.reason
}

async function changeOne(
  send: Send,
  region: string,
  first: Tagged,
  change: (tags: readonly string[]) => readonly string[],
  calls: Calls,
): Promise<void> {
  const { zone, name } = first
  const what = `changing the network tags of ${name} in ${zone}`
  let tagged = first
  try {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const items = change(tagged.tags)
      if (items.length === tagged.tags.length && items.every((tag) => tagged.tags.includes(tag))) return
      try {
        return await setTags(send, { what, region, tagged, items }, calls)
      } catch (error) {
        if (!isChanged(error)) throw error
      }
      const message = { zone, instance: name }
      tagged = taggedOf({ name, ...(await send(calls, "instances.get", { what, message, fields: FIELDS })) }, zone)
    }
  } catch (error) {
    if (isNotFound(error)) return
    throw error
  }
  throw new TransientError(`${what}: others change them at the same time`)
}

/** "You must always provide an up-to-date fingerprint hash": 412 conditionNotMet, or CONDITION_NOT_MET of the operation. */
function isChanged(error: unknown): boolean {
  return error instanceof MusterError && /^condition_?not_?met$/i.test(error.code)
}

interface Change {
  readonly what: string
  readonly region: string
  readonly tagged: Tagged
  readonly items: readonly string[]
}

async function setTags(send: Send, { what, region, tagged, items }: Change, calls: Calls): Promise<void> {
  const { zone, name, fingerprint } = tagged
  const requestId = uuidOf(hexOf(`tags/${zone}/${name}/${fingerprint}/${items.join()}/${calls.now()}`, 32))
  const tagsResource = { fingerprint, ...(items.length === 0 ? {} : { items }) }
  const message = { zone, instance: name, requestId, tagsResource }
  const sent = await send(calls, "instances.setTags", { what, message, fields: FATE })
  const operation = await ended(send, what, zone, sent, calls)
  const [problem] = operation.error?.errors ?? []
  if (problem !== undefined) throw asError(detailsOf(problem), { what, region })
}

const FATE = "name,status,error"

/** Tags are changed within seconds. */
const LONGEST_MS = 5 * 60_000

async function ended(send: Send, what: string, zone: string, sent: NativeOperation, calls: Calls) {
  const { name = "" } = sent
  const until = calls.now() + LONGEST_MS
  let operation = sent
  while (operation.status !== "DONE") {
    if (calls.now() >= until) throw new TransientError(`${what}: it has not ended in ${LONGEST_MS / 60_000} minutes`)
    const request = { what: `${what}: waiting for its end`, message: { zone, operation: name }, fields: FATE }
    operation = await send(calls, "zoneOperations.wait", request)
  }
  return operation
}
