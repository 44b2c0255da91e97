/** An explanation as a page of text. Pure. */
import type { Scope } from "../../provider.js"
import { dollars } from "../../money/budget.js"
import { plain, spanText, untilText } from "../../text.js"
import type { Barred, Explanation, GroupExplanation, Waiting } from "./explanation.js"

/** Failures on the page; the others are in the explanation. */
const MOST_FAILURES = 5

/** An explanation that `String` turns into a page of text. */
export function inWords(explanation: Omit<Explanation, "toString">): Explanation {
  return Object.defineProperty(explanation, "toString", { value: () => explanationText(explanation) })
}

function explanationText({ cluster, at, groups, opening, ended, unavailable }: Omit<Explanation, "toString">): string {
  if (groups.length === 0 && ended !== undefined) return plain(ended.message)
  if (opening !== undefined)
    return plain(`"${cluster}": it is not known yet what lives under this name; the last answer: ${opening}`)
  if (groups.length === 0) return `"${cluster}": no cloud was asked anything yet`
  return [
    ended === undefined ? `"${cluster}"` : ended.message,
    ...groups.flatMap((group) => groupLines(group, at)),
    ...section(
      "  not asked for now, because it was refused a while ago:",
      unavailable.map((one) => barredLine(one, at)),
    ),
  ]
    .map(plain)
    .join("\n")
}

function groupLines(group: GroupExplanation, now: number): string[] {
  const { desired, running, ready, pending, booked, interrupted, terminating, finished, ...more } = group
  const { shortfall, failures, outages, resting } = more
  const counts = [
    `${running} of ${desired} run`,
    ready < running ? `${ready} are ready` : "",
    pending > 0 ? `${pending} boot` : "",
    booked > 0 ? `${booked} are asked for` : "",
    interrupted > 0 ? `${interrupted} are under notice` : "",
    terminating > 0 ? `${terminating} are on their way out` : "",
    finished.succeeded > 0 ? `${finished.succeeded} have finished` : "",
    finished.failed > 0 ? `${finished.failed} have finished and failed` : "",
  ].filter((text) => text !== "")
  const reasons = shortfall.reasons.map((row) => {
    const again = row.retryAt === undefined ? "" : `; again ${untilText(row.retryAt, now)}`
    return `    ${row.count} × ${row.reason} (${codeText(row)}): ${row.message}${again}; ${row.advice}`
  })
  return [
    `  group ${group.group}: ${counts.join(", ")}`,
    ...adaptLines(group, now),
    ...failedLines(group),
    ...keptLines(group),
    ...section(`  ${shortfall.count} are missing:`, reasons),
    ...(group.slowestBoot === undefined ? [] : [`  the slowest boot is that of ${group.slowestBoot}`]),
    ...section(
      "  providers that cannot be used now:",
      outages.map((one) => barredLine(one, now)),
    ),
    ...section(
      "  resting, because boots there failed their check far more often than elsewhere:",
      resting.map((one) => barredLine(one, now)),
    ),
    ...section(
      "  waiting for:",
      group.waiting.map((one) => `    ${waitingText(one, now)}`),
    ),
    ...section(
      "  last failures:",
      failures
        .slice(0, MOST_FAILURES)
        .map((one) => `    ${one.count} × ${one.reason} (${codeText(one)}): ${one.message}`),
    ),
    `  next: ${waitingText(group.next, now)}`,
  ]
}

function adaptLines({ adapting }: GroupExplanation, now: number): readonly string[] {
  if (adapting === undefined) return []
  const { minimum, maximum, target, why, problem, problemSince = now } = adapting
  const unknown =
    problem === undefined ? [] : [`    its demand is not known for ${spanText(now - problemSince)}: ${problem}`]
  return [`  follows its demand, ${minimum} to ${maximum} workers: ${target}, because: ${why}`, ...unknown]
}

/** A demand has nobody who would scale: what has stopped is tried anew after a while. */
function keptLines({ kept, stopped, adapting }: GroupExplanation): readonly string[] {
  const until = adapting === undefined ? "until the next scale" : "for a while"
  return [
    ...(kept.length === 0 ? [] : [`    kept for looking at: ${kept.join(", ")}`]),
    ...(stopped === undefined ? [] : [`    stopped ${until}: ${stopped}`]),
  ]
}

/** How often what workers run has failed, how, and what that has cost. */
function failedLines({ failedStartups }: GroupExplanation): readonly string[] {
  if (failedStartups === undefined) return []
  const { count, step, exitCode, tail, cost } = failedStartups
  const costText = cost === undefined ? "" : `, which has cost ${dollars(cost)} (an estimate)`
  const title = `  failed on ${count} ${count === 1 ? "worker" : "workers"} since the last target${costText}; the last one: ${step} ended with exit code ${exitCode}`
  if (tail === "") return [title]
  return [`${title}, and its output with:`, ...tail.split("\n").map((line) => `    ${line}`)]
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines]
}

function barredLine(one: Barred, now: number): string {
  const until = one.until === undefined ? "until the next scale" : `again ${untilText(one.until, now)}`
  return `    ${scopeText(one.scope)}: ${one.reason} (${codeText(one)}), ${until}: ${one.message}`
}

function codeText({ code, requestId }: { readonly code: string; readonly requestId?: string }): string {
  return requestId === undefined ? code : `${code}, request ${requestId}`
}

function scopeText(scope: Scope): string {
  const { provider, region, zone, family, instanceType, market } = scope
  const parts = [provider, zone ?? region, family, instanceType, market].filter((part) => part !== undefined)
  return parts.length === 0 ? "everything" : parts.join(" ")
}

function waitingText({ what, until }: Waiting, now: number): string {
  return until === undefined ? what : `${what}, ${untilText(until, now)}`
}
