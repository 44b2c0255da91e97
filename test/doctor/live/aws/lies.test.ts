/** EC2 with one assumption broken: it is that one which a walk refutes, and no other. */
import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { ASSUMPTIONS } from "../../../../providers/aws/live/assumptions.js"
import { LIES } from "../../../../providers/aws/wire/lies/index.js"
import { LIE_MODES } from "../../../../src/simulator/requests/lies.js"
import { isLong } from "../../../support/long.js"
import { awsWalk, guestLies } from "./cloud.js"
import { expectAll, expectNothingLeft, told, verdicts } from "../support.js"

test("each assumption has one switch, and each switch its assumption", () => {
  const switches = [...Object.keys(LIES), ...guestLies(() => 0).map(({ breaks }) => breaks)]
  expect(switches.sort()).toEqual(ASSUMPTIONS.map(({ id }) => id).sort())
})

const FEW: readonly string[] = ["aws.guest-metadata always", "aws.dry-run once"]
const ROWS = ASSUMPTIONS.flatMap(({ id }) => LIE_MODES.map((mode) => ({ breaks: id, mode })))
const isPlayed = ({ breaks, mode }: (typeof ROWS)[number]) => isLong || FEW.includes(`${breaks} ${mode}`)

describe("broken", () => {
  const rows = ROWS.filter(isPlayed).filter(({ mode }) => mode !== "hidden")
  test.each(rows)("$breaks $mode is refuted, and all else is confirmed", async (row) => {
    const { outcome, cloud } = await awsWalk(row)
    expectAll(outcome, { [row.breaks]: "refuted" })
    expect(outcome.left).toEqual([])
    expectNothingLeft(cloud.world)
  })
})

describe.runIf(isLong)("hidden behind a failure", () => {
  const ofGuests = new Set(guestLies(() => 0).map(({ breaks }) => breaks))
  const rows = ROWS.filter(({ breaks, mode }) => mode === "hidden" && !ofGuests.has(breaks))
  test.each(rows)("$breaks is not seen, and nothing is refuted", async (row) => {
    const { outcome, cloud } = await awsWalk(row)
    expect(verdicts(outcome)[row.breaks], told(outcome)).toBe("not seen")
    expect(
      Object.entries(verdicts(outcome)).filter(([, verdict]) => verdict === "refuted"),
      told(outcome),
    ).toEqual([])
    expectNothingLeft(cloud.world)
  })
})

test.runIf(isLong)(
  "guests that never end their machines have them ended, and nothing is said of how guests do",
  async () => {
    const guest = { breaks: "aws.guest-deadline", staysOn: () => true }
    const { outcome, cloud } = await awsWalk({ breaks: guest.breaks, mode: "always" }, { guest })
    expectAll(outcome, { "aws.guest-deadline": "refuted", "aws.reason-by-guest": "not seen" })
    expect(outcome.left).toEqual([])
    expectNothingLeft(cloud.world)
  },
)

const NOTHING = createHash("sha256").digest("hex")

test("guests to whom nothing answers have seen nothing", async () => {
  const silent = [`doctor user-data ${NOTHING}`, "doctor metadata -", "doctor tags -", "doctor notice 000"]
  const guest = { breaks: "aws.guest-metadata", tell: () => silent }
  const { outcome } = await awsWalk({ breaks: guest.breaks, mode: "always" }, { guest })
  const unseen = ["user-data", "metadata", "tags", "notice"].map((name) => [`aws.guest-${name}`, "not seen"])
  expectAll(outcome, Object.fromEntries(unseen))
})
