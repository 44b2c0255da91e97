/** Judges: assumptions that every cloud shares, looked at in the life of a walk's machines. */
import { markPrefix } from "../guest/marks.js"
import type { Instance, InstanceState, Sight, WalkStage, WalkWorker } from "../provider.js"
import type { Tags } from "../fleet/tags.js"

/** In which order an instance passes through its states; some may be missed between two lists. */
const ORDER: readonly InstanceState[] = ["pending", "running", "stopped", "terminating", "terminated"]

/** Nothing ends an instance in these states. */
const LIVING: readonly InstanceState[] = ["pending", "running", "stopped"]

/** Of each machine: the first list that shows it has the tags of its launch. */
export function judgeTags(stage: WalkStage, assumption: string, expected: (worker: WalkWorker) => Tags): void {
  for (const worker of stage.workers) {
    const first = sightsOf(stage, worker)[0]
    if (first === undefined) continue
    const lacking = Object.entries(expected(worker)).filter(([key, value]) => first.instance.tags[key] !== value)
    const words = lacking.map(([key]) => key).join(", ")
    stage.saw(
      assumption,
      lacking.length === 0,
      words === "" ? "the first list had all tags" : `the first list lacked ${words}`,
    )
  }
}

/**
 * Of each machine that was seen to run: its states never went back. One list alone that shows an earlier state, between two that do not,
 * was answered by a server that lags; clouds promise nothing else of lists.
 */
export function judgeStates(stage: WalkStage, assumption: string): void {
  for (const worker of stage.workers) {
    if (worker.runningAt === undefined) continue
    const all = sightsOf(stage, worker).map(({ instance }) => instance.state)
    const states = all.filter((_state, at) => !isStale(all, at))
    const passed = states.filter((state, at) => state !== states[at - 1])
    const isInOrder = passed.every((state, at) => at === 0 || rank(state) > rank(passed[at - 1]))
    const stale = all.length - states.length
    stage.saw(assumption, isInOrder, `${passed.join(", ")}${stale === 0 ? "" : `; ${stale} lists lagged`}`)
  }
}

function rank(state: InstanceState | undefined): number {
  return state === undefined ? -1 : ORDER.indexOf(state)
}

function isStale(states: readonly InstanceState[], at: number): boolean {
  const [before, own, after] = [rank(states[at - 1]), rank(states[at]), rank(states[at + 1])]
  return own < before && after >= before
}

/** Of each machine: lists show it within `withinMs` of the answer to its launch, and from then on until it is gone. */
export function judgeConsistency(stage: WalkStage, assumption: string, withinMs: number): void {
  for (const worker of stage.workers) {
    const { made, goneAt = Number.POSITIVE_INFINITY, endedAt = goneAt, sentAt, toldAt } = worker
    const after = stage.sights.filter(({ at }) => at > sentAt && at < Math.min(endedAt, goneAt))
    const shown = after.map((sight) => shows(sight, made.id))
    const first = shown.indexOf(true)
    const late = after.filter(({ at }, index) => at > toldAt + withinMs && shown[index] === false)
    const gaps = first < 0 ? 0 : shown.slice(first).filter((is) => !is).length
    if (first < 0 && late.length === 0) continue
    const seconds = first < 0 ? "never" : `after ${(((after[first]?.at ?? sentAt) - sentAt) / 1000).toFixed(1)} s`
    const words = `listed ${seconds}; missing from ${gaps} of ${after.length} lists after that`
    stage.saw(assumption, late.length === 0 && gaps === 0, words)
  }
}

/** What went sooner was ended by something else: spot machines are taken back. For clocks that differ, in milliseconds. */
const EARLY_MS = 30_000

/**
 * Of each machine that is to end by itself: it was gone, without a request, within `slackMs` after its deadline. Where lists failed
 * meanwhile, nobody knows when it went.
 */
export function judgeDeadlines(stage: WalkStage, assumption: string, slackMs: number): void {
  for (const worker of stage.workers) {
    const { wave, deadlineAt, goneAt, endedAt, runningAt } = worker
    if (wave !== "timed" || runningAt === undefined) continue
    const over = deadlineAt + slackMs
    const stays = sightsOf(stage, worker).find(({ at, instance }) => at >= over && LIVING.includes(instance.state))
    const seconds = (at: number) => Math.round((at - deadlineAt) / 1000)
    const unseen = worker.isBooted ? "" : ", and its console shows no guest"
    if (stays !== undefined)
      stage.saw(assumption, false, `still there ${seconds(stays.at)} s after its deadline${unseen}`)
    else if (goneAt !== undefined && endedAt === undefined && goneAt <= over && goneAt >= deadlineAt - EARLY_MS)
      stage.saw(assumption, true, `gone ${seconds(goneAt)} s after its deadline`)
  }
}

/**
 * What the startup of a machine wrote of one thing: `doctor NAME VALUE` on a line of its own. Undefined where its console, which must
 * show that the startup has ended, has no such line.
 */
export function toldOn({ console, owner }: Pick<WalkWorker, "console" | "owner">, name: string): string | undefined {
  const start = `${markPrefix(owner.uid)}| doctor ${name} `
  const line = console.split("\n").find((one) => one.includes(start))
  return line === undefined ? undefined : line.slice(line.indexOf(start) + start.length).trim()
}

/** The lists that show a machine, with it as they had it. */
export function sightsOf(
  { sights }: Pick<WalkStage, "sights">,
  { made }: Pick<WalkWorker, "made">,
): readonly { readonly at: number; readonly instance: Instance }[] {
  return sights.flatMap(({ at, instances }) => {
    const instance = instances.find(({ id }) => id === made.id)
    return instance === undefined ? [] : [{ at, instance }]
  })
}

function shows({ instances }: Sight, id: string): boolean {
  return instances.some((instance) => instance.id === id)
}
