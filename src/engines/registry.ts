/** The one place where an engine's name becomes an engine, loaded when it is first needed. */
import type { DaskOptions } from "./dask/options.js"
import { SpecError } from "../errors.js"
import type { JsonObject } from "../provider.js"
import type { EngineName, NamedEngine } from "../spec/engine/engine-data.js"
import type { Engine } from "./engine.js"

const LOAD: Readonly<Record<EngineName, (options: JsonObject) => Promise<Engine>>> = {
  dask: async (options) => (await import("./dask/index.js")).dask(options as DaskOptions),
}

/** @throws SpecError that names its options as the spec does: "cluster.engine.dask.version". */
export async function loadEngine({ named, options }: NamedEngine): Promise<Engine> {
  try {
    return await LOAD[named](options)
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    const problems = error.problems.map((problem) =>
      problem.option.startsWith(`${named}.`) ? { ...problem, option: `cluster.engine.${problem.option}` } : problem,
    )
    throw new SpecError(problems, { cause: error })
  }
}

/** What each factory can be told, as schemas: for the schema of a file. */
export async function loadEngineSchemas() {
  return { dask: (await import("./dask/config.js")).optionsSchema }
}
