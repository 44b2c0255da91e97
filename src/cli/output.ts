/** Output: rows as a person or a program reads them. */
import { SpecError } from "../errors.js"
import { nearest, show } from "../input/parse.js"
import { single } from "./parse.js"
import type { Given, Surroundings } from "./surroundings.js"
import { table } from "./table.js"

export const FORMATS = ["table", "wide", "json", "yaml", "name"] as const
export type Format = (typeof FORMATS)[number]

export interface Column<Row> {
  readonly head: string
  /** Only with `-o wide`. */
  readonly wide?: true
  readonly cell: (row: Row) => string
}

/** How rows are shown, in each format. */
export interface Shape<Row> {
  readonly columns: readonly Column<Row>[]
  /** As another command takes it: "workers/render/worker-3". */
  readonly nameOf: (row: Row) => string
}

/**
 * @throws SpecError for a format that there is not. The variable is meant for all verbs: a format that others have is none of its
 * mistakes, and this verb then writes as it does by default.
 */
export function formatOf(given: Given, known: readonly Format[] = FORMATS): Format {
  if (given.switches.has("json")) return "json"
  const asked = single(given, "output")
  if (asked === undefined) return "table"
  const format = known.find((one) => one === asked)
  if (format !== undefined) return format
  const isByVariable = given.sources.output === "environment"
  // A task of `muster run` finds its directory for files by the same variable.
  if (isByVariable && (FORMATS.some((one) => one === asked) || asked.startsWith("/"))) return "table"
  const near = nearest(asked, known)
  const message = `is ${show(asked)}; ${near === undefined ? `use one of ${known.join(", ")}` : `did you mean ${near}?`}`
  throw new SpecError([{ option: isByVariable ? "MUSTER_OUTPUT" : "--output", value: asked, message }])
}

/** What programs read: the whole value. Undefined for a format that people read. */
export async function dataText(value: unknown, format: Format, { clock }: Surroundings): Promise<string | undefined> {
  if (format === "json") return `${JSON.stringify(value, undefined, 2)}\n`
  if (format !== "yaml") return undefined
  const { stringify } = await clock.busy("loading yaml", import("yaml"))
  return stringify(JSON.parse(JSON.stringify(value)))
}

export async function rowsText<Row>(
  rows: readonly Row[],
  { columns, nameOf }: Shape<Row>,
  given: Given,
  surroundings: Surroundings,
): Promise<string> {
  const format = formatOf(given)
  const data = await dataText(rows, format, surroundings)
  if (data !== undefined) return data
  if (format === "name") return rows.map((row) => `${nameOf(row)}\n`).join("")
  const shown = columns.filter(({ wide }) => wide !== true || format === "wide")
  const head = shown.map((column) => column.head)
  const text = table(
    head,
    rows.map((row) => shown.map(({ cell }) => cell(row))),
    surroundings.columns,
  )
  return given.switches.has("no-headers") ? text.slice(text.indexOf("\n") + 1) : text
}

/** Writes bytes as they are; resolves when more may be written. */
export function writerOf({ write, out, say }: Surroundings): NonNullable<Surroundings["write"]> {
  if (write !== undefined) return write
  return (stream, bytes) => {
    const text = Buffer.from(bytes).toString()
    if (stream === "stdout") out(text)
    else say(text)
    return Promise.resolve()
  }
}
