/** What people read: receipts, tables with other people's words in them, and what to do where the machine lacks something. */
import { describe, expect, test } from "vitest"
import { toCloudError } from "../../../providers/local/client/errors.js"
import { table } from "../../../src/cli/table.js"
import { inWords } from "../../../src/fleet/explain/explain-text.js"
import { planText } from "../../../src/fleet/preview/plan-text.js"
import type { Receipt, ReceiptRow } from "../../../src/fleet/reports/receipt-types.js"
import { receiptText } from "../../../src/fleet/reports/receipt-text.js"
import { stateDirectory } from "../../../src/client/machine.js"
import { usdText } from "../../../src/money/budget.js"
import { plain } from "../../../src/text.js"

const row = (id: string, more: Partial<ReceiptRow> = {}): ReceiptRow => ({
  id,
  name: id,
  group: "default",
  provider: "aws",
  region: "eu-west-2",
  zone: "eu-west-2a",
  instanceType: "c7g.large",
  market: "spot",
  launchedAt: 0,
  finalState: "terminated",
  ...more,
})

const receipt = (
  instances: readonly ReceiptRow[],
  more: Partial<Omit<Receipt, "toString">> = {},
): Omit<Receipt, "toString"> => ({
  cluster: "render",
  instances,
  leaked: instances.filter(({ finalState }) => finalState === "running"),
  leftovers: [],
  seconds: 3600,
  costByGroup: {},
  earlierCost: 0,
  unpriced: 0,
  estimate: true,
  boots: [],
  prices: [],
  ...more,
})

describe("a receipt", () => {
  test("leaks first, then by type, market and state, then the sum", () => {
    const rows = [
      row("i-1", { cost: 1 }),
      row("i-2", { cost: 0.5 }),
      row("i-3", { instanceType: "m7g.large", market: "on-demand" }),
      row("i-4", { finalState: "running", reportedState: "stopped", consoleUrl: "https://there" }),
    ]
    expect(receiptText(receipt(rows, { cost: 1.5, unpriced: 2, leftovers: ["template lt-1: denied"] }))).toBe(
      [
        'receipt of "render": NOT ALL IS CONFIRMED GONE',
        "  may still run, and cost:",
        "    i-4 (aws eu-west-2a), stopped when the cloud said it last https://there",
        "  could not be removed:",
        "    template lt-1: denied",
        "  2 ×  c7g.large  spot       terminated                   $1.50",
        "  1 ×  m7g.large  on-demand  terminated                   1 worker without a known price",
        "  1 ×  c7g.large  spot       running, not confirmed gone  1 worker without a known price",
        "  in all: 4 instances, 1 h of running, at least $1.50, 2 workers without a known price (an estimate)",
      ].join("\n"),
    )
  })

  test("with what checks ended, the most frequent first", () => {
    const failed = { what: "ready", check: "tcp 80", exitCode: 1 } as const
    const rows = [row("i-1", { failedCheck: { what: "unheard" } }), row("i-2", { failedCheck: failed }), row("i-3")]
    const lines = receiptText(receipt([...rows, row("i-4", { failedCheck: failed })])).split("\n")
    expect(lines.slice(2, 4)).toEqual([
      "  2 not ready in time: tcp 80 ended with exit code 1",
      "  1 not heard of in time",
    ])
  })

  test("of thousands in twenty lines at most", () => {
    const rows = Array.from({ length: 3000 }, (_, at) =>
      row(`i-${at}`, { instanceType: `t${at % 40}`, finalState: at % 2 === 0 ? "running" : "terminated" }),
    )
    const leftovers = Array.from({ length: 30 }, (_, at) => `disk d-${at}`)
    const lines = receiptText(receipt(rows, { leftovers })).split("\n")
    expect(lines.length).toBeLessThanOrEqual(20)
    expect(lines.filter((line) => line.includes("more"))).toHaveLength(3)
  })
})

test("an unknown price is never nothing", () => {
  expect(usdText(0, 20)).toBe("20 workers without a known price")
  expect(usdText(1.2, 0, " an hour")).toBe("$1.20 an hour")
})

const EVIL = "a\u001b[31m\nb\u0007\u202ec\u0085"

test("other people's words move no cursor, on no page", () => {
  expect(plain(EVIL)).toBe("a[31m bc")
  const explanation = { cluster: "render", at: 0, groups: [], unavailable: [], opening: EVIL }
  const plan = { cluster: EVIL, groups: [], etaMs: 0 }
  const leaked = [row(EVIL, { finalState: "running", consoleUrl: EVIL })]
  const pages = [
    table(["NAME"], [[EVIL]]),
    String(inWords(explanation)),
    planText(plan, 0),
    receiptText(receipt(leaked, { leftovers: [EVIL] })),
  ]
  for (const page of pages) expect(page.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e]/u)
  expect(table(["NAME"], [[EVIL]])).toBe("NAME\na[31m bc\n")
})

describe("what the machine lacks", () => {
  test("a home directory", () => {
    const none = () => {
      throw new Error("A system error occurred: uv_os_homedir returned ENOENT")
    }
    expect(() => stateDirectory({}, none)).toThrow(
      /^XDG_STATE_HOME: is not set, nor is HOME, and this user has no home directory; set one of them/,
    )
    expect(stateDirectory({ XDG_STATE_HOME: "/state" }, none)).toBe("/state")
    expect(stateDirectory({ XDG_STATE_HOME: "state" }, () => "/home/a")).toBe("/home/a/.local/state")
  })

  test("files that may be open", () => {
    const error = Object.assign(new Error("EMFILE: too many open files, open '/a'"), { code: "EMFILE", errno: -24 })
    expect(toCloudError("launching 1 x local-1", error, { provider: "local" }).message).toMatch(
      /EMFILE.*this process may have no more files and sockets open: raise its limit \("ulimit -n 65536"/,
    )
  })
})
