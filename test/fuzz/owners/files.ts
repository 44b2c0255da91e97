/** Files: what a killed process has open is closed, as the kernel does for one that is gone. */
import fs, { type FileHandle } from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"

/** Notes every file that is opened from now on; returns what closes those that are open still, and notes no more. */
export function noteFiles(): () => Promise<void> {
  const { open } = fs
  const handles: FileHandle[] = []
  fs.open = async (...given) => {
    const handle = await open(...given)
    handles.push(handle)
    return handle
  }
  syncBuiltinESMExports()
  return async () => {
    fs.open = open
    syncBuiltinESMExports()
    await Promise.all(handles.filter(({ fd }) => fd >= 0).map((handle) => handle.close()))
  }
}
