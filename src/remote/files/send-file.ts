/** Send file: brings one file to a worker. */
import { randomBytes } from "node:crypto"
import { type FileHandle, open, stat } from "node:fs/promises"
import { basename } from "node:path"
import { CommandError, MusterError } from "../../errors.js"
import { type CommandResult, runCommand } from "../output.js"
import type { Remote } from "../remote.js"
import { unreadable } from "./collect.js"
import type { SendOptions, Sent } from "./send.js"

/** The exit code where another number of bytes arrived than there were. */
const CHANGED = 65

/** As much as streams of files read at once. */
const PIECE_BYTES = 65_536

/** The arguments: where to, the file's name, the name's end while it arrives, its size, its mode. */
const RECEIVE = `
to=$1
case $to in '' | */) to=$to$2 ;; esac
[ ! -d "$to" ] || to=$to/$2
mkdir -p -- "$(dirname -- "$to")" || exit
trap 'rm -f -- "$to$3"' EXIT
(umask 077 && cat >"$to$3") || exit
[ "$(wc -c <"$to$3")" -eq "$4" ] || exit ${CHANGED}
chmod "$5" "$to$3" && mv -f -- "$to$3" "$to"`

/** Whether there is a file of that name here, and no directory. */
export async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true
}

/**
 * Sends a file, which is put in its place once all of it has arrived.
 *
 * @param to a name, or a directory that is there or ends with "/"; directories that are missing are made.
 * @throws SpecError when it cannot be read.
 * @throws MusterError with code "FileChanged" when its length changed while it was sent.
 * @throws CommandError when the worker has no room, or no right.
 * @throws TransientError when the connection is lost.
 */
export async function sendFile(remote: Remote, from: string, to: string, options: SendOptions): Promise<Sent> {
  const file = await open(from, "r").catch((cause: Error) => {
    throw unreadable(from, cause)
  })
  try {
    return await sendOpen(remote, { from, file }, to, options)
  } finally {
    await file.close()
  }
}

async function sendOpen(
  remote: Remote,
  { from, file }: { readonly from: string; readonly file: FileHandle },
  to: string,
  { worker, ...limits }: SendOptions,
): Promise<Sent> {
  const { size, mode } = await file.stat()
  const place = to.startsWith("-") ? `./${to}` : to
  const last = `.${randomBytes(4).toString("hex")}`
  const words = [place, basename(from), last, String(size), (mode & 0o777).toString(8)]
  const command = ["/bin/sh", "-c", RECEIVE, "receive", ...words]
  let failure: Error | undefined
  const pieces = piecesOf(file, (error) => {
    failure = error
  })
  const received = await runCommand(remote, command, { worker }, { ...limits, stdin: pieces, check: false })
  if (failure !== undefined) throw unreadable(from, failure)
  if (received.exitCode === CHANGED)
    throw new MusterError(`${from} changed while it was sent to ${worker}; send it again`, { code: "FileChanged" })
  if (received.exitCode !== 0) throw notReceived(from, worker, received)
  return { files: 1, removed: 0, bytes: size }
}

/**
 * Read only as it is taken.
 *
 * @param note hears why it cannot be read on. The end comes early then: the worker sees that, and removes what has arrived.
 */
async function* piecesOf(file: FileHandle, note: (error: Error) => void): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const read = await file.read(Buffer.alloc(PIECE_BYTES)).catch(note)
    if (read === undefined || read.bytesRead === 0) return
    yield read.buffer.subarray(0, read.bytesRead)
  }
}

function notReceived(from: string, worker: string, { exitCode, stdout, stderr }: CommandResult): CommandError {
  const message = `${worker}: sending ${from}: exit code ${exitCode}: ${stderr.trim()}`
  return new CommandError(message, { worker, exitCode, stdout, stderr })
}
