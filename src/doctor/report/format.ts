/** Format: what a report of a live walk is, as it stands in its file. Types and names. */
import type { Verdict } from "../../live/verdicts.js"
import type { Assumption, GroupRequest, JsonObject, Market, Offer, Wave } from "../../provider.js"
import type { DoctorLine } from "../report.js"
import type { LikeText } from "./likeness.js"

export const FORMAT = "muster-doctor"
export const VERSION = 1

export interface WalkReport {
  readonly format: typeof FORMAT
  readonly version: typeof VERSION
  readonly provider: string
  readonly region: string
  /** When the walk began: "2026-01-01T00:00:00.000Z". */
  readonly at: string
  readonly seconds: number
  readonly instanceType: string
  readonly markets: readonly Market[]
  /** What its machines were chosen from, the best first. */
  readonly offers: readonly Offer[]
  /** What the provider and the machines were given, but for secrets. */
  readonly given: {
    readonly options: JsonObject
    readonly group: GivenGroup
    /** How far lists were apart, in milliseconds. */
    readonly everyMs: number
  }
  /** Who had the machines: Muster's own number, and stand-ins. */
  readonly owner: { readonly cluster: string; readonly uid: string; readonly owner: string }
  readonly usd: { readonly estimate: number; readonly spent: number }
  readonly versions: Versions
  readonly assumptions: readonly ToldAssumption[]
  readonly machines: readonly ToldMachine[]
  readonly problems: readonly string[]
  readonly notes: readonly string[]
  readonly left: readonly string[]
  /** What was looked at before anything was made. */
  readonly lines: readonly DoctorLine[]
  /** Requests, answers and their bodies, each once; others name them by their places. */
  readonly requests: readonly ToldRequest[]
  readonly answers: readonly ToldAnswer[]
  /** Places in `texts`, which make it up. */
  readonly bodies: readonly (readonly number[])[]
  /** Each as it is, or as what differs from an earlier one. */
  readonly texts: readonly LikeText[]
  readonly exchanges: readonly ToldExchange[]
}

export type GivenGroup = Pick<GroupRequest, "publicAddress" | "tags" | "archs" | "image">

export interface Versions {
  readonly muster: string
  readonly node: string
  /** "linux x64" */
  readonly system: string
  /** Of the cloud's packages. */
  readonly packages: Readonly<Record<string, string>>
}

export interface ToldAssumption extends Assumption {
  readonly verdict: Verdict
  readonly seen: readonly {
    readonly held: boolean
    readonly words: string
    /** In milliseconds since the walk began. */
    readonly at: number
    /** Places of exchanges. */
    readonly exchanges: readonly number[]
  }[]
}

/** Moments in milliseconds since the walk began; null: it did not come to that. */
export interface ToldMachine {
  readonly wave: Wave
  readonly number: number
  readonly market: Market
  readonly zone: string
  readonly instanceType: string
  readonly sent: number
  readonly running: number | null
  /** Its guest's startup has ended, by then. */
  readonly booted: number | null
  readonly ended: number | null
  readonly gone: number | null
}

export interface ToldRequest {
  readonly api: string
  readonly method: string
  /** A place in `texts`. */
  readonly url: number
  /** A place in `texts`: "name: value", a line each. */
  readonly headers: number
  /** A place in `bodies`; left out: there is none. */
  readonly body?: number
}

export interface ToldAnswer {
  readonly status: number
  readonly headers: number
  readonly body?: number
}

/** In milliseconds since the walk began, and for how long. */
export interface ToldExchange {
  readonly at: number
  readonly ms: number
  /** A place in `requests`. */
  readonly request: number
  /** A place in `answers`; left out: none came. */
  readonly answer?: number
}

/** "muster-doctor-aws-us-east-1-20260101T000000Z.json" */
export function fileNameOf({ provider, region, at }: Pick<WalkReport, "provider" | "region" | "at">): string {
  const moment = `${at.slice(0, 19).replace(/[-:]/g, "")}Z`
  const place = `${provider}-${region}`.toLowerCase().replace(/[^a-z\d-]+/g, "-")
  return `muster-doctor-${place}-${moment}.json`
}
