/** When a head counts as lost. */
import { expect, test } from "vitest"
import { type HeadSigns, headLoss, silentAt } from "../../../src/fleet/targets/head-loss.js"

/** It runs since second 0, and may boot for ten minutes. */
const HEAD: HeadSigns = { state: "running", ranFrom: 0, reachedAt: Number.POSITIVE_INFINITY, bootMs: 600_000 }
const S = 1000
/** It has answered, and no more; lists still show its machine. */
const SILENT = { answeredAt: 700 * S, silentFrom: 701 * S, seenAt: 1600 * S }

type Row = readonly [what: string, signs: Partial<HeadSigns>, nowS: number, why: string | undefined]

const ROWS: readonly Row[] = [
  ["its machine does not run yet", { state: "pending" }, 900, undefined],
  ["it boots, and was not asked yet", {}, 900, undefined],
  ["it boots", { silentFrom: 5 * S, seenAt: 590 * S }, 599, undefined],
  ["it has booted for too long", { silentFrom: 5 * S, seenAt: 590 * S }, 600, "silent"],
  [
    "it ran before this process, which it has not answered for 29 s",
    { silentFrom: 990 * S, seenAt: 999 * S },
    1019,
    undefined,
  ],
  [
    "it ran before this process, which it has not answered for 30 s",
    { silentFrom: 990 * S, seenAt: 999 * S },
    1020,
    "silent",
  ],
  ["it answers", { answeredAt: 700 * S }, 2000, undefined],
  ["it has been silent for 29 s", { answeredAt: 700 * S, silentFrom: 701 * S, seenAt: 710 * S }, 730, undefined],
  ["it has been silent for 30 s", { answeredAt: 700 * S, silentFrom: 701 * S, seenAt: 710 * S }, 731, "silent"],
  [
    "nothing at all could be seen since",
    { answeredAt: 700 * S, silentFrom: 701 * S, seenAt: 700 * S },
    2000,
    undefined,
  ],
  ["nobody could be reached since", { ...SILENT, reachedAt: 700 * S }, 1600, undefined],
  ["another worker could be reached since", { ...SILENT, reachedAt: 702 * S }, 731, "silent"],
  ["nobody could be reached for a quarter of an hour", { ...SILENT, reachedAt: 700 * S }, 1601, "silent"],
  ["it was rarely asked", { answeredAt: 700 * S, silentFrom: 990 * S, seenAt: 999 * S }, 1000, undefined],
  ["what it ran has ended", { end: { step: "startup", exitCode: 3, tail: "port taken" } }, 20, "ended"],
  ["a step before that has failed", { state: "pending", end: { step: "setup", exitCode: 1, tail: "" } }, 20, "ended"],
  ["its machine has stopped", { state: "failed", answeredAt: 700 * S }, 700, "gone"],
  ["its machine is on its way out", { state: "terminating" }, 700, "gone"],
  ["the cloud takes it away", { state: "interrupted" }, 700, "gone"],
]

test.each(ROWS)("%s", (_what, signs, nowS, why) => {
  expect(headLoss({ ...HEAD, ...signs }, nowS * S)?.why).toBe(why)
})

test("one that never ran is not lost: another one is launched as for any worker", () => {
  expect(headLoss({ state: "terminated", reachedAt: 0, bootMs: 600_000 }, 700 * S)).toBeUndefined()
})

test("its words say what was seen last, and the last lines where there are some", () => {
  const silent = { ...HEAD, answeredAt: 0, silentFrom: 0, seenAt: 1, silence: "connection refused" }
  expect(headLoss(silent, 42 * S)).toEqual({
    why: "silent",
    message: "its machine runs, and it has not answered for 42 s: connection refused",
  })
  const end = { step: "startup", exitCode: 3, tail: "port taken" }
  expect(headLoss({ ...HEAD, end }, 0)).toEqual({
    why: "ended",
    message: "startup has ended with exit code 3",
    tail: "port taken",
  })
  expect(silentAt(HEAD)).toBe(Number.POSITIVE_INFINITY)
})
