/**
 * The intent journal: what was about to be sent, written before its first byte, so that a process that starts after a crash
 * knows which launch calls may have been done and sends exactly those again.
 *
 * One file per cluster uid and generation, JSON lines, mode 0600, written by one process. Long texts (user data) are written
 * once, by digest. Intents admitted together are written and synced together; outcomes are not synced: losing one costs a
 * replay, which makes nothing twice.
 */
import type { Intent, Made, MadeByIntent, OpenIntent } from "./types.js"
import { VERSION, type WrittenPlace } from "./records.js"
import { createHash } from "node:crypto"
import { hostname } from "node:os"
import { join } from "node:path"
import type { Clock } from "../../calls/clock.js"
import { JournalError } from "../../errors.js"
import { openFilesAdvice, stateDirectory } from "../../client/machine.js"
import type { Bill } from "../../money/bill.js"
import type { Json, JsonObject, Owner } from "../../provider.js"
import { JournalFile } from "./file.js"
import { pack } from "./packed.js"
import { removeJournals } from "./remove.js"
import { timeOf } from "./written-time.js"

/** `given-up`: it was not answered, lists showed none of it, and what it was for was launched elsewhere. */
export type IntentOutcome = "settled" | "unsettled" | "refused" | "given-up"

/** What is known of one instance's bill; a later row of the same id takes the place of an earlier one. */
export interface BillRow extends Bill {
  /** Provider, region and the instance's own id. */
  readonly id: string
}

/** How the work of one instance ended. */
export interface FinishedRow {
  /** Provider, region and the instance's own id. */
  readonly id: string
  /** The instance's own id. */
  readonly instance: string
  readonly group: string
  readonly outcome: string
  readonly action: string
  readonly step?: string
  readonly exitCode?: number
}

export interface Journal {
  /**
   * Resolves when the file is there. Before anything is prepared: a template or a group is found by nothing else, if no launch
   * follows. @throws JournalError naming the path; then nothing must be made.
   */
  begin(): Promise<void>
  /** Resolves when the intent is on the disk. @throws JournalError naming the path; then the call must not be sent. */
  intend(intent: Intent): Promise<void>
  /**
   * Resolves when it is written that the call is about to be sent again: until when it may still arrive is counted from there.
   * @throws JournalError naming the path; then the call must not be sent.
   */
  resend(token: string, at: number): Promise<void>
  /** `made`: what its answer named, so that a successor knows of those that lists do not show yet. */
  outcome(token: string, outcome: IntentOutcome, ref?: Json, made?: readonly Made[]): void
  /** Notes instances that the cloud has taken the termination of: no successor waits for them. */
  ended(ids: readonly string[]): void
  /** Notes that the work of an instance has ended: no successor waits for that, nor makes it again. */
  finished(row: FinishedRow): void
  /** Notes when an instance's bill began or ended, so that a successor knows what was spent. */
  bill(row: BillRow): void
  /** Notes a new deadline, in seconds since 1970: it goes to the disk with the next intent, before anything is launched by it. */
  lifetime(deadline: string): void
  /** Waits for what is being written and closes the file. */
  close(): Promise<void>
  /** Nothing of this cluster is left: its files go, and those of these other uids of its name. */
  discard(others?: readonly string[]): Promise<void>
}

export interface JournalHistory {
  readonly uid: string
  readonly generation: number
  readonly deadline: string
  readonly open: readonly OpenIntent[]
  /** Tokens of launch calls that were given up. */
  readonly givenUp: readonly string[]
  /** What is known of the bills of the cluster's instances, those that still live too. */
  readonly bills: readonly BillRow[]
  /** Instances of answered launch calls that are not terminated. */
  readonly made: readonly MadeByIntent[]
  /** All processes that wrote it were of this machine, and have ended. */
  readonly isAbandoned: boolean
  /** The number of the process of this machine that wrote it last, and lives. */
  readonly holder?: number
  /** When its newest file was begun, by the clock of day, in milliseconds since 1970; older files lack it. */
  readonly since?: number
}

/** Where journals live by default: the user's state directory. @throws SpecError where nothing says where that is. */
export function defaultJournalDirectory(): string {
  return join(stateDirectory(), "muster", "journal")
}

/** Records that go to the disk in one write. */
interface Batch {
  readonly records: JsonObject[]
  sync: boolean
  /** A caller waits for this write, and makes nothing unless the record can be read later. */
  mustBeThere: boolean
  /** Writes it as soon as the one before is written. */
  readonly start: () => void
  readonly written: Promise<void>
}

/**
 * A record that no caller waits for goes to the disk within so long: a hundred answers that come one by one are one write. What a
 * crash loses by this delay the next process asks for again, with the token that brings back the same instances.
 */
const GATHER_MS = 50

/** How an intent is written. */
const MUST = { mustBeThere: true, sync: true } as const

export class FileJournal implements Journal {
  readonly #directory: string
  #owner: Owner
  readonly #clock: Clock
  readonly #places: readonly WrittenPlace[]
  readonly #file: JournalFile
  /** The texts that are in the file, and their digests. */
  readonly #texts = new Map<string, string>()
  #next: Batch | undefined
  #last: Promise<void> = Promise.resolve()
  #isDiscarded = false

  /** @param places where the cluster is, for a process that finds it by this file. */
  constructor(directory: string, owner: Owner, clock: Clock, places: readonly WrittenPlace[] = []) {
    this.#directory = directory
    this.#owner = owner
    this.#clock = clock
    this.#places = places
    this.#file = new JournalFile(join(directory, fileName(owner)), () => this.#header())
  }

  begin(): Promise<void> {
    const written = this.#append([], { mustBeThere: true })
    this.#next?.start()
    return this.#orExplain(written)
  }

  intend(intent: Intent): Promise<void> {
    return this.#orExplain(this.#append([{ kind: "intent", ...intent } as unknown as JsonObject], MUST))
  }

  resend(token: string, at: number): Promise<void> {
    const written = this.#append([{ kind: "sent", token, at }])
    this.#next?.start()
    return this.#orExplain(written)
  }

  async #orExplain(written: Promise<void>): Promise<void> {
    try {
      await written
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const { code } = error as NodeJS.ErrnoException
      const advice = openFilesAdvice(code) ?? "Make the path writable, or name another with the option journal"
      throw new JournalError(`writing the launch journal ${this.#file.path}: ${why}; nothing was launched. ${advice}`, {
        path: this.#file.path,
        cause: error,
      })
    }
  }

  outcome(token: string, outcome: IntentOutcome, ref?: Json, made: readonly Made[] = []): void {
    const rows = made.map(({ id, name, zone, instanceType, market, launchedAt }) => {
      return { id, name, zone, instanceType, market, launchedAt }
    })
    const record = {
      kind: "outcome",
      token,
      outcome,
      ...(ref === undefined ? {} : { ref }),
      ...(rows.length === 0 ? {} : { made: rows }),
    }
    // Not written is not wrong: the intent stays open and is replayed.
    this.#append([record]).catch(() => {})
  }

  ended(ids: readonly string[]): void {
    // A lost record is harmless: a successor that waits for these instances finds them terminated.
    this.#append([{ kind: "ended", ids }]).catch(() => {})
  }

  bill(row: BillRow): void {
    // Not written is not lost: a successor that finds the instance alive counts from its launch.
    this.#append([{ kind: "bill", ...row } as unknown as JsonObject]).catch(() => {})
  }

  finished(row: FinishedRow): void {
    // Not written is not lost: tag and console tell it again while the instance is there.
    this.#append([{ kind: "finished", ...row }]).catch(() => {})
  }

  lifetime(deadline: string): void {
    this.#owner = { ...this.#owner, deadline }
    // A file that is begun later has it in its first line.
    if (!this.#file.isNew) this.#append([{ kind: "lifetime", deadline }]).catch(() => {})
  }

  close(): Promise<void> {
    return this.#clock.busy("closing the journal", this.#close())
  }

  discard(others: readonly string[] = []): Promise<void> {
    return this.#clock.busy("removing the journal", this.#discard([this.#owner.uid, ...others]))
  }

  async #close(): Promise<void> {
    this.#next?.start()
    await this.#last.catch(() => {})
    await this.#file.close()
  }

  async #discard(uids: readonly string[]): Promise<void> {
    this.#isDiscarded = true
    await this.#close()
    await removeJournals(this.#directory, this.#owner.cluster, uids)
  }

  /** Lines for the records; texts that the file does not hold yet go before them, and into `texts`. */
  #linesOf(records: readonly JsonObject[], texts: Map<string, string>): string[] {
    const lines: string[] = []
    const name = (text: string) => {
      const known = this.#texts.get(text) ?? texts.get(text)
      if (known !== undefined) return known
      const digest = createHash("sha256").update(text).digest("hex")
      lines.push(line({ kind: "text", digest, text }))
      texts.set(text, digest)
      return digest
    }
    for (const record of records) {
      // The texts that it names go before it.
      const packed = pack(record, name)
      lines.push(`${packed}\n`)
    }
    return lines
  }

  /** One write at a time; what is appended meanwhile goes together with the next one. */
  #append(records: readonly JsonObject[], how: Partial<typeof MUST> = {}): Promise<void> {
    // A late outcome must not bring back what was removed.
    if (this.#isDiscarded) return Promise.resolve()
    this.#next ??= this.#batch()
    this.#next.records.push(...records)
    this.#next.sync ||= how.sync ?? false
    this.#next.mustBeThere ||= how.mustBeThere ?? false
    if (how.sync) this.#next.start()
    return this.#next.written
  }

  #batch(): Batch {
    let start = () => {}
    const started = new Promise<void>((resolve) => {
      start = resolve
    })
    const cancel = this.#clock.timer(GATHER_MS, start)
    const before = this.#last
    const written = started.then(() => {
      cancel()
      return this.#clock.busy(
        "writing the journal",
        before.catch(() => {}).then(() => this.#write()),
      )
    })
    written.catch(() => {})
    this.#last = written
    return { records: [], sync: false, mustBeThere: false, start, written }
  }

  async #write(): Promise<void> {
    const batch = this.#next
    this.#next = undefined
    if (batch === undefined) return
    if (this.#file.isNew) this.#texts.clear()
    const texts = new Map<string, string>()
    await this.#file.append(this.#linesOf(batch.records, texts).join(""), batch)
    for (const [known, digest] of texts) this.#texts.set(known, digest)
  }

  #header(): string {
    const { cluster, uid, owner, generation, deadline } = this.#owner
    const writer = { host: hostname(), pid: process.pid }
    return line({
      kind: "header",
      version: VERSION,
      cluster,
      uid,
      owner,
      generation,
      deadline,
      writer,
      time: timeOf(this.#clock),
      places: this.#places,
    })
  }
}

function line(record: object): string {
  return `${JSON.stringify(record)}\n`
}

/** The claim keeps two processes apart that took the same generation before either could see the other. */
function fileName({ cluster, uid, generation, claim }: Owner): string {
  return `${cluster}.${uid}.${generation}.${claim}.jsonl`
}
