/** `muster run`: a command for each of many inputs, on a cluster of its own, or on this machine. */
import { resolve } from "node:path"
import type { Cluster } from "../../../../cluster.js"
import { SpecError } from "../../../../errors.js"
import { jobOn } from "../../../../run-job.js"
import { jobDefaults } from "../../../../session/work/job-defaults.js"
import type { Duration } from "../../../../spec.js"
import type { ScaleTarget } from "../../../../verbs/types.js"
import type { CommandTask, WorkOptions } from "../../../../work/types.js"
import { clusterOf, optionsOf } from "../../../clusters.js"
import { EXIT } from "../../../exit-codes.js"
import { single } from "../../../parse.js"
import { givenPlaces, type Place, providersAt } from "../../../spec/places.js"
import { hasSpecFile } from "../../../spec/spec-file.js"
import { type Target, targetOf } from "../../../spec/target.js"
import { requireJournal } from "../../../state/writable.js"
import type { Given, RunVerb, Surroundings } from "../../../surroundings.js"
import { missingCount } from "../../make/plan.js"
import { progressMode, progressOf, QUIET, type Shown } from "../../make/progress.js"
import { Grouped, type Result } from "./grouped.js"
import { inputsOf, numberOf, type TaskInputs } from "./inputs.js"
import { commandOf, setupOf } from "./words.js"

export const run: RunVerb = async (given, surroundings) => {
  progressMode(given)
  const isHere = givenPlaces(given).provider === undefined && !(await hasSpecFile(given, surroundings))
  const target = await targetIn(given, surroundings, isHere)
  const { count } = target
  const workers = typeof count === "number" ? count : Object.values(count).reduce((sum, one) => sum + one, 0)
  const inputs = await inputsOf(given, surroundings, workers)
  // As any other program of this command line runs.
  const directory = isHere && given.values.files === undefined ? (surroundings.directory ?? process.cwd()) : undefined
  const { taken, isOnceAWorker, ...about } = inputs
  const task: CommandTask<string> = { command: taskCommand(given, about, directory) }
  const options = workOptions(given, surroundings, { isHere, isOnceAWorker, directory })
  await requireJournal(given, surroundings)
  const cluster = await clusterFor(target, given, surroundings)
  const progress = await progressIn(cluster, given, surroundings, isHere)
  const grouped = new Grouped({ surroundings, progress, isJson: given.switches.has("json"), inputOf: taken })
  const job = jobOn(
    cluster,
    {
      ...{ verb: "run", workers: count as ScaleTarget, inputs: inputs.inputs, task: task as never, isOnceAWorker },
      identity: JSON.stringify([given.words, about.hasLines, directory ?? null]),
    },
    options,
  )
  return finished(job as AsyncIterable<Result>, grouped, { given, surroundings, progress })
}

interface Around {
  readonly given: Given
  readonly surroundings: Surroundings
  readonly progress: Shown
}

/** The exit code: of the first that failed. */
async function finished(
  job: AsyncIterable<Result>,
  grouped: Grouped,
  { given, surroundings, progress }: Around,
): Promise<number> {
  try {
    for await (const result of job) {
      await grouped.take(result)
      if (grouped.failed > 0 && given.switches.has("fail-fast")) break
    }
  } catch (error) {
    // As a shell does it: who has read enough has ended the work.
    if (surroundings.unread?.aborted === true) return EXIT.ok
    throw flagged(error)
  } finally {
    grouped.end()
    progress.stop()
  }
  const { failed, done } = grouped
  if (failed > 0 && !given.switches.has("json"))
    surroundings.say(`muster: ${failed} of ${failed + done} tasks failed; the exit code is that of the first\n`)
  return grouped.code
}

type Counted = Target & { readonly count: NonNullable<Target["count"]> }

/** Of the file, of flags, or this machine. The cluster is a new one, whatever the file calls it. */
async function targetIn(given: Given, surroundings: Surroundings, isHere: boolean): Promise<Counted> {
  const target = await targetOf(given, single(given, "cluster"), surroundings, isHere ? "optional" : "needed")
  const here: Place = { provider: "local", options: {} }
  const count = target.count ?? (isHere ? 1 : undefined)
  if (count === undefined) throw missingCount()
  return { ...target, name: undefined, count, ...(isHere ? { places: [here] } : {}) }
}

async function clusterFor(target: Target, given: Given, surroundings: Surroundings): Promise<Cluster> {
  const providers = await providersAt(target.places, surroundings)
  const more = jobDefaults(target.spec, providers)
  return clusterOf(target, providers, optionsOf(given, surroundings), more)
}

/** Who runs something on this machine alone, and has no terminal, wants to read what it writes. */
async function progressIn(cluster: Cluster, given: Given, surroundings: Surroundings, isHere: boolean): Promise<Shown> {
  const isAsked = given.values.progress !== undefined || surroundings.progress?.isTTY === true
  return isHere && !isAsked ? QUIET : progressOf(cluster, given, surroundings)
}

function taskCommand(
  { words }: Given,
  { inputs, hasLines }: Pick<TaskInputs, "inputs" | "hasLines">,
  directory: string | undefined,
): (input: string, at: { readonly index: number }) => readonly string[] | string {
  const command = commandOf({ words, hasInput: hasLines, total: inputs.size, directory })
  return (input, { index }) => command(input, index)
}

interface Where {
  readonly isHere: boolean
  readonly isOnceAWorker: boolean
  readonly directory: string | undefined
}

/** @throws SpecError for a number that is none, and slots where each worker has one task. */
function workOptions(
  given: Given,
  surroundings: Surroundings,
  { isHere, isOnceAWorker, directory }: Where,
): WorkOptions {
  const path = (flag: string) => {
    const text = single(given, flag)
    return text === undefined ? {} : { [flag]: resolve(surroundings.directory ?? process.cwd(), text) }
  }
  const word = (flag: string, option = flag) => {
    const text = single(given, flag)
    return text === undefined ? {} : { [option]: text as Duration }
  }
  if (isOnceAWorker && given.values.slots !== undefined)
    throw new SpecError([
      { option: "--slots", message: "needs inputs: without --each or --tasks each worker runs it once" },
    ])
  // A machine that is the only one has all its processors at work.
  const usual = isHere && !isOnceAWorker && given.values.workers === undefined ? { slots: "vcpus" as const } : {}
  const slots = single(given, "slots") === "vcpus" ? "vcpus" : numberOf("slots", given)
  const setup = single(given, "setup")
  return {
    errors: "yield",
    ordered: given.switches.has("keep-order"),
    host: given.switches.has("host"),
    ...(slots === undefined ? usual : { slots }),
    ...(setup === undefined ? {} : { setup: setupOf(setup, directory) }),
    ...(given.values.retries === undefined ? {} : { retries: numberOf("retries", given, 0) ?? 0 }),
    ...{
      ...path("outputs"),
      ...path("resume"),
      ...word("timeout"),
      ...word("task-timeout", "taskTimeout"),
      ...word("group"),
    },
    signal: AbortSignal.any(
      [surroundings.unread, surroundings.interrupts?.()].filter((signal) => signal !== undefined),
    ),
  }
}

/** Names of options as flags. */
function flagged(error: unknown): unknown {
  if (!(error instanceof SpecError)) return error
  const flagOf = (option: string) =>
    (option === "resume" ? "run.resume" : option).replace(
      /^run\.(\w+)$/,
      (_all, name: string) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    )
  return new SpecError(error.problems.map((problem) => ({ ...problem, option: flagOf(problem.option) })))
}
