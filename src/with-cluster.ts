/** A cluster for as long as some work takes. */
import { Cluster } from "./cluster.js"
import { SpecError } from "./errors.js"
import { show } from "./input/parse.js"
import { closeAfter } from "./session/closing/close-after.js"
import type { ClusterSpec } from "./spec.js"
import type { ClusterOptions } from "./verbs/verbs.js"

/**
 * Makes a cluster, runs `work` with it, and closes it whatever happens: also when the process is told to end, or ends itself
 * (`closeOnExit`, unless the spec says otherwise). When both fail, the error of `work` is thrown, with that of closing as its
 * `closeError`.
 *
 * @returns what `work` returns, once everything is gone.
 * @throws what `work` throws; what `Cluster.close` throws where `work` did not; SpecError for a wrong spec, or no function.
 */
export async function withCluster<T, Names extends string = string>(
  spec: ClusterSpec<Names>,
  work: (cluster: Cluster<Names>) => Promise<T>,
  options: ClusterOptions = {},
): Promise<T> {
  checkWork(work)
  const cluster = new Cluster({ closeOnExit: true, ...spec }, options)
  const [outcome] = await Promise.allSettled([Promise.resolve(cluster).then(work)])
  const failure = outcome.status === "rejected" ? { error: outcome.reason as unknown } : undefined
  await closeAfter(cluster, failure)
  if (outcome.status === "rejected") throw outcome.reason as Error
  return outcome.value
}

/** Before anything is made: without it a cluster would be opened for nothing. @throws SpecError for what no type checker has seen. */
function checkWork(work: unknown): void {
  if (typeof work === "function") return
  const message = `${work === undefined ? "is missing" : `is ${show(work)}`}; use a function that is given the cluster: withCluster(spec, async (cluster) => { … })`
  throw new SpecError([{ option: "withCluster.work", value: work, message }])
}
