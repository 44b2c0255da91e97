/** Every option is documented once, on the page and under the heading where it belongs; and nothing that there is not. */
import { join } from "node:path"
import ts from "typescript"
import { expect, test } from "vitest"
import { ROOT, textOf } from "./blocks.js"

/** The heading of a page, and the options that its table has. */
type Row = readonly [page: string, heading: string, source: string, type: string]

const ROWS: readonly Row[] = [
  ["docs/options.md", "The cluster", "src/spec/types.ts", "ClusterFields"],
  ["docs/options.md", "What a worker is", "src/spec/worker/worker-fields.ts", "WorkerFields"],
  ["docs/options.md", "budget", "src/money/budget.ts", "Budget"],
  ["docs/options.md", "scale", "src/verbs/types.ts", "ScaleOptions"],
  ["docs/options.md", "adapt", "src/demand/types.ts", "AdaptOptions"],
  ["docs/adapt.md", "Options", "src/demand/types.ts", "AdaptOptions"],
  ["docs/options.md", "close", "src/verbs/types.ts", "CloseOptions"],
  ["docs/options.md", "attach", "src/verbs/types.ts", "AttachFields"],
  ["docs/options.md", "For tests", "src/verbs/types.ts", "ClusterOptions"],
  ["docs/aws.md", "Options", "providers/aws/options.ts", "AwsOptions"],
  ["docs/gcp.md", "Options", "providers/gcp/options.ts", "GcpOptions"],
  ["docs/azure.md", "Options", "providers/azure/options.ts", "AzureOptions"],
  ["docs/progress.md", "Options", "src/progress/show.ts", "ProgressOptions"],
  ["docs/progress.md", "JSON", "src/progress/model/types.ts", "ProgressView"],
  ["docs/dask.md", "Options", "src/engines/dask/options.ts", "DaskOptions"],
  ["docs/bullmq.md", "Options of bullmq", "src/demand/bullmq/demand.ts", "BullDemandOptions"],
  ["docs/bullmq.md", "Options of drainOnNotice", "src/demand/bullmq/drain.ts", "DrainOptions"],
  ["docs/local.md", "Options", "providers/local/options.ts", "LocalOptions"],
]

/** The members that an interface declares itself; what it inherits is documented with its base. */
function membersOf(file: string, name: string): readonly string[] {
  const text = ts.sys.readFile(join(ROOT, file)) ?? ""
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest)
  const found = source.statements.filter(ts.isInterfaceDeclaration).find((one) => one.name.text === name)
  return (found?.members ?? []).flatMap(({ name: key }) =>
    key !== undefined && ts.isIdentifier(key) ? [key.text] : [],
  )
}

interface Documented {
  readonly names: readonly string[]
  readonly cells: readonly string[]
}

/** The rows of the first table under a heading: the names in their first cells, and the other cells. */
function tableOf(page: string, heading: string): readonly Documented[] {
  const [, after = ""] = textOf(page).split(`\n## ${heading}\n`)
  const [section = ""] = after.split("\n## ")
  const rows = section.split("\n").filter((line) => line.startsWith("| `"))
  return rows.map((row) => {
    const [first = "", ...cells] = row.slice(1).split(/(?<!\\)\|/)
    return { names: [...first.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name), cells }
  })
}

test.each(ROWS)("%s, %s: every option of %s %s, once", (page, heading, source, type) => {
  const members = membersOf(source, type)
  const rows = tableOf(page, heading)
  expect(members.length).toBeGreaterThan(0)
  expect(rows.flatMap(({ names }) => names).sort()).toEqual([...members].sort())
  const unsaid = rows.filter(({ cells: [meaning = ""] }) => meaning.trim() === "")
  expect(unsaid).toEqual([])
})

test("sweep takes what list takes, and its own", () => {
  const members = ["provider", "region", ...membersOf("src/verbs/types.ts", "SweepFields")]
  const names = tableOf("docs/options.md", "list and sweep").flatMap((row) => row.names)
  expect(names.sort()).toEqual(members.sort())
})
