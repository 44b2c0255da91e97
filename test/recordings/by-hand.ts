/** By hand: the walk of a recording over a server that plays it in another process, in real time. */
import { type Clock, systemClock } from "../../src/calls/clock.js"
import { readReport } from "../../src/doctor/report/files.js"
import { providerFor, walkOver } from "./play.js"
import type { Unread } from "./reading.js"

/**
 * A clock that stands at the recording's first moment until it is first asked, and goes as fast as the machine's from then on. Its
 * moments are those that the recorded answers name.
 */
export function clockFrom(at: number): Clock {
  let ahead: number | undefined
  return {
    now: () => {
      ahead ??= systemClock.now() - at
      return systemClock.now() - ahead
    },
    random: () => systemClock.random(),
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    timer: (ms, fn) => systemClock.timer(ms, fn),
    busy: (what, work) => systemClock.busy(what, work),
    serve: (ms, signal) => systemClock.serve(ms, signal),
  }
}

export interface PlayedByHand {
  /** "36 confirmed, 2 not seen" */
  readonly verdicts: string
  /** Assumptions that came to another verdict than the recorded one: "aws.tags: confirmed, recorded: refuted". */
  readonly others: readonly string[]
  /** Answers that the adapter could not read. */
  readonly unread: readonly string[]
  readonly problems: readonly string[]
  readonly left: readonly string[]
}

/**
 * @param url where `npm run wire -- CLOUD --replay FILE` serves it. @param file the same recording: from it are taken the cluster, its
 * number, the offers and the moment of the walk. @param say hears what is under way.
 * @throws SpecError for a file that is no recording.
 */
export async function playByHand(url: string, file: string, say: (line: string) => void): Promise<PlayedByHand> {
  const report = await readReport(file, "the recording")
  const unread: Unread[] = []
  const site = { clock: clockFrom(Date.parse(report.at)), plain: providerFor(report, { url }), say, unread }
  const { assumptions, problems, left } = await walkOver(report, site)
  const recorded = new Map(report.assumptions.map(({ id, verdict }) => [id, verdict]))
  const known = assumptions.filter(({ id }) => recorded.has(id))
  const counts = (["confirmed", "refuted", "not seen"] as const).map(
    (one) => [known.filter(({ verdict }) => verdict === one).length, one] as const,
  )
  return {
    verdicts: counts.flatMap(([count, one]) => (count === 0 ? [] : [`${count} ${one}`])).join(", "),
    others: known.flatMap(({ id, verdict }) =>
      verdict === recorded.get(id) ? [] : [`${id}: ${verdict}, recorded: ${recorded.get(id)}`],
    ),
    unread: unread.map(({ api, message }) => `${api}: ${message}`),
    ...{ problems, left },
  }
}
