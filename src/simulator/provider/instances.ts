/** Reading and ending instances of the simulated provider. */
import { TAG } from "../../fleet/tags.js"
import type { Calls, Failure, Instance, Interruptions, Selector, Termination } from "../../provider.js"
import type { WorldFilter } from "../world/inventory.js"
import type { WorldInstance } from "../world/life.js"
import { ask, failureOf } from "./errors.js"
import { costIn, writeBucket } from "./costs.js"
import type { World } from "../world/world.js"

export const LIST = "ListInstances"
export const TERMINATE = "TerminateInstances"
export const NOTICES = "ListNotices"
export const CONSOLE = "GetConsoleLog"

export function instanceOf(seen: WorldInstance): Instance {
  const { id, name, state, offer, tags, privateIp, publicIp, createdAt, endedAt } = seen
  const failure = failureIn(seen)
  return {
    id,
    provider: offer.provider,
    name: name ?? `${tags[TAG.group] ?? "instance"}-${id.slice(-8)}`,
    state,
    region: offer.region,
    zone: offer.zone,
    instanceType: offer.instanceType,
    market: offer.market,
    privateIp,
    ...(publicIp === undefined ? {} : { publicIp }),
    launchedAt: createdAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    tags,
    ...(failure === undefined ? {} : { failure }),
    ...(seen.endedByRequest === true ? { endedBy: "request" } : {}),
  }
}

function failureIn({ endReason, zone, instanceType, market }: WorldInstance): Failure | undefined {
  if (endReason === undefined) return undefined
  return failureOf(endReason.reason, endReason, { count: 1, scope: { zone, instanceType, market } })
}

/** Ids are asked for page by page; everything else is one list, read to its end. */
export async function list(world: World, selector: Selector, calls: Calls): Promise<readonly Instance[]> {
  const { ids, ...rest } = selector
  if (ids === undefined) return listAll(world, rest, calls)
  const parts = chunks(ids, world.settings.limits.listPage)
  return (await Promise.all(parts.map((part) => listAll(world, { ...rest, ids: part }, calls)))).flat()
}

async function listAll(world: World, selector: Selector, calls: Calls): Promise<readonly Instance[]> {
  const filter = filterOf(selector)
  const cost = costIn(world, { reads: 1 })
  const found: Instance[] = []
  let after: number | undefined = 0
  while (after !== undefined) {
    const from: number = after
    const page = await ask(calls, { api: LIST, cost, action: "listing instances" }, ({ signal }) =>
      world.serve(LIST, { filter: { ...selector }, after: from }, { cost, signal }, () =>
        world.page(filter, { after: from, limit: world.settings.limits.listPage }),
      ),
    )
    found.push(...page.instances.map(instanceOf))
    after = page.next
  }
  return found
}

function filterOf({ cluster, uid, owner, launch, states, zones, ids }: Selector): WorldFilter {
  const tags = {
    ...(cluster === undefined ? {} : { [TAG.cluster]: cluster }),
    ...(uid === undefined ? {} : { [TAG.uid]: uid }),
    ...(owner === undefined ? {} : { [TAG.owner]: owner }),
    ...(launch === undefined ? {} : { [TAG.launch]: launch }),
  }
  return {
    tags,
    ...(states === undefined ? {} : { states }),
    ...(zones === undefined ? {} : { zones }),
    ...(ids === undefined ? {} : { ids }),
  }
}

/** All batches at once. A batch that fails does not keep the others from ending; if all fail, the first one's error. */
export async function terminate(world: World, instances: readonly Instance[], calls: Calls): Promise<Termination> {
  const parts = chunks(
    instances.map(({ id }) => id),
    world.settings.limits.terminateBatch,
  )
  const outcomes = await Promise.allSettled(parts.map((ids) => terminateBatch(world, ids, calls)))
  calls.signal.throwIfAborted()
  const failed = outcomes.filter((outcome) => outcome.status === "rejected")
  if (failed.length === outcomes.length && failed[0] !== undefined) throw failed[0].reason
  const ends = outcomes.map((outcome, index) =>
    outcome.status === "fulfilled" ? outcome.value : notEnded(parts[index] ?? [], outcome.reason),
  )
  return { accepted: ends.flatMap((end) => end.accepted), failures: ends.flatMap((end) => end.failures) }
}

function notEnded(ids: readonly string[], reason: unknown): Termination {
  const message = reason instanceof Error ? reason.message : String(reason)
  const code = (reason as { code?: unknown } | undefined)?.code
  return { accepted: [], failures: ids.map((id) => ({ id, code: String(code ?? "unknown"), message })) }
}

function terminateBatch(world: World, ids: readonly string[], calls: Calls): Promise<Termination> {
  const cost = costIn(world, { [writeBucket(world, "terminations")]: 1, ending: ids.length })
  const action = `terminating ${ids.length} instances`
  return ask(calls, { api: TERMINATE, cost, action }, ({ signal }) =>
    world.serve(TERMINATE, { ids }, { cost, signal }, () => ({
      accepted: [...world.terminate(ids)].map(([id, state]) => ({ id, state: state ?? "terminated" })),
      failures: [],
    })),
  )
}

export function interruptions(world: World, instances: readonly Instance[], calls: Calls): Promise<Interruptions> {
  const cost = costIn(world, { reads: 1 })
  return ask(calls, { api: NOTICES, cost, action: "reading interruption notices" }, ({ signal }) =>
    world.serve(NOTICES, {}, { cost, signal }, () => {
      const asked = new Set(instances.map(({ id }) => id))
      const known = instances.flatMap(({ id }) => world.instance(id) ?? [])
      const reasons = known.flatMap((seen) => {
        const failure = failureIn(seen)
        return failure?.reason === "interrupted" ? [{ id: seen.id, failure }] : []
      })
      // Also of what no list shows any more.
      const endings = known.flatMap(({ id, endedByRequest }) =>
        endedByRequest === true ? [{ id, by: "request" as const }] : [],
      )
      return { notices: world.notices().filter(({ id }) => asked.has(id)), reasons, endings }
    }),
  )
}

export function consoleLog(world: World, { id }: Instance, calls: Calls): Promise<string> {
  const cost = costIn(world, { reads: 1 })
  return ask(calls, { api: CONSOLE, cost, action: `reading the console of ${id}` }, ({ signal }) =>
    world.serve(CONSOLE, { id }, { cost, signal }, () => {
      const seen = world.instance(id)
      if (seen === undefined || isForgotten(world, seen)) return ""
      const lines = [`${id} (${seen.instanceType} in ${seen.zone})`, "booting"]
      if (seen.runningAt !== undefined) lines.push("running the startup script", "ready")
      if (seen.endReason !== undefined) lines.push(seen.endReason.message)
      return `${lines.join("\n")}\n${world.consoleText(id)}`
    }),
  )
}

/** It is in no list any more, and neither is its console. */
function isForgotten(world: World, { endedAt }: WorldInstance): boolean {
  return endedAt !== undefined && world.clock.now() > endedAt + world.settings.terminatedVisibleMs
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
