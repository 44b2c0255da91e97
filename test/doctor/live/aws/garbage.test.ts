/** EC2 that answers anything: pages of proxies, half answers, other types than expected, nothing for an hour. Each walk has an outcome. */
import { expect, test } from "vitest"
import { seededRandom } from "../../../../src/calls/clock.js"
import type { Ec2WireOptions } from "../../../../providers/aws/wire/index.js"
import type { HttpReply } from "../../../../src/simulator/requests/http-server.js"
import { lying } from "../../../../src/simulator/requests/lies.js"
import { WorldError } from "../../../../src/simulator/requests/world-error.js"
import { isLong } from "../../../support/long.js"
import { awsWalk } from "./cloud.js"
import { expectNothingLeft } from "../support.js"

const SEEDS = Number(process.env.MUSTER_SEEDS ?? (isLong ? 40 : 2))

const BODIES: readonly string[] = [
  ...["", "null", "{}", "<a/>", "<Response><Errors/></Response>"],
  "<!doctype html><html><body>Sign in to the hotel's network</body></html>",
  "<x><requestId>r</requestId><reservationSet>7</reservationSet></x>",
  "<x><requestId>r</requestId><reservationSet><item/><item><instancesSet><item><instanceId/></item></instancesSet></item></reservationSet></x>",
  "<x><instancesSet>true</instancesSet><fleetId><item>1</item></fleetId></x>",
  "<x><instancesSet><item><instanceId>i-0123456789abcdef0</instanceId><currentState>x</currentState></item></instancesSet></x>",
  "<x><fleetId>fleet-1</fleetId><fleetInstanceSet><item><instanceIds>i</instanceIds></item></fleetInstanceSet></x>",
  "<x><imagesSet><item><imageId/></item></imagesSet><instanceTypeSet><item/></instanceTypeSet><volumeSet>-</volumeSet></x>",
  "<x><output>%%%</output><timestamp>never</timestamp><nextToken>again</nextToken></x>",
  "<Response><Errors><Error><Code>Odd</Code></Error></Errors></Response>",
  "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>i-0</Message></Error></Errors></Response>",
]
const STATUSES = [200, 200, 200, 204, 400, 401, 403, 404, 404, 429, 500, 503] as const

/** How often an answer is not EC2's: hardly, now and then, mostly. */
const SHARES = [0.02, 0.1, 0.3, 0.8] as const

function rimOf(seed: number): NonNullable<Ec2WireOptions["rim"]> {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const share = pick(SHARES)
  const spoilt = (reply: HttpReply): HttpReply => {
    if (random() >= share) return reply
    const luck = random()
    const { body = "" } = reply
    if (luck < 0.2) return { ...reply, body: body.slice(0, Math.floor(body.length * random())) }
    if (luck < 0.3) return { ...reply, body: body.replaceAll(/>[^<]*</g, "><") }
    return { status: pick(STATUSES), headers: { "content-type": pick(["text/xml", "text/html"]) }, body: pick(BODIES) }
  }
  return (protocol) => {
    const told = lying(
      protocol,
      { breaks: "all", about: () => true, tell: spoilt },
      { mode: "always", failure: { status: 500, headers: {} } },
    )
    return {
      ...told,
      begin: (request) => {
        const exchange = told.begin(request)
        // Not done at all, done without an answer, done and answered by anything.
        if (random() < share / 8) return { ...exchange, answer: () => Promise.resolve(spoilt(pick(PAGES))) }
        if (random() >= share / 8) return exchange
        const lost = new WorldError("lost", { code: "ReplyLost", message: "the answer was lost" })
        const answer = async (signal: AbortSignal) => exchange.answer(signal).then(() => Promise.reject(lost))
        return { ...exchange, answer }
      },
    }
  }
}

const PAGES: readonly HttpReply[] = BODIES.map((body) => ({
  status: 404,
  headers: { "content-type": "text/html" },
  body,
}))

test(`whatever EC2 answers, a walk has an outcome, and nothing lives when its guests' deadlines are over (${SEEDS} seeds)`, async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { outcome, cloud } = await awsWalk(undefined, { wire: { rim: rimOf(seed) }, hangs: seed })
    expect(outcome.assumptions.length, `seed ${seed}`).toBeGreaterThan(30)
    for (const words of [...outcome.problems, ...outcome.left]) expect(typeof words, `seed ${seed}`).toBe("string")
    expectNothingLeft(cloud.world, `seed ${seed}`)
    await cloud.wire.close()
  }
}, 600_000)
