/** Map: one task for each input, as the caller holds it: awaited as a whole, or taken one result after the other. */
import type {
  CommandOutput,
  CommandTask,
  Inputs,
  Task,
  TaskFailed,
  TaskSuccess,
  WorkOptions,
  WorkState,
} from "./types.js"
import type { Delivery, Farm } from "./farm/farm.js"

/** With `errors: "yield"` failures are among the results. */
export type MapResult<Out, Options> = Options extends { readonly errors: "yield" }
  ? TaskSuccess<Out> | TaskFailed
  : TaskSuccess<Out>

/** What a task gives. */
export type OutOf<T> = T extends Task<never, infer Out> ? Out : T extends CommandTask<never> ? CommandOutput : never

/** What `all()` gives for each input. */
export type AllOf<Out, Options> = Options extends { readonly errors: "yield" } ? TaskSuccess<Out> | TaskFailed : Out

/** Work that begins when its results are asked for. */
export interface MapRun<Out, Options extends WorkOptions = WorkOptions> extends AsyncIterable<MapResult<Out, Options>> {
  /**
   * Waits for all results.
   *
   * @returns in the order of the inputs: values, or with `errors: "yield"` what each task came to.
   * @throws TaskError when a task has failed, unless `errors` is "yield".
   */
  all(): Promise<AllOf<Out, Options>[]>
  /** How far it has come; nothing before it begins. */
  state(): WorkState
}

export const NOT_BEGUN: WorkState = {
  ...{ read: 0, running: 0, done: 0, failed: 0, resumed: 0, lost: 0, workers: 0, slots: 0, busy: 0 },
}

/** @param begin begins the work; called once, when it is first asked for results. */
export function mapRun<Out, Options extends WorkOptions>(
  begin: () => Promise<{ readonly farm: Farm<unknown, unknown>; close(): Promise<void> }>,
  options: Options,
): MapRun<Out, Options> {
  let begun: ReturnType<typeof begin> | undefined
  let farm: Farm<unknown, unknown> | undefined
  const start = async () => {
    if (begun !== undefined) throw new Error("this work has begun already: it gives its results once")
    begun = begin()
    const opened = await begun
    farm = opened.farm
    return opened
  }
  async function* results(): AsyncGenerator<Delivery<unknown>, void, undefined> {
    const { farm: own, close } = await start()
    try {
      for (let one = await own.next(); one !== undefined; one = await own.next()) yield one
    } finally {
      await own.close()
      await close()
    }
  }
  return {
    [Symbol.asyncIterator]: () => results() as AsyncIterator<MapResult<Out, Options>>,
    all: () => inOrder(results() as AsyncIterable<MapResult<Out, Options>>, options),
    state: () => farm?.state() ?? NOT_BEGUN,
  }
}

/** All results in the order of the inputs, as `all()` gives them. */
export async function inOrder<Out, Options extends WorkOptions>(
  results: AsyncIterable<MapResult<Out, Options>>,
  { errors }: Options,
): Promise<AllOf<Out, Options>[]> {
  const found: AllOf<Out, Options>[] = []
  for await (const result of results) {
    const one: TaskSuccess<Out> | TaskFailed = result
    found[one.index] = (errors === "yield" || !one.ok ? one : one.value) as AllOf<Out, Options>
  }
  return found
}

/**
 * Inputs whose iterator is taken now, before anything is waited for: one that is made of events, as that of node:readline, would miss
 * what comes until then. Nothing is read by it.
 */
export function takenUp<In>(inputs: Inputs<In>): Inputs<In> {
  const { size } = (inputs ?? {}) as { readonly size?: unknown }
  const iterator = (inputs as Partial<AsyncIterable<In>> | undefined)?.[Symbol.asyncIterator]?.()
  if (iterator === undefined) return inputs
  return { [Symbol.asyncIterator]: () => iterator, ...(typeof size === "number" ? { size } : {}) }
}
