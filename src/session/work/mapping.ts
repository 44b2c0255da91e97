/** Work: `map` and `call` of a cluster. What carries them out is loaded at first use. */
import { RejectedError } from "../../errors.js"
import { type MapRun, mapRun } from "../../work/map.js"
import type { Inputs, Task, WorkOptions } from "../../work/types.js"
import type { AnyTask } from "../../work/work.js"
import type { Reached } from "../workers.js"

/** A cluster that has work. */
export interface Working extends Reached {
  readonly watch: (changed: () => void) => () => void
  /** Throws why the cluster cannot be worked with any more. */
  readonly checkOpen: () => void
}

export function mapIn<Out, Options extends WorkOptions>(
  working: Working,
  verb: string,
  { inputs, task }: { readonly inputs: Inputs<unknown>; readonly task: AnyTask },
  options: Options,
): MapRun<Out, Options> {
  return mapRun<Out, Options>(async () => {
    const { name, session, watch, checkOpen } = working
    checkOpen()
    const opened = session()
    if (opened === undefined) throw new RejectedError(`cluster "${name}" has no workers yet; scale it first`)
    const [{ beginWork }, { placesOf }] = await opened.fleet.clock.busy(
      "loading what carries out work",
      Promise.all([import("../../work/work.js"), import("./places.js")]),
    )
    return beginWork({ verb, inputs, task, options, places: placesOf({ fleet: opened.fleet, watch, checkOpen }) })
  }, options)
}

/** One task, on whichever worker is free. */
export async function callIn<In, Out>(
  working: Working,
  task: Task<In, Out>,
  input: In,
  options: WorkOptions,
): Promise<Out> {
  const [value] = await mapIn<Out, WorkOptions>(working, "call", { inputs: [input], task }, options).all()
  return value as Out
}
