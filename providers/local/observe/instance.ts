/** What an instance's directory and this machine's processes, looked at together, say of it. */
import { readdirSync, readFileSync } from "node:fs"
import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { TAG } from "../../../src/fleet/tags.js"
import { endedTag } from "../../../src/guest/marks.js"
import type { InstanceState } from "../../../src/provider.js"
import { isPlainName, unlessMissing } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import { unlessGone } from "../client/errors.js"
import type { Host } from "../client/host.js"
import { leaseName } from "../client/lease-file.js"
import { type InstanceRecord, parseRecord, recordName } from "../client/record.js"
import { isInstance } from "../client/safe.js"

/**
 * Instances read in one turn of the event loop, some 3 ms. They are read synchronously: their files are small and in memory, and
 * a thousand of them read by Node's threads would take seven times as much of the processor, all of it while they end.
 */
const READ_AT_ONCE = 32
/** The step whose end ended the instance, and its exit code: "startup 3". */
export const verdictName = "verdict"

/** `gone`: the instance has no process and its directory may be removed. */
export type ObservedState = InstanceState | "gone"

export interface Observation {
  readonly record: InstanceRecord
  readonly state: ObservedState
  /** No watchdog has been started for it. */
  readonly unstarted: boolean
  /** Of one that its guest has ended. */
  readonly endedAt?: number
}

/** What decides an instance's state. */
export interface Facts {
  /** A watchdog has begun. */
  readonly started: boolean
  /** The anchor has begun, so the user's script runs or has run. */
  readonly anchored: boolean
  /** A watchdog, supervisor or reaper lives. */
  readonly supervised: boolean
  /** A process of the instance lives. */
  readonly populated: boolean
  /** Its termination has begun. */
  readonly ending: boolean
  /** Its guest has ended it, and its termination was not requested since. */
  readonly endedItself: boolean
}

/** The state that follows from the facts. Processes without a termination under way count as running: so they are terminated again. */
export function stateOf(facts: Facts): ObservedState {
  if (facts.supervised) return facts.ending ? "terminating" : facts.anchored ? "running" : "pending"
  if (facts.populated) return "running"
  if (facts.endedItself) return "terminated"
  return facts.started || facts.ending ? "gone" : "pending"
}

/** All instances under the root. What is no instance's directory is left out. */
export async function observeAll(
  layout: Layout,
  host: Host,
  names?: readonly string[],
): Promise<readonly Observation[]> {
  const entries = names ?? (await unlessMissing(readdir(layout.instances))) ?? []
  const observations: Observation[] = []
  for (const [index, name] of entries.entries()) {
    // Anything that Node's threads do lets others have their turn.
    if (index % READ_AT_ONCE === READ_AT_ONCE - 1) await unlessMissing(stat(layout.instances))
    const observation = await observe(layout, host, name)
    if (observation !== undefined) observations.push(observation)
  }
  return observations
}

/** One instance; undefined when there is none with this name. */
export async function observe(layout: Layout, host: Host, name: string): Promise<Observation | undefined> {
  if (!isPlainName(name) || !isInstance(layout, name)) return undefined
  const here = layout.instance(name)
  const files = new Set(unlessGone(() => readdirSync(here)) ?? [])
  if (!files.has(recordName)) return undefined
  const text = textOf(join(here, recordName))
  if (text === undefined) return undefined
  const record = withLease(here, files, parseRecord(join(here, recordName), text))
  const facts = factsOf(here, host, files, record)
  const observation = { record: withVerdict(here, files, record), state: stateOf(facts), unstarted: !facts.started }
  const ended = files.has(verdictName) ? await unlessMissing(stat(join(here, verdictName))) : undefined
  return ended === undefined ? observation : { ...observation, endedAt: Math.round(ended.mtimeMs) }
}

/** The end of a lease changes, all other tags stay. */
function withLease(here: string, files: ReadonlySet<string>, record: InstanceRecord): InstanceRecord {
  const text = files.has(leaseName) ? textOf(join(here, leaseName)) : undefined
  const until = Number(text)
  return until > 0 ? { ...record, tags: { ...record.tags, [TAG.lease]: String(until) } } : record
}

/** How a guest ended, as a tag: what one tells on a cloud. A full disk may have taken none of it. */
function withVerdict(here: string, files: ReadonlySet<string>, record: InstanceRecord): InstanceRecord {
  const text = files.has(verdictName) ? textOf(join(here, verdictName)) : undefined
  const [, step, code] = /^([a-z]+) (\d{1,3})\n$/.exec(text ?? "") ?? []
  if (step === undefined) return record
  return { ...record, tags: { ...record.tags, [TAG.ended]: endedTag({ step, exitCode: Number(code) }) } }
}

function factsOf(here: string, host: Host, files: ReadonlySet<string>, record: InstanceRecord): Facts {
  const lives = (file: string) => files.has(file) && host.isAlive(textOf(join(here, file)))
  // The file is empty while it is being written: without an identity in it, no watchdog has begun.
  const started = files.has("watchdog") && textOf(join(here, "watchdog")) !== ""
  const known = lives("supervisor") || lives("watchdog") || lives("reaper")
  // Searching all processes takes milliseconds: it is done only for instances without a known supervisor.
  const found = known || !started ? undefined : host.withNonce(record.nonce)
  const supervised = known || (found?.supervisors.length ?? 0) > 0
  // The requesting process may have been killed before it signalled the supervisor: then no termination is under way.
  const asked = files.has("terminating") && (!supervised || lives("terminating"))
  return {
    started,
    anchored: files.has("group"),
    supervised,
    populated: known || (found?.members.length ?? 0) > 0 || lives("group"),
    ending: asked || files.has("ending") || files.has(verdictName),
    endedItself: files.has(verdictName) && !files.has("terminating"),
  }
}

/** A file's text; undefined when there is no such file (any more). */
function textOf(path: string): string | undefined {
  return unlessGone(() => readFileSync(path, "utf8"))
}

/** When it ended, as far as that is known. */
export function endOf({ endedAt }: Observation): Pick<Observation, "endedAt"> {
  return endedAt === undefined ? {} : { endedAt }
}
