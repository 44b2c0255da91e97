/**
 * The reader of standard output: Node tells only a program that writes that nobody reads any more. A verb that waits for what
 * comes would stay for ever after `| head -1`. Linux lists under /proc who has a pipe open.
 */
import { once } from "node:events"
import { fstatSync } from "node:fs"
import { readdir, readFile, readlink } from "node:fs/promises"
import { join } from "node:path"
import { meanwhile } from "../calls/timers.js"

const STDOUT = 1
const EVERY_MS = 1_000
/** "flags:	0100001" in /proc/<pid>/fdinfo/<fd>: the last octal digit holds O_ACCMODE, 0 is O_RDONLY. */
const READS = /^flags:\s*[0-7]*[04]$/m

/**
 * Calls `gone` once the last process that was seen reading standard output has closed it. It is never called where standard output is no
 * pipe, or nobody was seen reading: another user's process, one of another container, another system than Linux.
 *
 * @param output the number of the open file.
 * @returns once the readers were looked for, what ends the looking.
 */
export async function watchReader(gone: () => void, output = STDOUT): Promise<() => void> {
  const pipe = pipeOf(output)
  let reader = pipe === undefined ? undefined : await readerOf(pipe)
  if (pipe === undefined || reader === undefined) return () => {}
  let isLooking = false
  const look = async () => {
    if (isLooking || reader === undefined) return
    isLooking = true
    if ((await linkAt(reader)) !== pipe) reader = await readerOf(pipe)
    isLooking = false
    if (reader !== undefined) return
    end()
    gone()
  }
  const end = meanwhile(EVERY_MS, () => void look())
  return end
}

/** As /proc names it; undefined for what is no pipe. */
function pipeOf(output: number): string | undefined {
  try {
    const status = fstatSync(output)
    return status.isFIFO() ? `pipe:[${status.ino}]` : undefined
  } catch {
    return undefined
  }
}

/** The path of an open file under /proc through which a process reads the pipe. */
async function readerOf(pipe: string): Promise<string | undefined> {
  const pids = (await namesIn("/proc")).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    // Another user's process lists nothing.
    for (const fd of await namesIn(join("/proc", pid, "fd"))) {
      const path = join("/proc", pid, "fd", fd)
      if ((await linkAt(path)) !== pipe) continue
      const info = await readFile(join("/proc", pid, "fdinfo", fd), "utf8").catch(() => "")
      if (READS.test(info)) return path
    }
  }
  return undefined
}

function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => [])
}

function linkAt(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined)
}

/** Resolves when more may be written; also once the reader has gone, when what is written is nobody's. */
export async function writeBytes(stream: "stdout" | "stderr", bytes: Uint8Array, unread: AbortSignal): Promise<void> {
  if (unread.aborted && stream === "stdout") return
  if (process[stream].write(bytes)) return
  await once(process[stream], "drain", { signal: unread }).catch(() => {})
}
