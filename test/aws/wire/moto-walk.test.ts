/** The live walk on moto, where no guest boots: what is not as on EC2 is told, and all that a walk made there is ended. */
import { createRequire } from "node:module"
import type * as Ec2 from "@aws-sdk/client-ec2"
import { afterAll, expect, test } from "vitest"
import { aws } from "../../../providers/aws/index.js"
import { VirtualClock } from "../../../src/calls/clock.js"
import type { WalkOutcome } from "../../../src/doctor/live/outcome.js"
import { told, verdicts, walked } from "../../doctor/live/support.js"
import { isLong, LONG } from "../../support/long.js"
import { startMoto } from "../support/moto.js"

const { EC2 } = createRequire(import.meta.url)("@aws-sdk/client-ec2") as typeof Ec2

const moto = isLong ? await startMoto() : { absent: LONG }
const absent = "absent" in moto ? moto.absent : undefined
const endpoint = "url" in moto ? moto.url : ""

afterAll(() => {
  if ("stop" in moto) moto.stop()
})

/** What moto does otherwise than EC2, as its own answers show. */
const REFUTED = [
  "aws.run-replay",
  "aws.run-replay-ended",
  "aws.token-mismatch",
  "aws.min-count",
  "aws.fleet-replay",
  "aws.fleet-described",
  "aws.spot-request-ends",
  "aws.guest-deadline",
  "aws.refusal-image",
  "aws.refusal-type",
  "aws.pages",
]

/** By the launches and ends that were answered. */
function mostAlive({ exchanges }: WalkOutcome): number {
  const [made, alive] = [new Set<string>(), new Set<string>()]
  let most = 0
  for (const { api, request, answer } of exchanges) {
    if (answer?.status !== 200) continue
    if (/^(RunInstances|CreateFleet)$/.test(api)) {
      for (const id of idsIn(answer.body)) if (!made.has(id)) alive.add(id)
      for (const id of alive) made.add(id)
    }
    if (api === "TerminateInstances") for (const id of idsIn(request.body)) alive.delete(id)
    most = Math.max(most, alive.size)
  }
  return most
}

const idsIn = (text: string) => text.match(/\bi-[0-9a-f]{17}\b/g) ?? []

test.skipIf(absent !== undefined)(
  `a live walk on moto${absent === undefined ? "" : ` (${absent})`}`,
  async () => {
    const settings = { region: "eu-west-2", credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" } }
    const clock = new VirtualClock({ seed: 1 })
    const provider = aws({ ...settings, endpoint, prices: { "t3.micro": 0.012 } })
    const run = <T>(promise: Promise<T>) => clock.run(promise)
    const outcome = await walked({ provider, clock, run }, { instanceType: "t3.micro" })
    const refuted = Object.entries(verdicts(outcome)).flatMap(([id, verdict]) => (verdict === "refuted" ? [id] : []))
    expect(refuted, told(outcome)).toEqual(REFUTED)
    expect(Object.values(verdicts(outcome))).toContain("confirmed")
    expect(outcome.left).toEqual([])
    expect(mostAlive(outcome)).toBe(3)
    const ec2 = new EC2({ ...settings, endpoint, maxAttempts: 1 })
    const { Reservations = [] } = await ec2.describeInstances({})
    const states = Reservations.flatMap(({ Instances = [] }) => Instances.map(({ State }) => State?.Name))
    expect(states.length).toBeGreaterThan(9)
    expect(new Set(states)).toEqual(new Set(["terminated"]))
    expect((await ec2.describeLaunchTemplates({})).LaunchTemplates).toEqual([])
    ec2.destroy()
  },
  1_200_000,
)
