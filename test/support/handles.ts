/** The files that a killed process of this one has left open: the system closes a real one's. */
import { type FileHandle, open } from "node:fs/promises"

/** From now on; the returned function closes those that were used since and are open still. */
export async function watchHandles(): Promise<() => Promise<void>> {
  const probe = await open(process.execPath)
  const prototype = Object.getPrototypeOf(probe) as FileHandle
  await probe.close()
  const { stat } = prototype
  const used = new Set<FileHandle>()
  // A journal looks at its file before it relies on it.
  prototype.stat = function (this: FileHandle, ...given: []) {
    used.add(this)
    return stat.apply(this, given)
  } as FileHandle["stat"]
  return async () => {
    prototype.stat = stat
    await Promise.all([...used].map((handle) => handle.close().catch(() => {})))
  }
}
