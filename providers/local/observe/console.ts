/** Console: what the scripts of an instance wrote, and the marks of its guest, as a cloud's console has both. */
import { open } from "node:fs/promises"
import { join } from "node:path"
import { markPrefix, TAIL_LINES } from "../../../src/guest/marks.js"
import { TAG } from "../../../src/fleet/tags.js"
import { unlessMissing } from "../client/directory.js"
import type { InstanceRecord } from "../client/record.js"

/** Of the boot log, as much as EC2 returns of a console. */
const CONSOLE_BYTES = 64 * 1024

/** As a guest writes it to a console: of each of the last lines. */
const LINE_LENGTH = 400

/**
 * The end of the boot log, and after it the marks: whatever a script wrote, the last one is its guest's. A guest here writes them to
 * its status alone, which is as good and takes less; before `done` come the last lines of the log. Undefined when there is nothing.
 */
export async function readConsole(here: string, { tags }: InstanceRecord): Promise<string | undefined> {
  const [log, status] = await Promise.all(
    ["boot.log", "status"].map((file) => readTail(join(here, "guest", file), CONSOLE_BYTES)),
  )
  if (log === undefined && status === undefined) return undefined
  const prefix = markPrefix(tags[TAG.uid] ?? "")
  const tail = tailOf(log ?? "").map((line) => `${prefix}| ${line}\n`)
  const marks = (status ?? "").split("\n").filter((mark) => mark !== "")
  return [
    wholeLines(log ?? ""),
    ...marks.flatMap((mark) => [...(isDone(mark) ? tail : []), `${prefix}${mark}\n`]),
  ].join("")
}

function isDone(mark: string): boolean {
  return /^\d+ done /.test(mark)
}

/** The last lines that are not blank, without what moves a terminal's cursor. */
function tailOf(log: string): readonly string[] {
  const lines = log
    .split(/[\r\n]/)
    .map((line) => line.replaceAll(/\p{Cc}/gu, (sign) => (sign === "\t" ? sign : "")).slice(0, LINE_LENGTH))
  return lines.filter((line) => line.trim() !== "").slice(-TAIL_LINES)
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
