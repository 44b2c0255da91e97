/** The heap after a full collection, which alone tells what is kept. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

/** Megabytes in use, once all that nobody holds is gone. */
export function heapMb(): number {
  // What finalizers and weak references let go of in the first is gone with the second.
  collect()
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}
