/** Logs: the last that was kept of workers that are gone, for readers after the process of their cluster is gone as well. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { type Clock, wallAheadMs } from "../calls/clock.js"
import { defaultJournalDirectory } from "../fleet/journal/journal.js"
import { fileProblem } from "../fleet/journal/permissions.js"
import { messageOf, type Fleet } from "../fleet/state/context.js"
import { withoutSecrets } from "../remote/sent/values.js"
import { historyDirectory, secretsOf } from "./history.js"
import { earlierPath, headerOf, HistoryFile, historyPath } from "./history-file.js"
import { type HistoryReading, listHistoriesIn } from "./read.js"

/** What was kept of one worker. */
export interface KeptLog {
  readonly id: string
  readonly name: string
  readonly group: string
  /** When it was kept, by the machine's clock, in milliseconds since 1970. */
  readonly at: number
  /** How it ended, in words. */
  readonly how: string
  /** The last lines that it wrote. */
  readonly text: string
}

/** Beside the histories of what happens: neither crowds out the other. */
function directoryOf(journal: string): string {
  return join(historyDirectory(journal), "logs")
}

const UNSHOWN =
  "(not kept: it may show secrets of its group that are not known here, or are another one for each worker)\n"

/** Writes them down, in files of bounded size. It stops nothing: a disk that is full is said once. */
export class KeptLogFile {
  readonly #fleet: Fleet
  readonly #file: HistoryFile
  readonly #clock: Clock
  #waiting: KeptLog[] = []
  #last: Promise<void> = Promise.resolve()
  #hasWarned = false

  constructor(fleet: Fleet, journal: string) {
    this.#fleet = fleet
    this.#clock = fleet.clock
    this.#file = new HistoryFile(historyPath(directoryOf(journal), fleet.owner), headerOf(fleet.owner))
  }

  add(log: Omit<KeptLog, "at">): void {
    this.#waiting.push({ ...log, at: this.#now() })
    if (this.#waiting.length === 1) this.#last = this.#clock.busy("writing the history", this.#write(this.#last))
  }

  /** All is written, or could not be. */
  end(): Promise<void> {
    return this.#last
  }

  /** What a worker prints may have a secret in it. Where this process cannot tell, nothing of it is written. */
  async #shown(row: KeptLog, environment: readonly string[]): Promise<KeptLog> {
    const group = this.#fleet.groups.get(row.group)?.group
    const secrets =
      group === undefined || group.secrets.size === 0 ? [] : await this.#fleet.supplies.secretsOf(group).known()
    const text = secrets === undefined ? UNSHOWN : withoutSecrets(row.text, [...secrets, ...environment])
    return { ...row, text }
  }

  #now(): number {
    return Math.round(this.#clock.now() + wallAheadMs(this.#clock))
  }

  async #write(before: Promise<void>): Promise<void> {
    await before
    const environment = secretsOf(this.#fleet)
    const rows = this.#waiting
    this.#waiting = []
    const shown = await Promise.all(rows.map((row) => this.#shown(row, environment)))
    const lines = shown.map((row) => `${JSON.stringify({ type: "log", ...row })}\n`)
    try {
      await this.#file.append(lines.join(""), this.#now())
    } catch (error) {
      if (this.#hasWarned) return
      this.#hasWarned = true
      const message = `the last words of workers that are gone cannot be kept: ${messageOf(error)}; the cluster goes on without`
      this.#fleet.emit({ type: "note", message })
    }
  }
}

/**
 * The last that was kept of a worker.
 *
 * @param cluster its name or its uid. @param worker its name or its id.
 * @returns undefined when this machine has kept nothing of it.
 */
export async function readKeptLog(
  cluster: string,
  worker: string,
  { journal = defaultJournalDirectory() }: HistoryReading = {},
): Promise<KeptLog | undefined> {
  const directory = directoryOf(journal)
  const entries = (await listHistoriesIn(directory)).filter((one) => one.cluster === cluster || one.uid === cluster)
  for (const entry of entries) {
    const path = historyPath(directory, entry)
    const texts = await Promise.all([earlierPath(path), path].map(textOf))
    const found = texts.flatMap((text) => text.split("\n")).findLast((line) => logIn(line, worker) !== undefined)
    if (found !== undefined) return logIn(found, worker)
  }
  return undefined
}

async function textOf(path: string): Promise<string> {
  try {
    return (await fileProblem(path)) === undefined ? await readFile(path, "utf8") : ""
  } catch {
    return ""
  }
}

function logIn(line: string, worker: string): KeptLog | undefined {
  try {
    const row = JSON.parse(line) as Partial<KeptLog> & { readonly type?: unknown }
    if (row.type !== "log" || (row.name !== worker && row.id !== worker)) return undefined
    const isWhole = typeof row.text === "string" && typeof row.how === "string" && typeof row.at === "number"
    return isWhole ? (row as KeptLog) : undefined
  } catch {
    return undefined
  }
}
