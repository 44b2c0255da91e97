/**
 * The intent journal: what was about to be sent, written before its first byte, so that a process that starts after a crash
 * knows which launch calls may have been done and sends exactly those again.
 *
 * One file per cluster uid and generation, JSON lines, mode 0600, written by one process. Long texts (user data) are written
 * once, by digest. Intents admitted together are written and synced together; outcomes are not synced: losing one costs a
 * replay, which makes nothing twice.
 */
import { createHash } from "node:crypto"
import { type FileHandle, mkdir, open, readdir, readFile, rm } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, isAbsolute, join } from "node:path"
import type { Clock } from "../calls/clock.js"
import { JournalError } from "../errors.js"
import type { Json, JsonObject, LaunchCall, Owner } from "../provider.js"

const VERSION = 1
/** A text longer than this is stored once and named by its digest. */
const LONGEST_INLINE_TEXT = 256

export interface Intent {
  readonly provider: string
  readonly region: string
  readonly wish: string
  readonly generation: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly call: LaunchCall
}

export type IntentOutcome = "settled" | "unsettled" | "refused"

export interface Journal {
  /** Resolves when the intent is on the disk. @throws JournalError naming the path; then the call must not be sent. */
  intend(intent: Intent): Promise<void>
  outcome(token: string, outcome: IntentOutcome, ref?: Json): void
  /** Waits for what is being written and closes the file. */
  close(): Promise<void>
  /** Nothing of this cluster is left: its files go. */
  discard(): Promise<void>
}

/** What the journals of a cluster say after a crash: the launch calls that no outcome closed. */
export interface OpenIntent extends Intent {
  readonly outcome: "none" | "unsettled"
  readonly ref?: Json
}

export interface JournalHistory {
  readonly uid: string
  readonly generation: number
  readonly deadline: string
  readonly open: readonly OpenIntent[]
}

export const noJournal: Journal = {
  intend: () => Promise.resolve(),
  outcome: () => {},
  close: () => Promise.resolve(),
  discard: () => Promise.resolve(),
}

/** Where journals live by default: the user's state directory. */
export function defaultJournalDirectory(): string {
  const { env, platform } = process
  const state = platform === "win32" ? env.LOCALAPPDATA : env.XDG_STATE_HOME
  // "If an implementation encounters a relative path … it should consider the path invalid" (XDG Base Directory).
  const isValid = state !== undefined && isAbsolute(state)
  return join(isValid ? state : join(homedir(), ".local", "state"), "muster", "journal")
}

/** Records that go to the disk in one write. */
interface Batch {
  readonly records: JsonObject[]
  sync: boolean
  readonly written: Promise<void>
}

export class FileJournal implements Journal {
  readonly #directory: string
  readonly #path: string
  readonly #owner: Owner
  readonly #clock: Clock
  /** Digests of the texts that are in the file. */
  readonly #texts = new Set<string>()
  #next: Batch | undefined
  #last: Promise<void> = Promise.resolve()
  #file: FileHandle | undefined
  #isDiscarded = false
  #length = 0

  constructor(directory: string, owner: Owner, clock: Clock) {
    this.#directory = directory
    this.#owner = owner
    this.#clock = clock
    this.#path = join(directory, fileName(owner))
  }

  async intend(intent: Intent): Promise<void> {
    try {
      await this.#append({ kind: "intent", ...intent } as unknown as JsonObject, true)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new JournalError(
        `writing the launch journal ${this.#path}: ${why}; nothing was launched. Make the path writable, or name another with the option journal`,
        { path: this.#path, cause: error },
      )
    }
  }

  outcome(token: string, outcome: IntentOutcome, ref?: Json): void {
    const record = { kind: "outcome", token, outcome, ...(ref === undefined ? {} : { ref }) }
    // Not written is not wrong: the intent stays open and is replayed.
    this.#append(record, false).catch(() => {})
  }

  close(): Promise<void> {
    return this.#clock.busy("closing the journal", this.#close())
  }

  discard(): Promise<void> {
    return this.#clock.busy("removing the journal", this.#discard())
  }

  async #close(): Promise<void> {
    await this.#last.catch(() => {})
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  async #discard(): Promise<void> {
    this.#isDiscarded = true
    await this.#close()
    const names = await readdir(this.#directory).catch(() => [])
    const prefix = `${this.#owner.cluster}.${this.#owner.uid}.`
    const ours = names.filter((name) => name.startsWith(prefix))
    await Promise.all(ours.map((name) => rm(join(this.#directory, name), { force: true })))
  }

  /** Lines for the records; texts that the file does not hold yet go before them, and into `texts`. */
  #linesOf(records: readonly JsonObject[], texts: Set<string>): string[] {
    const lines: string[] = []
    const name = (text: string) => {
      const digest = createHash("sha256").update(text).digest("hex")
      if (!this.#texts.has(digest) && !texts.has(digest)) lines.push(line({ kind: "text", digest, text }))
      texts.add(digest)
      return digest
    }
    for (const record of records) {
      const packed = pack(record, name)
      lines.push(line(packed as JsonObject))
    }
    return lines
  }

  /** One write at a time; what is appended meanwhile goes together with the next one. */
  #append(record: JsonObject, sync: boolean): Promise<void> {
    // A late outcome must not bring back what was removed.
    if (this.#isDiscarded) return Promise.resolve()
    if (this.#next === undefined) {
      const written = this.#last.catch(() => {}).then(() => this.#write())
      this.#next = { records: [], sync: false, written }
      this.#last = this.#clock.busy("writing the journal", written)
      this.#last.catch(() => {})
    }
    this.#next.records.push(record)
    this.#next.sync ||= sync
    return this.#next.written
  }

  async #write(): Promise<void> {
    const batch = this.#next
    this.#next = undefined
    if (batch === undefined) return
    try {
      const file = this.#file ?? (await this.#create())
      const texts = new Set<string>()
      const text = this.#linesOf(batch.records, texts).join("")
      await file.appendFile(text)
      if (batch.sync) await file.datasync()
      this.#length += Buffer.byteLength(text)
      for (const digest of texts) this.#texts.add(digest)
    } catch (error) {
      // Half a line would damage the next one.
      await this.#file?.truncate(this.#length).catch(() => {})
      throw error
    }
  }

  async #create(): Promise<FileHandle> {
    await makeDirectory(this.#directory)
    const file = await open(this.#path, "a", 0o600)
    const { cluster, uid, owner, generation, deadline } = this.#owner
    const header = line({ kind: "header", version: VERSION, cluster, uid, owner, generation, deadline })
    try {
      await file.appendFile(header)
    } catch (error) {
      await file.truncate(0).catch(() => {})
      await file.close()
      throw error
    }
    this.#length = Buffer.byteLength(header)
    this.#file = file
    return file
  }
}

/** Replaces long texts by the names that `name` gives them. */
function pack(value: Json, name: (text: string) => string): Json {
  if (typeof value === "string") return value.length > LONGEST_INLINE_TEXT ? { $text: name(value) } : value
  if (Array.isArray(value)) return value.map((item: Json) => pack(item, name))
  if (typeof value !== "object" || value === null) return value
  const packed = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, pack(item as Json, name)]))
  // An object of the user's own that looks like one of ours.
  return "$text" in value || "$plain" in value ? { $plain: packed } : packed
}

/** Node's own recursive mkdir never returns under /proc, where a new directory is "not found" whatever its parent. */
async function makeDirectory(path: string, deep = true): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EEXIST") return
    if (code !== "ENOENT" || !deep || dirname(path) === path) throw error
    await makeDirectory(dirname(path))
    await makeDirectory(path, false)
  }
}

function line(record: object): string {
  return `${JSON.stringify(record)}\n`
}

/** The claim keeps two processes apart that took the same generation before either could see the other. */
function fileName({ cluster, uid, generation, claim }: Owner): string {
  return `${cluster}.${uid}.${generation}.${claim}.jsonl`
}

/**
 * Reads what earlier processes left for a cluster of this name and owner, one history per uid, the newest generation's last.
 *
 * @throws JournalError when a file is from a newer version, or damaged elsewhere than in a last line cut short by a crash.
 */
export async function readJournals(
  directory: string,
  cluster: string,
  owner: string,
  clock: Clock,
): Promise<JournalHistory[]> {
  return clock.busy("reading the journal", readAll(directory, cluster, owner, clock.now()))
}

async function readAll(directory: string, cluster: string, owner: string, now: number): Promise<JournalHistory[]> {
  const names = await readdir(directory).catch(() => [] as string[])
  const paths = names
    .filter((name) => name.startsWith(`${cluster}.`) && name.endsWith(".jsonl"))
    .map((name) => join(directory, name))
  const files = (await Promise.all(paths.map(readOne))).filter((file) => file !== undefined)
  const [old, own] = [files.filter((file) => isOver(file, now)), files.filter((file) => file.owner === owner)]
  await Promise.all(old.map((file) => rm(file.path, { force: true }).catch(() => {})))
  const histories = new Map<string, JournalHistory>()
  for (const file of own.filter((one) => !isOver(one, now)).sort((a, b) => a.generation - b.generation)) {
    const earlier = (histories.get(file.uid)?.open ?? []).flatMap((intent) => carried(intent, file))
    histories.set(file.uid, { ...file, open: [...earlier, ...file.open] })
  }
  return [...histories.values()]
}

/** A day after its deadline nothing of a cluster is launched, and nothing of it runs any more. */
function isOver({ deadline }: FileHistory, now: number): boolean {
  return now > Number(deadline) * 1000 + 86_400_000
}

/** What a later file says of an earlier one's intent: closed, looked at again, or nothing. */
function carried(intent: OpenIntent, later: FileHistory): OpenIntent[] {
  const { token } = intent.call
  if (later.closed.has(token)) return []
  const ref = later.unsettled.get(token)
  return [ref === undefined ? intent : { ...intent, outcome: "unsettled", ref }]
}

interface FileHistory extends JournalHistory {
  readonly path: string
  readonly owner: string
  /** Tokens that this file closes, also those of earlier generations that it replayed. */
  readonly closed: ReadonlySet<string>
  /** What it last heard of those that it replayed and that are not settled. */
  readonly unsettled: ReadonlyMap<string, Json>
}

interface JournalRecord {
  readonly kind: string
  readonly [key: string]: unknown
}

async function readOne(path: string): Promise<FileHistory | undefined> {
  const text = await readFile(path, "utf8")
  const records = parseLines(path, text)
  const header = records[0] as unknown as
    | { version: number; uid: string; owner: string; generation: number; deadline: string }
    | undefined
  if (header === undefined) return undefined
  if (records[0]?.kind !== "header" || header.version > VERSION) {
    throw new JournalError(
      `reading the launch journal ${path}: version ${String(header.version)} is newer than this library knows (${VERSION}); update muster, or attach from the version that wrote it`,
      { path },
    )
  }
  const texts = new Map(
    records.filter((record) => record.kind === "text").map((record) => [String(record.digest), String(record.text)]),
  )
  const open = new Map<string, OpenIntent>()
  const closed = new Set<string>()
  const unsettled = new Map<string, Json>()
  for (const record of records) {
    if (record.kind === "intent") {
      const intent = record as unknown as Intent
      const call = unpack(intent.call as unknown as Json, texts) as unknown as LaunchCall
      open.set(call.token, { ...intent, call, outcome: "none" })
    } else if (record.kind === "outcome") {
      const { token, outcome, ref } = record as unknown as { token: string; outcome: IntentOutcome; ref?: Json }
      const intent = open.get(token)
      if (outcome === "unsettled") {
        if (intent === undefined) unsettled.set(token, ref ?? null)
        else open.set(token, { ...intent, outcome, ...(ref === undefined ? {} : { ref }) })
        continue
      }
      open.delete(token)
      closed.add(token)
    }
  }
  const { uid, owner, generation, deadline } = header
  return { path, uid, owner, generation, deadline, open: [...open.values()], closed, unsettled }
}

/** A last line without its end was cut short by a crash: the call it announced was never sent. */
function parseLines(path: string, text: string): JournalRecord[] {
  const lines = text.split("\n")
  lines.pop()
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as JournalRecord
    } catch (error) {
      throw new JournalError(
        `reading the launch journal ${path}: line ${index + 1} is damaged; move the file away to go on from tags alone`,
        { path, cause: error },
      )
    }
  })
}

function unpack(value: Json, texts: ReadonlyMap<string, string>): Json {
  if (Array.isArray(value)) return value.map((item: Json) => unpack(item, texts))
  if (typeof value !== "object" || value === null) return value
  const { $text: named, $plain: plain } = value as JsonObject
  if (typeof named === "string") return texts.get(named) ?? ""
  if (plain !== undefined) return unpackEntries(plain as JsonObject, texts)
  return unpackEntries(value as JsonObject, texts)
}

function unpackEntries(value: JsonObject, texts: ReadonlyMap<string, string>): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item as Json, texts)]))
}
