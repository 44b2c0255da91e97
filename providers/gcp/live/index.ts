/** The live walk of Compute Engine: what its machines run, and what is tried while they live. */
import { launchTags } from "../../../src/fleet/tags.js"
import { judgeConsistency, judgeDeadlines, judgeStates, judgeTags, sightsOf } from "../../../src/live/judges.js"
import type { Offer, Prepared, Provider, Walk, WalkStage, WalkWorker } from "../../../src/provider.js"
import { ASSUMPTIONS } from "./assumptions.js"
import { booted } from "./probes/booted.js"
import { ended, gone, judgeDeletions } from "./probes/ending.js"
import { free } from "./probes/free.js"
import { launched } from "./probes/launched.js"
import { judgeWaits } from "./probes/operations.js"
import type { Probing } from "./probes/probing.js"
import { answerIn, fieldsOf, listAt } from "./reading.js"
import { STARTUP } from "./startup.js"

/** As long as a guest that shuts down in its own time may take, and the pause between two lists. */
const DEADLINE_SLACK_MS = 100_000

/** @param probing the adapter whose exchanges are told to the walk's tap. */
export function walkOf({ provider: plain, send }: Probing): Walk {
  const provider: Provider = {
    ...plain,
    prepare: async (owner, group, calls) => withGuestAttributes(await plain.prepare(owner, group, calls)),
  }
  const probing = { provider, send }
  return {
    assumptions: ASSUMPTIONS,
    provider,
    startup: STARTUP,
    endsBy: ["compute.instances.delete"],
    besides: besidesOf,
    // The one whose name is free of a launch that is to be filled in part.
    extras: { brief: 1 },
    times: { likelyS: LIKELY_S },
    free: (stage) => free(probing, stage),
    launched: (stage, workers) => launched(probing, stage, workers),
    booted: (stage, worker) => booted(probing, stage, worker),
    ended: (stage, worker) => ended(probing, stage, worker),
    gone: (stage, worker) => gone(probing, stage, worker),
    judge: async (stage) => judge(stage, provider.limits.consistencyMs),
  }
}

/** Paid from RUNNING on. Those that are deleted while they are made do not come so far. */
const LIKELY_S = { brief: 0, batch: 80, timed: 215 } as const

const GUEST_ATTRIBUTES = "enable-guest-attributes"

/** As for workers with `access`: the guest agent then writes the host keys where they can be read. */
function withGuestAttributes({ body, ...prepared }: Prepared): Prepared {
  const others = listAt(body, "metadata").filter(({ key }) => key !== GUEST_ATTRIBUTES)
  const metadata = [...others, { key: GUEST_ATTRIBUTES, value: "TRUE" }]
  return { ...prepared, body: { ...body, metadata: JSON.parse(JSON.stringify(metadata)) } }
}

/** "Disk and image pricing": 10 GB of pd-balanced at 0.10 USD a month each. "External IP address pricing": by the market. */
const DISK_USD = 1 / 730
const ADDRESS_USD = { "on-demand": 0.005, spot: 0.0025 } as const

function besidesOf({ market }: Offer): number {
  return DISK_USD + ADDRESS_USD[market]
}

function judge(stage: WalkStage, consistencyMs: number): void {
  judgeTags(stage, "gcp.labels-at-once", ({ owner, call }) => launchTags(owner, call.group, call.token))
  judgeStates(stage, "gcp.states-in-order")
  judgeConsistency(stage, "gcp.lists-consistent", consistencyMs)
  judgeDeadlines(stage, "gcp.deadline", DEADLINE_SLACK_MS)
  judgeDeletions(stage)
  judgeWaits(stage)
  judgeDates(stage)
  for (const worker of stage.workers) {
    judgeMarket(stage, worker)
    judgeAddress(stage, worker)
  }
}

function judgeMarket(stage: WalkStage, worker: WalkWorker): void {
  const [first] = sightsOf(stage, worker)
  const expected = worker.call.offers[0]?.market
  if (first === undefined || expected === undefined) return
  const { market } = first.instance
  stage.saw("gcp.market-shown", market === expected, `launched as ${expected}, shown as ${market}`, [], expected)
}

function judgeAddress(stage: WalkStage, worker: WalkWorker): void {
  const running = sightsOf(stage, worker).findLast(({ instance }) => instance.state === "running")
  if (running === undefined) return
  const [nic] = listAt(fieldsOf(worker.call.body.instanceProperties), "networkInterfaces")
  const isGiven = listAt(nic, "accessConfigs").length > 0
  const { publicIp } = running.instance
  const words = `${isGiven ? "one" : "none"} was asked for, ${publicIp === undefined ? "none" : "one"} is shown`
  stage.saw("gcp.address-shown", isGiven === (publicIp !== undefined), words)
}

/** RFC 9110, IMF-fixdate. */
const DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

/** Each kind of request once: a walk has hundreds. */
function judgeDates(stage: WalkStage): void {
  const answered = stage.exchanges.filter((exchange) => answerIn(exchange) !== undefined)
  for (const api of new Set(answered.map((exchange) => exchange.api))) {
    const own = answered.filter((exchange) => exchange.api === api)
    const undated = own.filter(({ answer }) => !DATE.test(answer?.headers.date ?? ""))
    const words = `${api}: ${own.length - undated.length} of ${own.length} answers are dated`
    stage.saw(
      "gcp.date-header",
      undated.length === 0,
      words,
      undated.length === 0 ? own.slice(0, 1) : undated.slice(0, 3),
    )
  }
}
