/** What the fuzz of answers plays on EC2: all that the table knows, in every place, as the double then really answers it. */
import { afterEach, expect, test } from "vitest"
import { ESSENTIAL } from "../../../providers/aws/client/actions.js"
import { CODES, rowOf } from "../../../providers/aws/client/codes.js"
import { bareCalls } from "../../../src/calls/send.js"
import { MusterError } from "../../../src/errors.js"
import { awsAnswers } from "../../fuzz/answers/aws.js"
import type { AnswerCase, Stand } from "../../fuzz/answers/subject.js"
import { GROUP, NO_ROOM, OWNER, wishFor } from "../support/cloud.js"

let stand: Stand | undefined

afterEach(() => stand?.close())

const codesAt = (api: string, place: AnswerCase["place"]) =>
  awsAnswers.cases.filter((one) => one.api === api && one.place === place)

test.each([
  ["RunInstances", "whole"],
  ["CreateFleet", "whole"],
  ["CreateFleet", "pool"],
] as const)("%s (%s): a code of every row, and codes of none", (api, place) => {
  const rows = new Set(codesAt(api, place).map(({ code, message }) => rowOf(code, message)))
  const left = CODES.filter((row) => !rows.has(row)).flatMap(({ codes }) => codes)
  const ofOthers = /NextToken|PaginationToken|DryRun|DependencyViolation|InUse|OperationNotPermitted/
  expect(left.filter((code) => !ofOthers.test(code))).toEqual([])
  expect(rows.has(undefined)).toBe(true)
  for (const { code, message, isKnown } of codesAt(api, place)) {
    expect([code, rowOf(code, message) !== undefined]).toEqual([code, isKnown])
  }
})

test("every action that the adapter uses in a cluster's life", () => {
  const asked = new Set(awsAnswers.cases.map(({ api }) => api))
  // What only some lives need: leases, specs to recall, things that stayed behind, ssh that is opened later.
  const rare = [
    "CreateTags",
    "DescribeInstanceAttribute",
    "DeleteVolume",
    "DeleteNetworkInterface",
    "DeleteSecurityGroup",
    "ModifyNetworkInterfaceAttribute",
  ]
  expect(
    Object.keys(ESSENTIAL)
      .filter((api) => !asked.has(api))
      .sort(),
  ).toEqual(rare.sort())
})

/** What a launch of that market comes to: the code, the place of its words, and how many came. */
async function launched(answer: AnswerCase, market: "spot" | "on-demand"): Promise<string> {
  stand = await awsAnswers.open(1)
  const { clock, provider, instanceTypes } = stand
  const calls = bareCalls({ clock })
  stand.answer(answer, { scope: {}, fromMs: clock.now(), untilMs: Infinity, times: Infinity })
  const offers = await clock.run(provider.offers({ instanceTypes, markets: [market] }, calls))
  const group = { ...GROUP, markets: [market], instanceTypes }
  const prepared = await clock.run(provider.prepare(OWNER, group, calls))
  const [call] = provider.split(wishFor(offers, 2, { market }), prepared, NO_ROOM)
  if (call === undefined) throw new Error("no launch call")
  try {
    const { instances, failures } = await clock.run(provider.launch(call, calls))
    await clock.run(clock.sleep(30_000))
    const seen = await clock.run(provider.list({ uid: OWNER.uid }, calls))
    return [...failures.map(({ code }) => code), ...seen.map(({ failure }) => failure?.code), instances.length].join(
      " ",
    )
  } catch (error) {
    return error instanceof MusterError ? error.code : String(error)
  }
}

test.each([
  ["RunInstances", "whole", "NobodyHasSeenThis", "on-demand", "NobodyHasSeenThis"],
  ["CreateFleet", "whole", "InternalError", "spot", "InternalError"],
  ["CreateFleet", "pool", "InternalError", "spot", "InternalError InternalError 0"],
  [
    "RunInstances",
    "failed-view",
    "Client.NobodyHasSeenThis",
    "on-demand",
    "Client.NobodyHasSeenThis Client.NobodyHasSeenThis 2",
  ],
] as const)("%s (%s): %s", async (api, place, code, market, comes) => {
  const answer = codesAt(api, place).find((one) => one.code === code)
  if (answer === undefined) throw new Error("no such case")
  expect(await launched(answer, market)).toBe(comes)
})
