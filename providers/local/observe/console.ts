/** Console: what an instance's startup wrote, and its guest's marks. */
import { open } from "node:fs/promises"
import { join } from "node:path"
import { unlessMissing } from "../client/directory.js"

/** Of the boot log, as much as EC2 returns of a console. */
const CONSOLE_BYTES = 64 * 1024

/**
 * The end of the boot log, and after it the marks, as a guest's console has both: whatever a startup wrote, the last mark is its
 * guest's. Undefined when there is neither.
 */
export async function readConsole(here: string): Promise<string | undefined> {
  const parts = await Promise.all(
    ["boot.log", "console"].map((file) => readTail(join(here, "guest", file), CONSOLE_BYTES)),
  )
  const found = parts.filter((part) => part !== undefined)
  return found.length === 0 ? undefined : found.map(wholeLines).join("")
}

function wholeLines(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`
}

/** The last bytes of a file; undefined when there is no such file. */
async function readTail(path: string, bytes: number): Promise<string | undefined> {
  const file = await unlessMissing(open(path, "r"))
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.min(size, bytes)),
      0,
      undefined,
      Math.max(0, size - bytes),
    )
    return buffer.toString("utf8", 0, bytesRead)
  } finally {
    await file.close()
  }
}
