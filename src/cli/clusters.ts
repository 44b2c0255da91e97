/** Clusters from what a command line means: attached to be looked at, or made to be changed. */
import { Cluster } from "../cluster.js"
import { MusterError, SpecError } from "../errors.js"
import type { Provider } from "../provider.js"
import type { AttachSpec, ClusterOptions } from "../verbs/types.js"
import type { ClusterSpec } from "../spec.js"
import { NothingThereError } from "./exit-codes.js"
import { single } from "./parse.js"
import { providersAt } from "./spec/places.js"
import { namedTarget, type Target } from "./spec/target.js"
import type { Given, Surroundings } from "./surroundings.js"

export type NamedTarget = Target & { readonly name: string }

export function optionsOf(given: Given, { clock }: Pick<Surroundings, "clock">): ClusterOptions {
  const journal = single(given, "journal")
  return { clock, ...(journal === undefined ? {} : { journal }) }
}

/** @throws NothingThereError when nothing carries the name's tags; what `Cluster.attach` throws else. */
export async function attached(
  { name, owner }: Pick<NamedTarget, "name" | "owner">,
  provider: readonly Provider[],
  options: ClusterOptions,
  more: object = { takeOver: false },
): Promise<Cluster> {
  try {
    return await Cluster.attach(name, { ...more, provider, owner } as unknown as AttachSpec, options)
  } catch (error) {
    if (error instanceof MusterError && error.code === "NotFound") throw new NothingThereError(error.message)
    throw error
  }
}

/** Attaches to the cluster that a command line names, without taking it over. Detaches from it even where `look` fails. */
export async function looking<T>(
  given: Given,
  surroundings: Surroundings,
  look: (cluster: Cluster, target: NamedTarget) => Promise<T>,
): Promise<T> {
  const target = await namedTarget(given, surroundings)
  const providers = await providersAt(target.places, surroundings)
  const cluster = await attached(target, providers, optionsOf(given, surroundings))
  try {
    return await look(cluster, target)
  } finally {
    await cluster.detach()
  }
}

/** The cluster of a spec: nothing is asked or made yet. @throws SpecError that names flags or the lines of the file. */
export function clusterOf(
  target: Target,
  provider: readonly Provider[],
  options: ClusterOptions,
  more: object = {},
): Cluster {
  const { name, owner, spec } = target
  const full = { ...spec, ...(name === undefined ? {} : { name }), owner, provider, ...more }
  try {
    return new Cluster(full as unknown as ClusterSpec, options)
  } catch (error) {
    throw located(error, target)
  }
}

/** With the flag, or the line of the file, that says each field which is wrong. */
function located(error: unknown, { fromFile, flagSaying }: Target): unknown {
  if (!(error instanceof SpecError)) return error
  return new SpecError(
    error.problems.map((problem) => {
      const message = fromFile?.concealed(problem.message) ?? problem.message
      const path = problem.option.split(".").slice(1).join(".")
      const where = flagSaying(path) ?? fromFile?.where(path)
      return { ...problem, message, ...(where === undefined ? {} : { option: `${where}: ${problem.option}` }) }
    }),
  )
}
