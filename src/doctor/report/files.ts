/** Files: a report is written whole or not at all, and read with clear words about what is no report. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { SpecError } from "../../errors.js"
import { createWhole } from "../../fleet/journal/draft.js"
import { fileNameOf, FORMAT, type WalkReport, VERSION } from "./format.js"
import { markdownOf } from "./markdown.js"
import { brokenIn } from "./shape.js"

export interface WrittenReport {
  readonly json: string
  readonly markdown: string
}

/** Two files of this user's alone (0600). @returns their paths. @throws what stands in the way, with the path. */
export async function writeReport(directory: string, report: WalkReport): Promise<WrittenReport> {
  const json = join(directory, fileNameOf(report))
  const markdown = json.replace(/\.json$/, ".md")
  await createWhole(json, jsonOf(report))
  await createWhole(markdown, markdownOf(report))
  return { json, markdown }
}

/** What is small on one line each, so that two reports can be compared by other tools too. */
export function jsonOf(report: WalkReport): string {
  const lines = Object.entries(report).map(([name, value]) => {
    const isLong = Array.isArray(value) && value.length > 0
    const text = isLong
      ? `[\n    ${value.map((one) => JSON.stringify(one)).join(",\n    ")}\n  ]`
      : JSON.stringify(value)
    return `  ${JSON.stringify(name)}: ${text}`
  })
  return `{\n${lines.join(",\n")}\n}\n`
}

/**
 * @param option where the path was given, for the error.
 * @throws SpecError for a file that cannot be read, is no report, or is one of another version of the format.
 */
export async function readReport(path: string, option: string): Promise<WalkReport> {
  const wrong = (message: string) => new SpecError([{ option, value: path, message }])
  let text: string
  try {
    text = await readFile(path, "utf8")
  } catch (error) {
    throw wrong(`${path} cannot be read: ${(error as Error).message}`)
  }
  const found = reportIn(text)
  if (typeof found === "string") throw wrong(`${path} ${found}`)
  return found
}

/** What a text is no report for, in words, where it is none. */
export function reportIn(text: string): WalkReport | string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return `is no JSON; give a file that "muster doctor --live" has written`
  }
  const report = value as Partial<Record<keyof WalkReport, unknown>> | null
  if (typeof report !== "object" || report?.format !== FORMAT)
    return `is no report of a live walk; give a file that "muster doctor --live" has written`
  if (report.version !== VERSION)
    return `has version ${String(report.version)} of the format, and this Muster knows ${VERSION}: use the Muster that wrote it`
  const lacking = [
    ...TEXTS.filter((name) => typeof report[name] !== "string"),
    ...LISTS.filter((name) => !Array.isArray(report[name])),
    ...OBJECTS.filter((name) => typeof report[name] !== "object" || report[name] === null),
  ]
  if (lacking.length > 0) return `is not whole: ${lacking.join(", ")} missing`
  const broken = brokenIn(report as WalkReport)
  return broken === undefined ? (report as WalkReport) : `is not as Muster writes it: ${broken}`
}

const TEXTS = ["provider", "region", "at", "instanceType"] as const
const LISTS = [
  "assumptions",
  "machines",
  "problems",
  "notes",
  "left",
  "lines",
  "requests",
  "answers",
  "bodies",
  "texts",
  "exchanges",
] as const
const OBJECTS = ["given", "owner", "usd", "versions"] as const
