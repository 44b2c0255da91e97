/** The sentences that terminal and plain lines share. Pure. */
import type { HeadState } from "../events.js"
import { spanText, untilText } from "../text.js"
import { type TroubleKind, TROUBLE_KINDS } from "./model/kinds.js"
import type { ProgressView, Trouble } from "./model/types.js"
import { short, shown } from "./words.js"

export const HEAD_TEXT: Readonly<Record<HeadState, string>> = {
  absent: "no head",
  requested: "head requested",
  pending: "head booting",
  running: "head not ready",
  ready: "and the head",
}

/** "712 running", and so on: what there is of what is asked for, the parts that are none left out but the first. */
export function countItems(view: ProgressView): readonly string[] {
  const { desired, running, ready, booting, requested, missing, surplus, finished, interrupted, ending } = view
  const parts: readonly (readonly [number, string])[] = [
    [booting, "booting"],
    [requested, "requested"],
    [missing, "missing"],
    [surplus, "too many"],
    [finished.succeeded, "finished"],
    [finished.failed, "finished and failed"],
    [interrupted, "interrupted"],
    [ending, "ending"],
  ]
  return [
    desired === 0 ? `${running} running` : `${running} of ${desired} running`,
    ...(ready < running ? [`${ready} ready`] : []),
    ...parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`),
    ...(view.head === undefined ? [] : [HEAD_TEXT[view.head]]),
  ]
}

/** "412 capacity", for each kind there is. */
export function kindItems({ troubles }: Pick<ProgressView, "troubles">): readonly string[] {
  const counts = new Map<TroubleKind, number>()
  for (const { kind, count } of troubles) counts.set(kind, (counts.get(kind) ?? 0) + count)
  return TROUBLE_KINDS.flatMap((kind) => {
    const count = counts.get(kind)
    return count === undefined ? [] : [`${short(count)} ${kind}`]
  })
}

/** "412 capacity InsufficientInstanceCapacity, again in 2 min (eu-west-1a c7g.large spot): no …" */
export function troubleText(trouble: Trouble, now: number, unicode: boolean): string {
  const { kind, code, count, scope, message, nextTryAt } = trouble
  const what = code === kind ? kind : `${kind} ${code}`
  const again = nextTryAt === undefined ? "" : `, again ${untilText(nextTryAt, now)}`
  const about = scope === "" ? "" : ` (${scope})`
  const words = message === "" ? "" : `: ${message}`
  return shown(`${short(count)} ${what}${again}${about}${words}`, unicode)
}

/** "48 of 96 tiles"; nothing where the caller counts no work. */
export function workItems({ work }: Pick<ProgressView, "work">, unicode: boolean): readonly string[] {
  return work === undefined ? [] : [`${work.done} of ${work.total} ${shown(work.noun, unicode)}s`]
}

/**
 * "tasks 412/1000 done, 40 running, 1 failed, 3 lost", "12/s" and "about 50 s left"; nothing where there are no tasks. Until all were
 * read it is "412 done of 500 read".
 */
export function taskItems({ tasks }: Pick<ProgressView, "tasks">): readonly string[] {
  if (tasks === undefined) return []
  const { total, read, running, done, failed, resumed, lost, perSecond, leftMs } = tasks
  const parts: readonly (readonly [number, string])[] = [
    [running, "running"],
    [failed, "failed"],
    [lost, "lost"],
    [resumed, "resumed"],
  ]
  const counts = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  const ended = total === undefined ? `${done} done of ${read} read` : `${done}/${total} done`
  const isOver = total !== undefined && done + failed >= total
  return [
    [`tasks ${ended}`, ...counts].join(", "),
    ...(perSecond === undefined || isOver ? [] : [paceText(perSecond)]),
    ...(leftMs === undefined || isOver
      ? []
      : [leftMs < 1_000 ? "about 1 s left" : `about ${spanText(rounded(leftMs))} left`]),
  ]
}

/** "12/s", "2.3/s", "40/min", "5/h": two digits say enough of a pace. */
function paceText(perSecond: number): string {
  const [count, unit] =
    perSecond >= 1 ? [perSecond, "s"] : perSecond >= 1 / 60 ? [perSecond * 60, "min"] : [perSecond * 3600, "h"]
  return `${count < 9.95 ? Number(count.toFixed(1)) : short(Math.round(count))}/${unit}`
}

/** "$31.20/h" and "$1.87 so far": an estimate, and said to be one. A plus marks a sum that leaves instances out. */
export function moneyItems({ pricePerHour, spent, unpriced, isPartial }: ProgressView): readonly string[] {
  const left = unpriced === 0 ? [] : [`${unpriced} without a price`]
  const [hour, sum] = [`${dollars(pricePerHour, 0.01)}/h`, `${dollars(spent, 0.1)}${isPartial ? "+" : ""}`]
  return [hour, `${sum} so far (estimate)`, ...left]
}

/** Cents, and parts of them where it is less than `little`. */
function dollars(amount: number, little: number): string {
  return `$${amount.toFixed(amount > 0 && amount < little ? 4 : 2)}`
}

/** "ETA ~2 min 10 s", or "ETA > 2 min" where it may take longer; empty where there is no estimate. */
export function etaText({ eta }: Pick<ProgressView, "eta">): string {
  if (eta === undefined) return ""
  return `ETA ${eta.isLeast ? ">" : "~"}${eta.ms < 1_000 ? "1 s" : spanText(rounded(eta.ms))}`
}

/** A guess of minutes is not one of seconds. */
function rounded(ms: number): number {
  const step = ms > 600_000 ? 60_000 : ms > 60_000 ? 10_000 : 1_000
  return Math.ceil(ms / step) * step
}

/** "4 min 12 s"; "0 s" at the beginning. */
export function passedText(ms: number): string {
  return ms < 1_000 ? "0 s" : spanText(Math.floor(ms / 1_000) * 1_000)
}
