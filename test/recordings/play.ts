/** Play: the walk of a recording once more, by the real adapter over the recording. */
import { aws } from "../../providers/aws/index.js"
import { azure } from "../../providers/azure/index.js"
import { gcp } from "../../providers/gcp/index.js"
import { type Clock, VirtualClock } from "../../src/calls/clock.js"
import type { WalkOutcome } from "../../src/doctor/live/outcome.js"
import type { WalkSite } from "../../src/doctor/live/site.js"
import { runWalk } from "../../src/doctor/live/walk.js"
import { Witness } from "../../src/doctor/live/witness.js"
import type { WalkReport } from "../../src/doctor/report/format.js"
import type { Exchange, JsonObject, Provider } from "../../src/provider.js"
import { pacedBy } from "../doctor/live/paced.js"
import { type Unread, listening } from "./reading.js"
import { type Replay, replay } from "./replay.js"

export interface Played {
  readonly outcome: WalkOutcome
  /** Requests of which the recording has none like them. */
  readonly unknown: readonly string[]
  readonly unplayed: readonly Exchange[]
  readonly unread: readonly Unread[]
}

export async function played(report: WalkReport): Promise<Played> {
  const clock = new VirtualClock({ start: Date.parse(report.at) })
  const unread: Unread[] = []
  const server = await replay(report, clock)
  try {
    const site = { clock, plain: providerFor(report, server), say: () => {}, unread }
    const outcome = await clock.run(walkOver(report, site))
    return { outcome, unknown: server.unknown, unplayed: server.unplayed(), unread }
  } finally {
    await server.close()
  }
}

export interface PlayingSite {
  readonly clock: Clock
  /** The adapter over the recording. */
  readonly plain: Provider
  /** Hears what is under way. */
  readonly say: (line: string) => void
  /** Takes what the adapter cannot read. */
  readonly unread: Unread[]
}

/** The offers are the recording's: it has only a few lines of a catalogue, and another choice would be another walk. */
export async function walkOver(report: WalkReport, { clock, plain, say, unread }: PlayingSite): Promise<WalkOutcome> {
  const { offers, owner, given } = report
  const witness = listening(new Witness(clock), unread)
  const walk = await clock.busy("loading the walk", plain.walk?.(witness.tap) ?? Promise.reject(new Error("no walk")))
  const site: WalkSite = {
    ...{
      walk,
      provider: pacedBy(walk.provider, given.everyMs),
      witness,
      clock,
      offers,
      signal: new AbortController().signal,
    },
    owner: { ...owner, generation: 1, claim: owner.uid },
    group: { name: "doctor", environment: {}, ...given.group },
    ...{ budgetUsd: 1, mostMs: 15 * 60_000, say },
  }
  return runWalk(site)
}

/**
 * The options of the walk, with stand-ins where they were private, and the recording in the place of the cloud. Without `ca` the
 * process trusts it already.
 */
export function providerFor(
  { provider, region, given }: WalkReport,
  { url, ca }: Pick<Replay, "url"> & Partial<Pick<Replay, "ca">>,
): Provider {
  const options = given.options as JsonObject & { readonly region: string }
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "replayed" }
  switch (provider) {
    case "aws":
      return aws({ ...options, region, endpoint: url, credentials })
    case "gcp":
      return gcp({ ...options, region, project: String(options.project ?? "replayed"), apiEndpoint: url })
    case "azure": {
      const subscriptionId = String(options.subscriptionId ?? "11111111-2222-3333-4444-555555555555")
      return azure({
        ...options,
        subscriptionId,
        location: region,
        endpoint: url,
        pricesEndpoint: url,
        credential: CREDENTIAL,
        ...(ca === undefined ? {} : { ca }),
      })
    }
    default:
      throw new Error(`a recording of "${provider}" cannot be played: it is asked over HTTP by no adapter`)
  }
}

const CREDENTIAL = {
  getToken: () => Promise.resolve({ token: "token", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
}
