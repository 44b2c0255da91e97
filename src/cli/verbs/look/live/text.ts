/** Text: the plan of a live walk and what came of it, as people read them. Pure. */
import type { LivePlan, LiveReport, WalkOutcome } from "../../../../doctor.js"
import { spanText } from "../../../../text.js"
import { table } from "../../../table.js"

function usd(amount: number): string {
  return amount === 0 ? "nothing" : `${amount.toFixed(4)} USD`
}

/** " 2:05": minutes and seconds since the beginning. */
export function timeText(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, "0")}`
}

const ITSELF = "each machine ends by itself after 10 minutes at the latest"
const ONLY_HERE = "no machine can end itself here, so that only this process does, or a sweep"

/** @param sweep the command line that ends and removes everything. */
export function planText(plan: LivePlan, sweep: string): string {
  const { machines, atOnce, minutes, instanceType, markets, tags, unknownRights, usdPerHour, priceSource } = plan
  const source = priceSource === undefined ? "" : ` (${priceSource})`
  const doubt = `it cannot be known whether this principal may end machines (${unknownRights.join(", ")}): the first one is ended before others are made, and ends by itself after 5 minutes`
  const rows = [
    ["place", `${plan.provider} ${plan.region}`],
    [
      "makes",
      `${machines} × ${instanceType} (${markets.join(", ")}), ${atOnce} at once at most, ${minutes} minutes at most`,
    ],
    [
      "cluster",
      `${plan.cluster}: ${Object.entries(tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(", ")}`,
    ],
    [
      "price",
      `about ${usd(plan.usd.likely)}, at most ${usd(plan.usd.most)} of ${usd(plan.usd.budget)} allowed; ${usd(usdPerHour)} an hour each${source}`,
    ],
    ["tries", `${plan.assumptions} assumptions`],
    ["ends", `all of it, at the end and on Ctrl-C; ${plan.outlivesDeadline === true ? ONLY_HERE : ITSELF}`],
    ["if not", sweep],
    ...(unknownRights.length === 0 ? [] : [["rights", doubt]]),
  ]
  return rows.map(([head = "", text = ""]) => `${head.padEnd(8)} ${text}\n`).join("")
}

/** A line of each assumption; below one that does not hold, what was seen. */
export function walkText({ assumptions }: WalkOutcome, columns: number | undefined): string {
  const rows = assumptions.flatMap(({ id, says, verdict, observations }) => [
    [verdict.toUpperCase(), id, says],
    ...observations.filter(({ held }) => !held).map(({ words }) => ["", "", `-> ${words}`]),
  ])
  return table(["VERDICT", "ASSUMPTION", "IN WORDS"], rows, columns)
}

/** What the table does not have. */
export function restText({ notes, problems, left, ...walk }: WalkOutcome): string {
  const lines = [
    ...notes.map((words) => `note: ${words}`),
    ...problems.map((words) => `not carried out: ${words}`),
    ...left.map((words) => `LEFT: ${words}`),
  ]
  const count = (verdict: string) => walk.assumptions.filter((one) => one.verdict === verdict).length
  const verdicts = ["confirmed", "refuted", "not seen"].map((verdict) => `${count(verdict)} ${verdict}`).join(", ")
  const end = left.length === 0 ? "nothing is left" : `${left.length} things are left`
  const spent = `up to ${usd(walk.usd.spent)} spent (${usd(walk.usd.estimate)} were thought)`
  return `${[...lines, `${verdicts}; ${walk.workers.length} machines, ${spanText(walk.ms)}, ${spent}; ${end}`].join("\n")}\n`
}

/** For programs: what was seen, without the exchanges, which are thousands of lines and name what nobody else should read. */
export function plainReport({ walk, ...report }: LiveReport): object {
  if (walk === undefined) return report
  const { exchanges, ...rest } = walk
  return { ...report, walk: { ...rest, exchanges: exchanges.length } }
}
