/** Judge: what is wrong with the lives of a trial's instances, in true time. */
import { TAG } from "../../../src/fleet/tags.js"
import type { WorldInstance } from "../../../src/simulator/index.js"
import { oursIn, type Stage } from "./play.js"

export interface Judged {
  readonly problems: readonly string[]
  /** How many seconds before the cluster's end its first instance went; 0: none did. */
  readonly earlySeconds: number
  /** How many seconds after the cluster's end its last instance went. */
  readonly lateSeconds: number
  /** How many seconds the worst deadline in a tag is off. */
  readonly tagSeconds: number
}

/** A tag is left as it is while it is less off, and a deadline has whole seconds. */
const TOLERATED_SECONDS = 62
/** An owner at rest looks so seldom, and a request takes its time. */
const SLACK_SECONDS = 45
/** A launch call is as it was when it was split, however long it waits or is sent again. */
const ON_ITS_WAY_MS = 3 * 60_000

export function judge(stage: Stage): Judged {
  const { trial, begun } = stage
  const ours = oursIn(stage)
  const endsAt = begun + trial.lifetimeMs
  const ends = ours.map((one) => goneAt(one, stage))
  const earlySeconds = Math.max(0, ...ends.map((at) => (endsAt - at) / 1000))
  const lateSeconds = Math.max(0, ...ends.map((at) => (at - endsAt) / 1000))
  const tagSeconds = Math.max(0, ...ours.map((one) => tagOff(stage, one)))
  const isEarly = earlySeconds > TOLERATED_SECONDS
  const isLate = lateSeconds > TOLERATED_SECONDS + SLACK_SECONDS
  const missing = ours.length === stage.target ? [] : [`${ours.length} instances were made for ${stage.target}`]
  return {
    earlySeconds: isEarly ? earlySeconds : 0,
    lateSeconds,
    tagSeconds,
    problems: [
      ...stage.problems,
      ...missing,
      ...(isEarly ? [`an instance ended ${Math.round(earlySeconds)} s early`] : []),
      ...(isLate ? [`an instance ended ${Math.round(lateSeconds)} s late`] : []),
      ...(tagSeconds > TOLERATED_SECONDS ? [`a deadline in a tag is ${Math.round(tagSeconds)} s off`] : []),
    ],
  }
}

/** From then on it costs nothing; now, where it still runs. */
function goneAt({ leftAt }: WorldInstance, { base }: Stage): number {
  return leftAt ?? base.now()
}

/** Against the cloud's time where that is told, else against what the machine's clock showed while it was launched. */
function tagOff({ trial, begun, machine: { history } }: Stage, { tags, createdAt }: WorldInstance): number {
  const ms = Number(tags[TAG.deadline]) * 1000 - (begun + trial.lifetimeMs)
  if (trial.tellsTime) return Math.abs(ms) / 1000
  const shown = history.filter(({ from }, index) => {
    const until = history[index + 1]?.from ?? Number.POSITIVE_INFINITY
    return from <= createdAt && until >= createdAt - ON_ITS_WAY_MS
  })
  return Math.min(...shown.map(({ aheadMs }) => Math.abs(ms - aheadMs))) / 1000
}
