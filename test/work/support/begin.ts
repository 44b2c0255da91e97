/** Begin: work on the places of a test. */
import type { Places } from "../../../src/work/farm/places.js"
import type { WorkOptions } from "../../../src/work/types.js"
import { type AnyTask, type OpenWork, prepareWork } from "../../../src/work/work.js"

export async function begin(
  places: Places,
  inputs: Iterable<unknown>,
  task: AnyTask,
  options: WorkOptions = {},
): Promise<OpenWork> {
  return (await prepareWork({ verb: "map", inputs, task, options, clock: places.clock })).begin({ places })
}

/** All results, in the order of the inputs. */
export async function allOf(opened: OpenWork): Promise<readonly unknown[]> {
  const { farm, close } = opened
  const found: unknown[] = []
  try {
    for (let one = await farm.next(); one !== undefined; one = await farm.next()) {
      found[one.index] = one.ok ? one.value : one.error
    }
    return found
  } finally {
    await farm.close()
    await close()
  }
}
