/** Build: the report of a walk, with stand-ins for all that is not known to be harmless. */
import { hostname, userInfo } from "node:os"
import { isoText } from "../../calls/clock.js"
import type { Exchange, JsonObject, Offer, WalkWorker } from "../../provider.js"
import type { WalkOutcome } from "../live/outcome.js"
import type { DoctorReport } from "../report.js"
import { FORMAT, type WalkReport, type GivenGroup, type ToldMachine, VERSION, type Versions } from "./format.js"
import { packed } from "./packing.js"
import { Redactor } from "./redact/redact.js"
import { shortened } from "./shorten.js"

export interface ReportInput {
  readonly outcome: WalkOutcome
  readonly versions: Versions
  /** What was looked at before; left out: nothing was. */
  readonly examined?: DoctorReport
  /** More names that nobody is told of: what a spec says. */
  readonly names?: readonly string[]
}

export function reportOf({ outcome, versions, examined, names = [] }: ReportInput): WalkReport {
  const { owner } = outcome
  const redactor = new Redactor({ at: outcome.at, own: ownOf(outcome) })
  const exchanges = outcome.exchanges.map((exchange) => short(exchange, outcome))
  redactor.learn(owner.cluster, owner.owner, ...machineNames(), ...names)
  redactor.learnFrom(exchanges)
  const tell = (text: string) => redactor.sentence(text)
  const { estimate, spent } = outcome.usd
  return {
    ...{ format: FORMAT, version: VERSION, provider: outcome.provider, region: tell(outcome.region) },
    ...{ at: isoText(outcome.at), seconds: Math.round(outcome.ms / 1000) },
    ...{ instanceType: tell(outcome.instanceType), markets: outcome.markets },
    offers: outcome.offers.map((offer) => ({ ...(redactor.value(offer) as Offer), ...pricesOf(offer) })),
    given: {
      options: redactor.fields(optionsOf(outcome)) as JsonObject,
      group: redactor.fields(groupOf(outcome)) as GivenGroup,
      everyMs: outcome.everyMs,
    },
    owner: { cluster: redactor.name(owner.cluster), uid: owner.uid, owner: redactor.name(owner.owner) },
    usd: { estimate: rounded(estimate), spent: rounded(spent) },
    versions,
    assumptions: outcome.assumptions.map(({ observations, ...assumption }) => ({
      ...assumption,
      seen: observations.map(({ held, words, at, exchanges: shown }) => ({
        held,
        words: tell(words),
        at,
        exchanges: shown,
      })),
    })),
    machines: outcome.workers.map((worker) => machineOf(worker, tell)),
    problems: outcome.problems.map(tell),
    notes: outcome.notes.map(tell),
    left: outcome.left.map(tell),
    lines: (examined?.lines ?? []).map((line) => redactor.value(line) as DoctorReport["lines"][number]),
    ...packed(exchanges.map((exchange) => redactor.exchange(exchange))),
  }
}

/** Where the cloud was asked is in the exchanges, and who asked is nobody's business. */
const LEFT_OUT = /endpoint|credential|key|secret|token|^ca$|client/i

function optionsOf({ options }: WalkOutcome): JsonObject {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !LEFT_OUT.test(name)))
}

function groupOf({ group: { publicAddress, tags, archs, image } }: WalkOutcome): GivenGroup {
  return { publicAddress, tags, archs, ...(image === undefined ? {} : { image }) }
}

function pricesOf({ pricePerHour }: Offer): Partial<Offer> {
  return pricePerHour === undefined ? {} : { pricePerHour }
}

/** Places and types, and what was drawn at random for this walk, or made of that. */
function ownOf({ workers, exchanges, owner: { uid, cluster }, region, offers }: WalkOutcome): readonly string[] {
  const launches = exchanges.flatMap(({ request }) =>
    [...request.body.matchAll(/muster-launch"?(?:&[\w.]+=|\s*:\s*"|)([0-9a-f]{32})/g)].map(([, token = ""]) => token),
  )
  const sold = offers.flatMap(({ zone, instanceType }) => [zone, instanceType])
  // Such a name is Muster's own; one that a user has chosen is not told.
  const name = cluster === `doctor-${uid.slice(0, 6)}` ? [cluster, "doctor", uid.slice(0, 6)] : []
  return [
    ...new Set([
      "muster",
      region,
      ...sold,
      ...name,
      uid,
      uid.slice(0, 8),
      ...workers.map(({ call }) => call.token),
      ...launches,
    ]),
  ]
}

function machineNames(): readonly string[] {
  try {
    return [hostname(), userInfo().username, userInfo().homedir]
  } catch {
    return [hostname()]
  }
}

function short(exchange: Exchange, { instanceType }: WalkOutcome): Exchange {
  const { request, answer } = exchange
  const about = [instanceType]
  return {
    ...exchange,
    request: { ...request, body: shortened(request.body, about) },
    ...(answer === undefined ? {} : { answer: { ...answer, body: shortened(answer.body, about) } }),
  }
}

function machineOf(worker: WalkWorker, tell: (text: string) => string): ToldMachine {
  const { wave, number, instance, sentAt, runningAt, bootedAt, endedAt, goneAt } = worker
  const { market, zone, instanceType } = instance
  return {
    ...{ wave, number, market, zone: tell(zone), instanceType: tell(instanceType), sent: sentAt },
    ...{ running: runningAt ?? null, booted: bootedAt ?? null, ended: endedAt ?? null, gone: goneAt ?? null },
  }
}

/** To a millionth of a dollar. */
function rounded(usd: number): number {
  return Math.round(usd * 1e6) / 1e6
}
