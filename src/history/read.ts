/** Read: the histories of this machine's clusters, also when their processes are gone. Asks no cloud. */
import { type FileHandle, open, readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { type Clock, systemClock, wallAheadMs } from "../calls/clock.js"
import { defaultJournalDirectory } from "../fleet/journal/journal.js"
import { directoryProblem, fileProblem } from "../fleet/journal/permissions.js"
import { historyDirectory } from "./history.js"
import { earlierPath, type HistoryOf, historyOf, historyPath, LONGEST_MS, MOST_FILE_BYTES } from "./history-file.js"
import type { CostRow, HistoryRow } from "./rows.js"

/** A history that there is. */
export interface HistoryEntry extends HistoryOf {
  /** When it was written last, in milliseconds since 1970. */
  readonly at: number
}

/** What is known of a cluster from its history. */
export interface ClusterHistory extends HistoryEntry {
  /** The oldest first. */
  readonly rows: readonly HistoryRow[]
  /** How many lines could not be read: a crash has cut them short, or a user or another program has changed them. */
  readonly damaged: number
  /** What the cluster had cost when that was last written down, with the moment; undefined when it never was. */
  readonly cost: (CostRow & { readonly at: number }) | undefined
  /** It was closed: what came after is none of it. */
  readonly isClosed: boolean
}

export interface HistoryReading {
  /** The directory of the launch journal, as `new Cluster` was given it; by default in the user's state directory. */
  readonly journal?: string | undefined
  readonly clock?: Clock | undefined
}

/** The histories there are, the newest first; none where there is no directory, or it may not be read. */
export async function listHistories(reading: HistoryReading = {}): Promise<readonly HistoryEntry[]> {
  return listHistoriesIn(directoryOf(reading))
}

export async function listHistoriesIn(directory: string): Promise<readonly HistoryEntry[]> {
  if ((await directoryProblem(directory)) !== undefined) return []
  const names = await readdir(directory).catch(() => [] as string[])
  const found = new Map<string, HistoryEntry>()
  for (const name of names) {
    const of = historyOf(name)
    const status = of === undefined ? undefined : await stat(join(directory, name)).catch(() => undefined)
    if (of === undefined || status === undefined) continue
    const at = Math.max(status.mtimeMs, found.get(of.uid)?.at ?? 0)
    found.set(of.uid, { cluster: of.cluster, uid: of.uid, at })
  }
  return [...found.values()].sort((a, b) => b.at - a.at)
}

/**
 * What happened to a cluster: its newest history, where there are several of its name.
 *
 * @param cluster its name or its uid.
 * @param options.since only what happened at or after this moment, in milliseconds since 1970; all of the last 30 days by default.
 * @param options.last only so many rows, the newest.
 * @returns undefined when this machine has no history of it.
 */
export async function readHistory(
  cluster: string,
  options: HistoryReading & { readonly since?: number | undefined; readonly last?: number | undefined } = {},
): Promise<ClusterHistory | undefined> {
  const entry = (await listHistories(options)).find((one) => one.cluster === cluster || one.uid === cluster)
  if (entry === undefined) return undefined
  const path = historyPath(directoryOf(options), entry)
  const read = [await linesOf(earlierPath(path)), await linesOf(path)].map(parse)
  const { clock = systemClock } = options
  const oldest = clock.now() + wallAheadMs(clock) - LONGEST_MS
  const all = read.flatMap(({ rows }) => rows).filter(({ at }) => at >= oldest)
  const wanted = all.filter(({ at, until = at }) => until >= (options.since ?? oldest))
  const cost = all.findLast((row) => row.type === "cost")
  return {
    ...entry,
    rows: options.last === undefined ? wanted : options.last === 0 ? [] : wanted.slice(-options.last),
    damaged: read.reduce((sum, { damaged }) => sum + damaged, 0),
    cost,
    isClosed: all.findLast(({ type }) => type === "closed" || type === "target")?.type === "closed",
  }
}

/** A virtual clock waits for it. */
const READING = "reading the history"

/** How often a file is looked at for more. */
const LOOK_MS = 500

/**
 * What happens to a cluster from now on, as its process writes it down: within two seconds. Ends when the cluster is closed.
 *
 * @param options.signal ends it too.
 */
export async function* followHistory(
  cluster: string,
  options: HistoryReading & { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<HistoryRow> {
  const { clock = systemClock, signal } = options
  const entry = (await clock.busy(READING, listHistories(options))).find(
    (one) => one.cluster === cluster || one.uid === cluster,
  )
  if (entry === undefined) return
  const path = historyPath(directoryOf(options), entry)
  let at = await clock.busy(READING, endOf(path))
  while (signal?.aborted !== true) {
    const { rows, now } = await clock.busy(READING, rowsSince(path, at))
    at = now
    for (const row of rows) {
      yield row
      if (row.type === "closed") return
    }
    await clock.sleep(LOOK_MS, signal).catch(() => {})
  }
}

function directoryOf({ journal }: HistoryReading): string {
  return historyDirectory(journal ?? defaultJournalDirectory())
}

/** How far a file was read, and which file that was. */
interface Position {
  readonly file: number
  readonly bytes: number
}

async function endOf(path: string): Promise<Position> {
  const { ino = 0, size = 0 } = await stat(path).catch(() => ({}) as { ino?: number; size?: number })
  return { file: ino, bytes: size }
}

/** Whole lines that were added; those of a file that has become the earlier one meanwhile too. */
async function rowsSince(path: string, at: Position): Promise<{ rows: readonly HistoryRow[]; now: Position }> {
  const { file, bytes } = await endOf(path)
  const isAnother = file !== at.file
  const rest =
    isAnother && (await endOf(earlierPath(path))).file === at.file ? await linesOf(earlierPath(path), at.bytes) : ""
  const from = isAnother ? 0 : at.bytes
  const added = bytes > from ? await linesOf(path, from) : ""
  const whole = added.slice(0, added.lastIndexOf("\n") + 1)
  return { rows: parse(rest + whole).rows, now: { file, bytes: from + Buffer.byteLength(whole) } }
}

/** A file's text from a byte on, or the end of it where it is longer than it may be; empty for what is not this user's alone. */
async function linesOf(path: string, from?: number): Promise<string> {
  let handle: FileHandle | undefined
  try {
    if ((await fileProblem(path)) !== undefined) return ""
    handle = await open(path)
    const { size } = await handle.stat()
    const begin = Math.max(from ?? 0, size - 2 * MOST_FILE_BYTES)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(0, size - begin)), 0, size - begin, begin)
    return buffer.subarray(0, bytesRead).toString()
  } catch {
    return ""
  } finally {
    await handle?.close()
  }
}

/** What cannot be read is counted; what another version wrote beside what this one knows stays as it is. */
function parse(text: string): { readonly rows: readonly HistoryRow[]; readonly damaged: number } {
  const rows: HistoryRow[] = []
  let damaged = 0
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue
    const row = rowIn(line)
    if (row === "header") continue
    if (row === undefined) damaged += 1
    else rows.push(row)
  }
  return { rows, damaged }
}

function rowIn(line: string): HistoryRow | "header" | undefined {
  try {
    const row = JSON.parse(line) as Readonly<Record<string, unknown>>
    if (row.kind === "header") return "header"
    return isRow(row) ? (row as unknown as HistoryRow) : undefined
  } catch {
    return undefined
  }
}

/** The fields of a row that the code that shows it relies on, by the row's type. */
const RELIED_ON: Readonly<Record<string, Readonly<Record<string, "string" | "number" | "object">>>> = {
  target: { desired: "object" },
  plan: { group: "string", provider: "string", region: "string", instanceType: "string", market: "string" },
  "launch-ended": { group: "string", outcome: "string" },
  "offer-unavailable": { reason: "string", code: "string", message: "string" },
  call: { provider: "string", region: "string", api: "string", error: "string" },
  worker: { group: "string", to: "string" },
  finished: { group: "string", outcome: "string", action: "string" },
  boot: {
    ...{ group: "string", provider: "string", region: "string", instanceType: "string", outcome: "string" },
    phases: "object",
    boots: "object",
  },
  "termination-ended": { failed: "number" },
  budget: { message: "string" },
  note: { message: "string" },
  problem: { error: "string", message: "string" },
  closed: { instances: "number", leaked: "number" },
  cost: { soFar: "number", perHour: "number", byGroup: "object", unpriced: "number" },
}

/** The latest moment that a date can have, in milliseconds since 1970. */
const LATEST_MS = 8.64e15

function isRow(row: Readonly<Record<string, unknown>>): boolean {
  const { type, at, until = at, count } = row
  if (typeof type !== "string" || !isMoment(at) || !isMoment(until) || typeof count !== "number") return false
  const fields = Object.hasOwn(RELIED_ON, type) ? (RELIED_ON[type] ?? {}) : {}
  return Object.entries(fields).every(([field, kind]) => row[field] !== null && typeof row[field] === kind)
}

function isMoment(value: unknown): boolean {
  return typeof value === "number" && Math.abs(value) <= LATEST_MS
}
