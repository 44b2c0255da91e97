/** Head words: what the guest of an engine's head tells of the end of its work, and the last lines that it has written. */
import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import { type Fleet, fleetCalls } from "../../fleet/state/context.js"
import { markPrefix, type Verdict, verdictOn } from "../../guest/marks.js"
import { runCommand } from "../../remote/output.js"
import { lastLines, withoutMarks } from "../logs/console.js"
import { keptOf } from "../logs/kept.js"
import { lastLinesOf } from "../logs/last-words.js"
import { logPlaceOf } from "../logs/place.js"

/** As much as one wants to read in an error. */
const LINES = 20

const DONE = /^\d+ done ([a-z]+) (\d{1,3})$/m

/** How the work of the guest has ended; undefined while it goes on, and where nothing tells. @throws where it cannot be asked. */
export async function endOfGuest(fleet: Fleet, head: WorkerRecord, signal: AbortSignal): Promise<Verdict | undefined> {
  const place = logPlaceOf(fleet, head)
  if (place === undefined) return verdictOn(await consoleOf(fleet, head, signal), fleet.owner.uid)
  const home = dirname(place.path)
  const status =
    place.file === undefined
      ? (await runCommand(await place.remote(), ["cat", join(home, "status")], place, { check: false, signal })).stdout
      : await fleet.clock.busy("reading a status", readFile(join(home, "status"), "utf8"))
  const [, step, code] = DONE.exec(status) ?? []
  return step === undefined ? undefined : { step, exitCode: Number(code), tail: "" }
}

/** The last lines that it has written, without its secrets; "" where none can be read. */
export async function tailOf(fleet: Fleet, head: WorkerRecord, signal: AbortSignal): Promise<string> {
  const read = lastLinesOf(fleet, head)
  const own = (await read?.(signal).catch(() => "")) ?? ""
  const text = own === "" ? await consoleTail(fleet, head, signal).catch(() => "") : own
  return fleet.supplies.concealed(fleet.groups.get(head.group)?.group, head.instance.id, text.trimEnd())
}

async function consoleTail(fleet: Fleet, head: WorkerRecord, signal: AbortSignal): Promise<string> {
  const kept = keptOf(fleet, head)
  if (kept !== "") return lastLines(kept, LINES)
  const text = await consoleOf(fleet, head, signal)
  const { tail = "" } = verdictOn(text, fleet.owner.uid) ?? {}
  return tail === "" ? lastLines(withoutMarks(text, markPrefix(fleet.owner.uid)), LINES) : tail
}

async function consoleOf(fleet: Fleet, { provider, instance }: WorkerRecord, signal: AbortSignal): Promise<string> {
  return (await provider.consoleLog?.(instance, fleetCalls(fleet, provider, { signal }))) ?? ""
}
