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
import { keptText } from "./state/kept.js"
import type { Given, Surroundings } from "./surroundings.js"

export type NamedTarget = Target & { readonly name: string }

export function optionsOf(given: Given, { clock }: Pick<Surroundings, "clock">): ClusterOptions {
  const journal = single(given, "journal")
  return { clock, ...(journal === undefined ? {} : { journal }) }
}

/**
 * @throws NothingThereError when nothing carries the name's tags, with what this machine has kept of it; what `Cluster.attach` throws
 * else.
 */
export async function attached(
  { name, owner }: Pick<NamedTarget, "name" | "owner">,
  provider: readonly Provider[],
  given: Given,
  surroundings: Surroundings,
  more: object = { takeOver: false },
): Promise<Cluster> {
  try {
    const spec = { ...more, provider, owner } as unknown as AttachSpec
    return await Cluster.attach(name, spec, optionsOf(given, surroundings))
  } catch (error) {
    if (!(error instanceof MusterError) || error.code !== "NotFound") throw error
    const kept = await keptText(name, given, surroundings)
    const where = provider.map((one) => `${one.name} ${one.region}`).join(", ")
    const message = `nothing in ${where} carries the tags of "${name}" (owner "${owner}"); ${kept ?? ""}`
    throw new NothingThereError(kept === undefined ? error.message : message)
  }
}

/**
 * The cluster that a command line names, and where it is.
 *
 * @throws NothingThereError where nothing says where it is, and this machine has kept what it was; SpecError where it has not.
 */
export async function placedTarget(given: Given, surroundings: Surroundings): Promise<NamedTarget> {
  const target = await namedTarget(given, surroundings, "optional")
  if (target.places.length > 0) return target
  const kept = await keptText(target.name, given, surroundings)
  if (kept === undefined) return namedTarget(given, surroundings)
  throw new NothingThereError(`no place of "${target.name}" is known; ${kept}, and --provider says where to look`)
}

/** Attaches to the cluster that a command line names, without taking it over. Detaches from it even where `look` fails. */
export function looking<T>(given: Given, surroundings: Surroundings, look: Look<T>): Promise<T> {
  return watching(given, surroundings, {}, look)
}

/** The same for what works with workers: it needs to know no more of them than where they are. */
export function working<T>(given: Given, surroundings: Surroundings, work: Look<T>): Promise<T> {
  return watching(given, surroundings, { quick: true }, work)
}

type Look<T> = (cluster: Cluster, target: NamedTarget, providers: readonly Provider[]) => Promise<T>

async function watching<T>(given: Given, surroundings: Surroundings, how: object, look: Look<T>): Promise<T> {
  const target = await placedTarget(given, surroundings)
  const providers = await providersAt(target.places, surroundings)
  // How workers are reached is no tag of theirs.
  const { access } = target.spec
  const more = { takeOver: false, ...how, ...(access === undefined ? {} : { access }) }
  const cluster = await attached(target, providers, given, surroundings, more)
  try {
    return await look(cluster, target, providers)
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
