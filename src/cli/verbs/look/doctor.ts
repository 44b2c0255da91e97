/** `muster doctor`: whether a burst would work from here. Reads only. */
import { doctor, type DoctorLine, type DoctorReport, type DoctorSpec } from "../../../doctor.js"
import { SpecError } from "../../../errors.js"
import { show } from "../../../input/parse.js"
import { EXIT } from "../../exit-codes.js"
import { dataText, formatOf } from "../../output.js"
import { single } from "../../parse.js"
import { providersAt } from "../../spec/places.js"
import { targetOf } from "../../spec/target.js"
import type { RunVerb } from "../../surroundings.js"
import { table } from "../../table.js"

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  const { clock, env, out, say, columns } = surroundings
  const target = await targetOf(given, given.words[0], surroundings)
  const provider = await providersAt(target.places, surroundings)
  const { name, owner, spec, count: workers } = target
  const journal = single(given, "journal")
  const report = await doctor(
    { ...spec, owner, provider, ...(name === undefined ? {} : { name }) } as unknown as DoctorSpec,
    {
      ...{ clock, env },
      ...(workers === undefined ? {} : { workers }),
      ...(journal === undefined ? {} : { journal }),
      ...timeoutOf(single(given, "timeout")),
    },
  )
  out((await dataText(report, format, surroundings)) ?? textOf(report, provider.length > 1, columns))
  if (format === "table") say(`${summaryOf(report)}\n`)
  return report.status === "fail" ? EXIT.failed : EXIT.ok
}

function timeoutOf(text: string | undefined): { readonly timeoutMs?: number } {
  if (text === undefined) return {}
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? []
  const ms = Number(number) * (unit === "ms" ? 1 : unit === "s" ? 1000 : 60_000)
  if (ms > 0) return { timeoutMs: ms }
  throw new SpecError([{ option: "--timeout", value: text, message: `is ${show(text)}; use 30s, 2m or the like` }])
}

/** What is to be done stands in a line of its own, below what it is for. */
function textOf({ lines }: DoctorReport, hasSeveral: boolean, columns: number | undefined): string {
  const rows = lines.flatMap((line): readonly (readonly string[])[] => [
    [line.status.toUpperCase(), nameOf(line, hasSeveral), line.text],
    ...(line.remedy === undefined ? [] : [["", "", `-> ${line.remedy}`]]),
  ])
  return table(["STATUS", "CHECK", "FOUND"], rows, columns)
}

function nameOf({ check, place }: DoctorLine, hasSeveral: boolean): string {
  return hasSeveral && place !== undefined ? `${place}: ${check}` : check
}

function summaryOf({ lines, requests }: DoctorReport): string {
  const of = (status: DoctorLine["status"]) => lines.filter((line) => line.status === status).length
  const sent = Object.entries(requests).map(([place, count]) => `${count} to ${place}`)
  return `${of("fail")} fail, ${of("warn")} warn, ${of("ok")} ok; requests: ${sent.join(", ")}; nothing was made`
}
