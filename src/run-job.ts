/** A job: work with a cluster of its own, which is made for it and closed after it, whatever happens. */
import { Cluster } from "./cluster.js"
import { SpecError } from "./errors.js"
import { show } from "./input/parse.js"
import { closeAfter } from "./session/closing/close-after.js"
import { mapIn } from "./session/work/mapping.js"
import { Holding } from "./session/work/holding.js"
import { workingOf } from "./session/work/workable.js"
import { jobDefaults } from "./session/work/job-defaults.js"
import type { ClusterSpec } from "./spec.js"
import type { ClusterOptions, ScaleTarget } from "./verbs/types.js"
import { type AllOf, inOrder, type MapResult, type MapRun } from "./work/map.js"
import type { CommandOutput, CommandTask, Inputs, Task, WorkOptions, WorkState } from "./work/types.js"
import type { AnyTask } from "./work/work.js"

/** What a job is: so many workers, the inputs, and what is done with each. */
export interface JobFields<In, Work, Names extends string = string> {
  /** A number, or one for each group. */
  readonly workers: ScaleTarget<Names>
  /** Read no faster than they are used. */
  readonly inputs: Inputs<In>
  /** A function of `remote(…)`, or a command. */
  readonly work: Work
}

/** A job: awaited it gives all results in the order of the inputs; iterated, each as it comes. It begins with either, once. */
export interface Job<Out, Options extends WorkOptions = WorkOptions>
  extends AsyncIterable<MapResult<Out, Options>>,
    PromiseLike<AllOf<Out, Options>[]> {
  /** The cluster that is made for it. */
  readonly cluster: Cluster
  /** How far it has come; nothing before it begins. */
  state(): WorkState
}

/**
 * Makes a cluster, runs a task for each input on its workers, and closes it: at the end, with the first error, when the loop over the
 * results is left, by `signal`, and when the process is told to end (`closeOnExit`, unless the spec says otherwise). Work begins with the
 * first worker that is ready. Once no input is left, workers without a task are ended.
 *
 * Nothing is launched before the options, the module and the files of `resume` and `outputs` are known to be right. Workers of a cloud are
 * reached over ssh from this machine's address alone, unless the spec's `access` says otherwise. A target that is short is no error
 * while some workers run: a note among the events says so.
 *
 * @example
 * const { thumb } = remote<typeof import("./thumb.js")>(new URL("./thumb.js", import.meta.url))
 * const all = await runJob({ provider: "aws", region: "eu-west-2", vcpus: 2 }, { workers: 100, inputs: urls, work: thumb })
 *
 * @param job `workers`, `inputs` and `work`, and all options of `map`.
 * @throws SpecError for a wrong spec; all else where its results are awaited:
 * @throws SpecError when an option or the work is wrong; TaskError when a task has failed, unless `errors` is "yield".
 * @throws what `Cluster.scale` throws, where no worker runs; BudgetError or RejectedError when the budget or the deadline is reached.
 * @throws TimeoutError when `timeout` is over; the signal's reason.
 * @throws what `Cluster.close` throws; where the work has failed too, as the `closeError` of its error.
 */
export function runJob<In, Out, Names extends string = string, const Options extends WorkOptions = WorkOptions>(
  spec: ClusterSpec<Names>,
  job: JobFields<In, Task<In, Out>, Names> & Options,
  options?: ClusterOptions,
): Job<Out, Options>
export function runJob<In, Names extends string = string, const Options extends WorkOptions = WorkOptions>(
  spec: ClusterSpec<Names>,
  job: JobFields<In, CommandTask<In>, Names> & Options,
  options?: ClusterOptions,
): Job<CommandOutput, Options>
export function runJob(
  spec: ClusterSpec,
  job: JobFields<unknown, AnyTask> & WorkOptions,
  options: ClusterOptions = {},
): Job<unknown> {
  const { workers, inputs, work, ...own } = checkedJob(job)
  const cluster = new Cluster({ ...jobDefaults(spec, [spec.provider].flat()), ...spec }, options)
  return jobOn(cluster, { verb: "runJob", workers, inputs, task: work }, own)
}

/** What a job does with a cluster that is nobody else's. */
export interface JobOn {
  readonly verb: string
  readonly workers: ScaleTarget
  readonly inputs: Inputs<unknown>
  readonly task: AnyTask
  /** Each worker has one task, and no more. */
  readonly isOnceAWorker?: boolean
  /** Of commands that a function makes: what tells them from others. */
  readonly identity?: string
}

/** The job on a cluster that has not been scaled, and is closed after it. */
export function jobOn<Out, Options extends WorkOptions>(
  cluster: Cluster,
  { workers, ...mapping }: JobOn,
  options: Options,
): Job<Out, Options> {
  const holding = new Holding(cluster, workingOf(cluster), {
    ...{ target: workers, group: options.group, needsAll: mapping.isOnceAWorker === true, signal: options.signal },
  })
  const prepared = () => holding.begin(() => map.state())
  const own = { ...options, signal: holding.signal }
  const map: MapRun<Out, Options> = mapIn(workingOf(cluster), { ...mapping, prepared }, own)
  let isBegun = false
  const results = () => {
    if (isBegun) throw new Error("this job has begun already: it gives its results once")
    isBegun = true
    return closing(cluster, map, holding)
  }
  let all: Promise<AllOf<Out, Options>[]> | undefined
  return {
    cluster,
    state: () => map.state(),
    [Symbol.asyncIterator]: results,
    // biome-ignore lint/suspicious/noThenProperty: a job is awaited as a whole, or taken one result after the other.
    then(fulfilled, rejected) {
      all ??= inOrder(results(), options)
      return all.then(fulfilled, rejected)
    },
  }
}

async function* closing<Out, Options extends WorkOptions>(
  cluster: Cluster,
  map: MapRun<Out, Options>,
  holding: Holding,
): AsyncGenerator<MapResult<Out, Options>, void, undefined> {
  let failure: { readonly error: unknown } | undefined
  try {
    yield* map
  } catch (error) {
    failure = { error }
    throw error
  } finally {
    holding.end()
    await closeAfter(cluster, failure)
  }
}

/** What no type checker has seen. @throws SpecError. */
function checkedJob<Job>(job: Job): Job {
  const given = job as Partial<JobFields<unknown, unknown>> | null | undefined
  if (typeof given === "object" && given !== null && given.workers !== undefined) {
    checkWorkers(given.workers)
    return job
  }
  const option = given === undefined || given === null || typeof given !== "object" ? "runJob.job" : "runJob.workers"
  const value = option === "runJob.job" ? given : undefined
  const message = `${value === undefined ? "is missing" : `is ${show(value)}`}; use runJob(spec, { workers: 10, inputs, work })`
  throw new SpecError([{ option, value, message }])
}

/** Which groups there are is known to whoever scales. */
function checkWorkers(workers: unknown): void {
  const counts: readonly unknown[] =
    typeof workers === "object" && workers !== null ? Object.values(workers) : [workers]
  const areCounts = counts.every((one) => typeof one === "number" && Number.isInteger(one) && one >= 0)
  if (areCounts && counts.some((one) => one !== 0)) return
  const message = `is ${show(workers)}; use a number from 1, or one for each group`
  throw new SpecError([{ option: "runJob.workers", value: workers, message }])
}
