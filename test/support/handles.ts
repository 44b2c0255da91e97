/** The files that a killed process of this one has left open: the system closes a real one's. */
import fs, { type FileHandle } from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"

/** From now on; the returned function closes those that were opened since and are open still. */
export function watchHandles(): () => Promise<void> {
  const { open } = fs
  const opened: FileHandle[] = []
  fs.open = async (...given) => {
    const handle = await open(...given)
    opened.push(handle)
    return handle
  }
  syncBuiltinESMExports()
  return async () => {
    fs.open = open
    syncBuiltinESMExports()
    await Promise.all(opened.filter(({ fd }) => fd >= 0).map((handle) => handle.close()))
  }
}
