/** Records: the lines of a journal, and whether each is what it says it is. */
import type { JournalRecord, WrittenTime } from "./written-time.js"

/** A provider as a command line names it again; never a secret is among its options. */
export interface WrittenPlace {
  readonly provider: string
  readonly region: string
  readonly options: Readonly<Record<string, string>>
}

export interface Header {
  readonly cluster?: string
  readonly version: number
  readonly uid: string
  readonly owner: string
  readonly generation: number
  readonly deadline: string
  readonly writer?: { readonly host: string; readonly pid: number }
  /** When the file was begun; older files lack it. */
  readonly time?: WrittenTime
  /** Older files lack them. */
  readonly places?: readonly WrittenPlace[]
}

type Field = "string" | "number" | "object" | "array"

/** What each kind of record has; of others, which a later minor version may write, nothing is known. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  header: { version: "number", uid: "string", owner: "string", generation: "number", deadline: "string" },
  text: { digest: "string", text: "string" },
  intent: { provider: "string", region: "string", wish: "string", generation: "number", at: "number", call: "object" },
  sent: { token: "string", at: "number" },
  outcome: { token: "string", outcome: "string" },
  ended: { ids: "array" },
  lifetime: { deadline: "string" },
  bill: { id: "string" },
  finished: { instance: "string", group: "string", outcome: "string", action: "string" },
}

const CALL: Readonly<Record<string, Field>> = {
  ...{ api: "string", group: "string", token: "string", count: "number" },
  ...{ offers: "array", body: "object", cost: "object" },
}

/**
 * A last line without its end was cut short by a crash: the call it announced was never sent. A file without a whole first line
 * says nothing.
 *
 * @throws an Error that says which line is damaged, or that the file is from a newer version.
 */
export function parseRecords(text: string): { readonly header?: Header; readonly records: readonly JournalRecord[] } {
  const lines = text.split("\n")
  lines.pop()
  const records = lines.map((line, index) => {
    const record = recordIn(line)
    if (record !== undefined) return record
    throw new Error(`line ${index + 1} is damaged`)
  })
  const [first] = records
  if (first === undefined) return { records }
  if (first.kind !== "header") throw new Error("line 1 is damaged")
  const header = first as unknown as Header
  if (header.version <= VERSION) return { header, records }
  throw new Error(`version ${header.version} is newer than this library knows (${VERSION}); update muster`)
}

function recordIn(line: string): JournalRecord | undefined {
  try {
    const record = JSON.parse(line) as unknown
    if (!isOf(record, "object") || typeof record.kind !== "string") return undefined
    const isWhole = hasAll(record, FIELDS[record.kind] ?? {})
    return isWhole && (record.kind !== "intent" || hasAll(record.call, CALL)) ? (record as JournalRecord) : undefined
  } catch {
    return undefined
  }
}

function hasAll(value: unknown, fields: Readonly<Record<string, Field>>): boolean {
  return isOf(value, "object") && Object.entries(fields).every(([name, field]) => isOf(value[name], field))
}

function isOf(value: unknown, field: "object"): value is Readonly<Record<string, unknown>>
function isOf(value: unknown, field: Field): boolean
function isOf(value: unknown, field: Field): boolean {
  if (field === "array") return Array.isArray(value)
  if (field === "object") return typeof value === "object" && value !== null && !Array.isArray(value)
  return typeof value === field
}

/** Of the file's form; a reader refuses what is newer. */
export const VERSION = 1
