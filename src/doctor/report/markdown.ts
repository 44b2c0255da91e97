/** Markdown: a report as a page to read, and to attach to a bug report. Pure. */
import { exchangesOf } from "./packing.js"
import type { WalkReport, ToldAssumption, ToldMachine } from "./format.js"

/** So many exchanges of one try, and so much of each. */
const MOST_EXCHANGES = 4
const MOST_TEXT = 700

export function markdownOf(report: WalkReport): string {
  const refuted = report.assumptions.filter(({ verdict }) => verdict === "refuted")
  const parts = [
    `# muster doctor --live: ${report.provider} ${report.region}`,
    headerOf(report),
    "## What was taken for true",
    table(["", "assumption", "says", "seen"], report.assumptions.map(rowOf)),
    ...(refuted.length === 0 ? [] : ["## Refuted", ...refuted.map((one) => evidenceOf(report, one))]),
    ...listed("## Problems", report.problems),
    ...listed("## Otherwise than planned", report.notes),
    ...listed("## What is left", report.left),
    ...(report.machines.length === 0
      ? []
      : ["## Machines, in seconds after the launch was sent", table(COLUMNS, report.machines.map(machineRow))]),
    ...(report.lines.length === 0
      ? []
      : [
          "## Before the walk",
          table(
            ["", "check", "found"],
            report.lines.map(({ status, check, text }) => [status, check, text]),
          ),
        ]),
  ]
  return `${parts.join("\n\n")}\n`
}

export function countsOf({ assumptions }: Pick<WalkReport, "assumptions">): string {
  const of = (verdict: ToldAssumption["verdict"]) => assumptions.filter((one) => one.verdict === verdict).length
  return `${of("confirmed")} confirmed, ${of("refuted")} refuted, ${of("not seen")} not seen`
}

function headerOf(report: WalkReport): string {
  const { versions, usd, instanceType, markets, at, seconds, left } = report
  const packages = Object.entries(versions.packages).map(([name, version]) => `${name} ${version}`)
  return [
    `- ${countsOf(report)}; ${left.length === 0 ? "nothing is left" : `${left.length} left`}`,
    `- ${at}, ${seconds} s, ${instanceType} (${markets.join(", ")})`,
    `- up to ${usd.spent} USD by the prices, ${usd.estimate} thought before`,
    `- ${[`muster-vms ${versions.muster}`, `Node ${versions.node}`, versions.system, ...packages].map(inTable).join(", ")}`,
  ].join("\n")
}

function rowOf({ verdict, id, says, seen }: ToldAssumption): readonly string[] {
  const broken = seen.filter(({ held }) => !held)
  const words = [...new Set((broken.length > 0 ? broken : seen).map((one) => one.words))]
  const more = words.length > 3 ? ` (and ${words.length - 3} more)` : ""
  return [verdict, `\`${id}\``, says, `${words.slice(0, 3).join("; ")}${more}`]
}

const COLUMNS = ["wave", "", "market", "zone", "running", "booted", "end asked for", "gone"]

function machineRow({
  wave,
  number,
  market,
  zone,
  sent,
  running,
  booted,
  ended,
  gone,
}: ToldMachine): readonly string[] {
  const after = (at: number | null) => (at === null ? "" : ((at - sent) / 1000).toFixed(1))
  return [wave, String(number), market, zone, after(running), after(booted), after(ended), after(gone)]
}

function evidenceOf(report: WalkReport, { id, says, source, basis, code, seen }: ToldAssumption): string {
  const exchanges = exchangesOf(report)
  const tries = seen
    .filter(({ held }) => !held)
    .map(({ words, at, exchanges: shown }) => {
      const found = shown.slice(0, MOST_EXCHANGES).flatMap((number) => exchanges[number] ?? [])
      const texts = found.map(({ request, answer }) => {
        const status = answer === undefined ? "no answer" : String(answer.status)
        const parts = [`${request.method} ${request.url}`, request.body, `-> ${status}`, answer?.body ?? ""]
        return fenced(
          parts
            .filter((part) => part !== "")
            .map(cut)
            .join("\n"),
        )
      })
      return [`After ${(at / 1000).toFixed(1)} s: ${inTable(words)}`, ...texts].join("\n\n")
    })
  const rests = `${basis}: ${source}; code: ${code.join(", ")}`
  return [`### ${id}`, `${says} (${rests})`, ...tries].join("\n\n")
}

function fenced(text: string): string {
  return `~~~~\n${text.replaceAll("~~~~", "~ ~ ~ ~")}\n~~~~`
}

function cut(text: string): string {
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)} … (${text.length} characters)`
}

function listed(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, lines.map((line) => `- ${inTable(line)}`).join("\n")]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(inTable).join(" | ")} |`
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n")
}

/** On one line, and nothing that would end a cell or begin a tag. */
function inTable(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;")
}
