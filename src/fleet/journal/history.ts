/** History: the journals of earlier processes, as one history for each uid. */
import { lstat, readdir, readFile, rm } from "node:fs/promises"
import { hostname } from "node:os"
import { basename, join } from "node:path"
import { isAlive } from "../../calls/alive.js"
import { type Clock, wallAheadMs } from "../../calls/clock.js"
import type { Json, LaunchCall } from "../../provider.js"
import { drafterOf } from "./draft.js"
import { type Header, parseRecords } from "./records.js"
import { type JournalRecord, shifted, shiftOf } from "./written-time.js"
import { directoryProblem, fileProblem } from "./permissions.js"
import { unpack } from "./packed.js"
import type { BillRow, FinishedRow, IntentOutcome, JournalHistory } from "./journal.js"
import type { Intent, Made, MadeByIntent, OpenIntent } from "./types.js"

/** Something where journals are that cannot be read, or may not be: what its launch calls made is known from tags alone. */
export interface Quarantined {
  readonly path: string
  readonly message: string
  /** The cluster's, where the file's name tells it. */
  readonly uid?: string
  /** When it was written last, in milliseconds since 1970. */
  readonly at?: number
}

/**
 * Reads what earlier processes left for a cluster of this name and owner, one history per uid, the newest generation's last.
 *
 * @param onQuarantined hears of what is damaged, is from a newer version, is no file, or may have been written by others: nothing is
 * concluded from it.
 */
export async function readJournals(
  directory: string,
  cluster: string,
  owner: string,
  clock: Clock,
  onQuarantined: (what: Quarantined) => void = () => {},
): Promise<JournalHistory[]> {
  return clock.busy("reading the journal", readAll(directory, { cluster, owner, clock, onQuarantined }))
}

/**
 * Whether they tell of all launch calls of a uid up to a generation. What was set aside may have told of any of its cluster, and a
 * directory of any of all.
 */
export function coverageOf(
  histories: readonly JournalHistory[],
  quarantined: readonly Quarantined[],
): (uid: string, generation: number) => boolean {
  return (uid, generation) => {
    const isQuarantined = quarantined.some((what) => what.uid === undefined || what.uid === uid)
    return !isQuarantined && histories.some((history) => history.uid === uid && history.generation >= generation)
  }
}

interface Reading {
  readonly cluster: string
  readonly owner: string
  readonly clock: Clock
  readonly onQuarantined: (what: Quarantined) => void
}

async function readAll(
  directory: string,
  { cluster, owner, clock, onQuarantined }: Reading,
): Promise<JournalHistory[]> {
  const unsafe = await directoryProblem(directory)
  if (unsafe !== undefined) {
    onQuarantined({ path: directory, message: `reading the launch journals in ${directory}: ${unsafe}; ${FROM_TAGS}` })
    return []
  }
  const names = await readdir(directory).catch(() => [] as string[])
  await removeDrafts(directory, names)
  const paths = names
    .filter((name) => name.startsWith(`${cluster}.`) && name.endsWith(".jsonl"))
    .map((name) => join(directory, name))
  const now = clock.now() + wallAheadMs(clock)
  const reading = paths.map((path) =>
    readOne(path, clock).catch((error) => quarantinedOf(path, { cluster, clock }, error)),
  )
  const read = await Promise.all(reading)
  const files = read.flatMap((one) => (one === undefined || "message" in one ? [] : [one]))
  for (const one of read) if (one !== undefined && "message" in one) onQuarantined(one)
  const [old, own] = [files.filter((file) => isOver(file, now)), files.filter((file) => file.owner === owner)]
  await Promise.all(old.map((file) => rm(file.path, { force: true }).catch(() => {})))
  const histories = new Map<string, JournalHistory>()
  for (const file of own.filter((one) => !isOver(one, now)).sort((a, b) => a.generation - b.generation)) {
    const before = histories.get(file.uid)
    const open = (before?.open ?? []).flatMap((intent) => carried(intent, file))
    const bills = lastOfEach([...(before?.bills ?? []), ...file.bills])
    const replayed = (before?.open ?? []).flatMap((intent) => {
      return madeBy(sentAgain(intent, file), file.replayed.get(intent.call.token))
    })
    const all = [...(before?.made ?? []), ...replayed, ...file.made]
    const made = all.filter(({ instance }) => !file.ended.has(instance.id))
    const isAbandoned = file.isAbandoned && (before?.isAbandoned ?? true)
    const givenUp = [...(before?.givenUp ?? []), ...file.givenUp]
    histories.set(file.uid, { ...file, open: [...open, ...file.open], givenUp, bills, made, isAbandoned })
  }
  return [...histories.values()]
}

/** Of files that were never made, because their process was killed while it made them. */
async function removeDrafts(directory: string, names: readonly string[]): Promise<void> {
  const left = names.filter((name) => {
    const pid = drafterOf(name)
    return pid !== undefined && !isAlive(pid)
  })
  await Promise.all(left.map((name) => rm(join(directory, name), { force: true }).catch(() => {})))
}

function lastOfEach(bills: readonly BillRow[]): readonly BillRow[] {
  return [...new Map(bills.map((row) => [row.id, row])).values()]
}

/**
 * A day after its deadline nothing of a cluster is launched, and nothing of it runs any more. Where its process lives the clock of
 * day is the one that is wrong.
 */
function isOver({ deadline, holder }: FileHistory, now: number): boolean {
  return holder === undefined && now > Number(deadline) * 1000 + 86_400_000
}

/** A later file's record of an earlier intent: closed, polled again, or none. */
function carried(intent: OpenIntent, later: FileHistory): OpenIntent[] {
  const { token } = intent.call
  if (later.closed.has(token)) return []
  const ref = later.unsettled.get(token)
  const sent = sentAgain(intent, later)
  return [ref === undefined ? sent : { ...sent, outcome: "unsettled", ref }]
}

/** With the time at which a later file says that it was sent last. */
function sentAgain(intent: OpenIntent, { resent }: Pick<FileHistory, "resent">): OpenIntent {
  return { ...intent, sentAt: Math.max(intent.sentAt, resent.get(intent.call.token) ?? 0) }
}

interface FileHistory extends JournalHistory {
  readonly path: string
  readonly owner: string
  /** Tokens that this file closes, also those of earlier generations that it replayed. */
  readonly closed: ReadonlySet<string>
  /** The last reference of each replayed call that is not settled. */
  readonly unsettled: ReadonlyMap<string, Json>
  /** When it sent launch calls again, also those of earlier generations, last. */
  readonly resent: ReadonlyMap<string, number>
  /** What those that it replayed have made. */
  readonly replayed: ReadonlyMap<string, readonly Made[]>
  /** Ids of instances that it has ended. */
  readonly ended: ReadonlySet<string>
}

interface Outcome {
  readonly token: string
  readonly outcome: IntentOutcome
  readonly ref?: Json
  readonly made?: readonly Made[]
}

const FROM_TAGS = "it is set aside, and what it tells of is known from tags alone"

/** Undefined for what is gone by now: its cluster has ended. */
async function quarantinedOf(
  path: string,
  { cluster, clock }: Pick<Reading, "cluster" | "clock">,
  error: unknown,
): Promise<Quarantined | undefined> {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
  const why = error instanceof Error ? error.message : String(error)
  // "<cluster>.<uid>.<generation>.<claim>.jsonl"
  const [uid] = basename(path)
    .slice(cluster.length + 1)
    .split(".")
  const at = await lstat(path).then(
    ({ mtimeMs }) => mtimeMs - wallAheadMs(clock),
    () => undefined,
  )
  const message = `reading the launch journal ${path}: ${why}; ${FROM_TAGS}`
  return { path, message, ...(uid === undefined ? {} : { uid }), ...(at === undefined ? {} : { at }) }
}

async function readOne(path: string, clock: Clock): Promise<FileHistory | undefined> {
  const unsafe = await fileProblem(path)
  if (unsafe !== undefined) throw new Error(unsafe)
  const { header, records: written } = parseRecords(await readFile(path, "utf8"))
  if (header === undefined) return undefined
  const shiftMs = shiftOf(header.time, clock)
  const records = written.map((record) => shifted(record, shiftMs))
  const { uid, owner, generation } = header
  const ofKind = <T>(kind: string) => records.filter((record) => record.kind === kind) as unknown as T[]
  const { deadline } = ofKind<{ readonly deadline: string }>("lifetime").at(-1) ?? header
  const finished = ofKind<FinishedRow>("finished")
  const ended = new Set([
    ...ofKind<{ ids: readonly string[] }>("ended").flatMap(({ ids }) => ids),
    ...finished.map(({ instance }) => instance),
  ])
  const bills = lastOfEach(ofKind<BillRow & { kind: string }>("bill").map(({ kind: _, ...row }) => row))
  const isAbandoned = hasEnded(header)
  const holder = livingWriterOf(header)
  const since = header.time === undefined ? {} : { since: header.time.wall }
  const known = {
    ...since,
    path,
    uid,
    owner,
    generation,
    deadline,
    bills,
    isAbandoned,
    ended,
    ...launchesOf(records, ended),
  }
  return holder === undefined ? known : { ...known, holder }
}

/** The launch calls in a journal, as they stood at its end. */
function launchesOf(
  records: readonly JournalRecord[],
  ended: ReadonlySet<string>,
): Pick<FileHistory, "open" | "closed" | "unsettled" | "resent" | "made" | "replayed" | "givenUp"> {
  const texts = new Map(
    records.filter((record) => record.kind === "text").map((record) => [String(record.digest), String(record.text)]),
  )
  const intents = new Map<string, OpenIntent>()
  const open = new Map<string, OpenIntent>()
  const closed = new Set<string>()
  const unsettled = new Map<string, Json>()
  const made: MadeByIntent[] = []
  const replayed = new Map<string, readonly Made[]>()
  const resent = new Map<string, number>()
  const givenUp: string[] = []
  for (const record of records) {
    if (record.kind === "intent") {
      const intent = record as unknown as Intent
      const call = unpack(intent.call as unknown as Json, texts) as unknown as LaunchCall
      intents.set(call.token, { ...intent, call, sentAt: intent.at, outcome: "none" })
      open.set(call.token, { ...intent, call, sentAt: intent.at, outcome: "none" })
    } else if (record.kind === "sent") {
      const { token, at } = record as unknown as { readonly token: string; readonly at: number }
      resent.set(token, at)
      for (const known of [intents, open]) {
        const intent = known.get(token)
        if (intent !== undefined) known.set(token, { ...intent, sentAt: at })
      }
    } else if (record.kind === "outcome") {
      const { token, outcome, ref, made: rows = [] } = record as unknown as Outcome
      made.push(...madeBy(intents.get(token), rows).filter(({ instance }) => !ended.has(instance.id)))
      if (!intents.has(token)) replayed.set(token, rows)
      const intent = open.get(token)
      if (outcome === "unsettled") {
        if (intent === undefined) unsettled.set(token, ref ?? null)
        else open.set(token, { ...intent, outcome, ...(ref === undefined ? {} : { ref }) })
        continue
      }
      open.delete(token)
      closed.add(token)
      if (outcome === "given-up") givenUp.push(token)
    }
  }
  return { open: [...open.values()], closed, unsettled, resent, made, replayed, givenUp }
}

function madeBy(intent: OpenIntent | undefined, rows: readonly Made[] = []): readonly MadeByIntent[] {
  if (intent === undefined) return []
  const { provider, region, generation, sentAt, call } = intent
  const of = { provider, region, generation, at: sentAt, group: call.group, token: call.token }
  return rows.map((instance) => ({ ...of, instance }))
}

/** Known for sure: who wrote it on another machine, or by an earlier version, may live. */
function hasEnded({ writer }: Header): boolean {
  return writer?.host === hostname() && !isAlive(writer.pid)
}

function livingWriterOf({ writer }: Header): number | undefined {
  return writer?.host === hostname() && isAlive(writer.pid) ? writer.pid : undefined
}
