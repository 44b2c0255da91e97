/** What is taken for true of clouds, from their tables: as the page that readers get, and to hold code and pages against. */
import { readdirSync, readFileSync } from "node:fs"
import { join, sep } from "node:path"
import { ASSUMPTIONS as aws, UNTRIED as awsUntried } from "../../providers/aws/live/assumptions.js"
import { ASSUMPTIONS as azure, UNTRIED as azureUntried } from "../../providers/azure/live/assumptions.js"
import { ASSUMPTIONS as gcp, UNTRIED as gcpUntried } from "../../providers/gcp/live/assumptions.js"
import { ASSUMPTIONS as local } from "../../providers/local/live/assumptions.js"
import type { Assumption, Untried } from "../../src/provider.js"
import { PAGES, ROOT } from "./blocks.js"

export interface Cloud {
  /** As ids begin. */
  readonly name: string
  readonly title: string
  readonly assumptions: readonly Assumption[]
  readonly untried: readonly Untried[]
}

export const CLOUDS: readonly Cloud[] = [
  { name: "aws", title: "EC2", assumptions: aws, untried: awsUntried },
  { name: "gcp", title: "Compute Engine", assumptions: gcp, untried: gcpUntried },
  { name: "azure", title: "Azure", assumptions: azure, untried: azureUntried },
  { name: "local", title: "This machine", assumptions: local, untried: [] },
]

const HEAD = `# Assumptions

What Muster takes for true of each cloud, and cannot know without an account. This page is made of the tables by which
[\`muster doctor --live\`](doctor.md) goes. Code and pages name what they rest on by its id.

*Documented*: the vendor says so. *Reported*: users or other programs do. *Unverified*: nobody is known to have said or seen it.
`

/** Of a cell: a line break or a bar would end it. Sentences in cells have no full stop; names of the cloud's begin as they do there. */
const cell = (text: string) =>
  text
    .replaceAll("|", "\\|")
    .replaceAll("\n", " ")
    .replace(/^[a-z]+(?=[ ,])/, (word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .replace(/\.$/, "")
const row = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`

function sectionOf({ title, assumptions, untried }: Cloud): string {
  const tried = assumptions.map(({ id, says, basis, source, probe }) =>
    row([`\`${id}\``, says, `${basis}: ${source}`, probe]),
  )
  const rest = untried.map(({ id, says, source, why }) => row([`\`${id}\``, says, source, why]))
  const head = (last: string) => [`| id | what is taken for true | where it is from | ${last} |`, "|---|---|---|---|"]
  return [
    `## ${title}`,
    "",
    ...head("how it is tried"),
    ...tried,
    ...(rest.length === 0 ? [] : ["", `A walk does not try these on ${title}.`, "", ...head("why not"), ...rest]),
    "",
  ].join("\n")
}

export function page(): string {
  return [HEAD, ...CLOUDS.map(sectionOf)].join("\n")
}

/** Words that say of something outside that nobody here knows it. */
export const DOUBT =
  /\b(unverified|unconfirmed by|presumabl[ey]|supposedly|allegedly|apparently|undocumented|not documented|(?:does|do) not document|documents? nothing|docs? (?:is|are) silent|no document (?:says|promises|tells)|(?:is|are) assumed to|we assume|an assumption:|not been verified|not verified|never verified|could not be verified|no vendor says|by guess)\b/i

const ID = /\b(?:aws|gcp|azure|local)\.[a-z0-9]+(?:-[a-z0-9]+)*\b/g

/** A paragraph of a page, or a comment with the code beside it, that has such a word and names no assumption. */
export interface Stray {
  readonly file: string
  readonly line: number
  readonly text: string
}

/** Where assumptions are told of in general, or are what a file is about. */
const ABOUT_THEM =
  /^(docs\/(assumptions|verify)\.md|CHANGELOG\.md|src\/provider\.ts|src\/live\/|src\/doctor\/|src\/cli\/verbs\/|providers\/[a-z]+\/live\/|providers\/[a-z]+\/wire\/lies\/)/

export function filesToHold(): readonly string[] {
  const sources = ["src", "providers", "examples"].flatMap((root) =>
    readdirSync(join(ROOT, root), { recursive: true, encoding: "utf8" }).map(
      (name) => `${root}/${name.split(sep).join("/")}`,
    ),
  )
  return [...PAGES, ...sources.filter((name) => name.endsWith(".ts"))].filter((name) => !ABOUT_THEM.test(name))
}

/** @param known the ids that there are: another one does not count. */
export function straysIn(file: string, text: string, known: ReadonlySet<string>): readonly Stray[] {
  const lines = text.split("\n")
  return lines.flatMap((line, at) => {
    if (!DOUBT.test(line)) return []
    const block = blockAround(lines, at, file.endsWith(".md"))
    const ids = block.match(ID) ?? []
    return ids.some((id) => known.has(id)) ? [] : [{ file, line: at + 1, text: line.trim() }]
  })
}

/** Of a page: lines between empty ones, or one item of a list. Of code: a comment with the line behind it. */
function blockAround(lines: readonly string[], at: number, isPage: boolean): string {
  const isIn = (line: string | undefined) =>
    line !== undefined && (isPage ? line.trim() !== "" && !/^\s*[-|#]/.test(line) : /^\s*(\/\/|\/\*|\*)/.test(line))
  let [from, to] = [at, at]
  while (
    from > 0 &&
    (isPage ? !/^\s*[-|#]/.test(lines[from] ?? "") && (lines[from - 1] ?? "").trim() !== "" : isIn(lines[from - 1]))
  )
    from -= 1
  while (isIn(lines[to + 1])) to += 1
  return lines.slice(from, to + (isPage ? 1 : 2)).join("\n")
}

export function sourceOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8")
}
