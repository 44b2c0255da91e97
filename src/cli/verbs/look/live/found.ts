/** Found: what doctor has found without making anything, as people read it, and its flags. */
import type { DoctorLine, DoctorReport } from "../../../../doctor.js"
import { SpecError } from "../../../../errors.js"
import { show } from "../../../../input/parse.js"
import { table } from "../../../table.js"

export function timeoutOf(text: string | undefined): { readonly timeoutMs?: number } {
  if (text === undefined) return {}
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? []
  const ms = Number(number) * (unit === "ms" ? 1 : unit === "s" ? 1000 : 60_000)
  if (ms > 0) return { timeoutMs: ms }
  throw new SpecError([{ option: "--timeout", value: text, message: `is ${show(text)}; use 30s, 2m or the like` }])
}

/** What is to be done stands in a line of its own, below what it is for. */
export function foundText({ lines }: DoctorReport, hasSeveral: boolean, columns: number | undefined): string {
  const rows = lines.flatMap((line): readonly (readonly string[])[] => [
    [line.status.toUpperCase(), nameOf(line, hasSeveral), line.text],
    ...(line.remedy === undefined ? [] : [["", "", `-> ${line.remedy}`]]),
  ])
  return table(["STATUS", "CHECK", "FOUND"], rows, columns)
}

function nameOf({ check, place }: DoctorLine, hasSeveral: boolean): string {
  return hasSeveral && place !== undefined ? `${place}: ${check}` : check
}

export function summaryOf({ lines, requests }: DoctorReport): string {
  const of = (status: DoctorLine["status"]) => lines.filter((line) => line.status === status).length
  const sent = Object.entries(requests).map(([place, count]) => `${count} to ${place}`)
  return `${of("fail")} fail, ${of("warn")} warn, ${of("ok")} ok; requests: ${sent.join(", ")}`
}
