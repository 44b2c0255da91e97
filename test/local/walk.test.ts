/** The walk of this machine, whole and in its own time: what holds, and that nothing that does not hold is taken for confirmed. */
import { describe, expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { ASSUMPTIONS } from "../../providers/local/live/assumptions.js"
import { liveDoctor, type LiveReport } from "../../src/doctor.js"
import type { Provider } from "../../src/provider.js"
import type { LieMode } from "../../src/simulator/requests/lies.js"
import { expectAll, told, verdicts } from "../doctor/live/support.js"
import { isLong } from "../support/long.js"
import { LIES, type LocalLie, lyingProvider } from "./lies.js"
import { calls, freshPlace } from "./support.js"

const PATIENCE_MS = 600_000

async function walk(
  change: (provider: Provider) => Provider = (one) => one,
): Promise<Required<Pick<LiveReport, "walk" | "status">>> {
  const { root } = await freshPlace()
  const plain = local({ root, graceMs: 50 })
  const {
    walk: outcome,
    refused,
    status,
  } = await liveDoctor({ provider: change(plain) }, { confirm: ({ usd }) => usd.most === 0, journal: false })
  if (outcome === undefined) throw new Error(refused)
  expect(await plain.list({}, calls), told(outcome)).toEqual([])
  return { walk: outcome, status }
}

test("all is confirmed, nothing is left, and it costs nothing", async () => {
  const { walk: outcome, status } = await walk()
  expect(ASSUMPTIONS.length).toBeGreaterThan(7)
  expectAll(outcome)
  expect([status, outcome.problems, outcome.left, outcome.usd, outcome.workers.length]).toEqual([
    "ok",
    [],
    [],
    { estimate: 0, spent: 0 },
    9,
  ])
})

test("each assumption has a lie that breaks it", () => {
  expect(LIES.map(({ breaks }) => breaks).sort()).toEqual(ASSUMPTIONS.map(({ id }) => id).sort())
})

/** Most of a walk is waiting. */
describe.runIf(isLong).concurrent("a lie", () => {
  const lied = (lie: LocalLie, mode: LieMode) => walk((provider) => lyingProvider(provider, lie, mode))

  test.each(LIES.map((lie) => [lie.breaks, lie] as const))(
    "about %s, always or once: it alone is refuted, and nothing is left",
    async (breaks, lie) => {
      const walks = await Promise.all([lied(lie, "always"), lied(lie, "once")])
      for (const { walk: outcome, status } of walks) {
        expectAll(outcome, { [breaks]: "refuted" })
        expect([status, outcome.left]).toEqual(["fail", []])
      }
    },
    PATIENCE_MS,
  )

  test.each(["launch", "list", "terminate", "consoleLog"] as const)(
    "behind a failure of %s: nothing that it is about is confirmed",
    async (about) => {
      const own = LIES.filter((lie) => lie.about === about)
      const [first] = own
      if (first === undefined) throw new Error(`no lie is about ${about}`)
      const { walk: outcome } = await lied(first, "hidden")
      const seen = verdicts(outcome)
      expect(
        own.map(({ breaks }) => seen[breaks]),
        told(outcome),
      ).toEqual(own.map(() => "not seen"))
    },
    PATIENCE_MS,
  )
})
