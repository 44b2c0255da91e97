/** Send: brings a directory of a worker to what a directory here is. Only what differs travels. */
import { randomBytes } from "node:crypto"
import { createRequire } from "node:module"
import { PassThrough } from "node:stream"
import type * as Tar from "tar"
import { MusterError } from "../../errors.js"
import { type CommandOptions, type CommandResult, runCommand } from "../output.js"
import type { Remote } from "../remote.js"
import { plainWord } from "../../guest/text.js"
import type { FileSet } from "./collect.js"
import { failedNames, KEPT, type KeptLog, logOf, logText, lookOf, lookText } from "./kept.js"

export interface Sent {
  /** How many files were sent, and how many were removed there. */
  readonly files: number
  readonly removed: number
  /** What was written to the connection, in bytes; what encrypts it adds to that. */
  readonly bytes: number
}

/** The exit code of the last step where a file is not what was read here. */
const CHANGED = 65

/** Where, and for how long. */
export interface SendOptions extends Pick<CommandOptions, "signal" | "timeoutMs"> {
  /** The name of the worker, for errors. */
  readonly worker: string
}

/**
 * Sends a file set. Files arrive beside their place, are compared with what was read here, and only then put there. Files that an
 * earlier call sent and that are gone here are removed; those that the worker has changed since are sent again; what else is there stays.
 *
 * @param to an absolute path on the worker, made where it is missing.
 * @throws MusterError with code "FileChanged" when a file changed while it was sent.
 * @throws CommandError when the worker has no room, or no right.
 * @throws TransientError when the connection is lost; calling it again goes on.
 */
export async function sendFiles(remote: Remote, set: FileSet, to: string, options: SendOptions): Promise<Sent> {
  const { worker, ...limits } = options
  const run = (command: string, more: CommandOptions = {}) =>
    runCommand(remote, command, { worker }, { ...limits, ...more })
  const kept = `${to}/${KEPT}`
  const { digest: known, differing } = lookOf((await run(lookText(to))).stdout)
  if (known === set.digest && differing.size === 0) return { files: 0, removed: 0, bytes: 0 }
  const log = logOf((await run(`cat ${plainWord(`${kept}/log`)} 2>/dev/null || true`)).stdout)
  const before = log.digests
  const changed = set.entries.filter(({ path, digest }) => before.get(path) !== digest || differing.has(path))
  const paths = new Set(set.entries.map(({ path }) => path))
  const gone = [...before.keys()].filter((path) => !paths.has(path))
  const part = `${KEPT}/new.${randomBytes(4).toString("hex")}`
  const bytes = changed.length === 0 ? 0 : await unpack(run, set.from, changed, `${to}/${part}`)
  const script = placeText({ to, part, changed, gone, log, digest: set.digest })
  const placed = await run("sh", { stdin: script, check: false })
  if (placed.exitCode === CHANGED) throw fileChanged(set.from, placed.stdout)
  if (placed.exitCode !== 0) throw placeError(worker, to, placed.stderr)
  return { files: changed.length, removed: gone.length, bytes: bytes + Buffer.byteLength(script) }
}

type Run = (command: string, more?: CommandOptions) => Promise<CommandResult>

/** Has what has changed unpacked there. @returns the size of the archive, in bytes. @throws MusterError where it breaks off. */
async function unpack(run: Run, from: string, changed: FileSet["entries"], to: string): Promise<number> {
  let bytes = 0
  let failure: Error | undefined
  const names = changed.map(({ path }) => path)
  const count = (more: number) => {
    bytes += more
  }
  const pack = noting(packOf(from, names, count), (error) => {
    failure = error
  })
  const into = plainWord(to)
  // What is left of it would keep a disk full that has no room.
  const unpacking = `mkdir -p ${into} && tar -xf - -C ${into} || { c=$?; rm -rf ${into}; exit $c; }`
  await run(unpacking, { stdin: pack }).catch((error: unknown) => {
    // Where what was sent broke off, the worker's words say nothing of why.
    if (failure === undefined) throw error
  })
  if (failure === undefined) return bytes
  // One that ends between two files is whole for an unpacker.
  await run(`rm -rf ${into}`).catch(() => {})
  throw changedMeanwhile(from, `a file changed meanwhile (${failure.message})`, "send it again", failure)
}

/** The end comes early where they break off: a command that is ended could not remove what it has unpacked. */
async function* noting<T>(pieces: AsyncIterable<T>, note: (error: Error) => void): AsyncGenerator<T, void, undefined> {
  try {
    yield* pieces
  } catch (error) {
    note(error instanceof Error ? error : new Error(String(error)))
  }
}

/** An archive, read only as it is taken: a command that is to read it begins later. @throws the error of a file that is gone. */
export async function* packOf(
  from: string,
  paths: readonly string[],
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const tar = createRequire(import.meta.url)("tar") as typeof Tar
  // A name that begins with "@" would be read as an archive.
  const names = paths.map((path) => `./${path}`)
  const open = new Set<Tar.WriteEntry>()
  let isOver = false
  const onWriteEntry = (entry: Tar.WriteEntry) => {
    open.add(entry)
    entry.on("end", () => open.delete(entry))
  }
  const options = { cwd: from, portable: true, noDirRecurse: true, noPax: false, filter: () => !isOver, onWriteEntry }
  const pack = tar.create(options, names)
  const pieces = new PassThrough()
  // Files are opened before they are asked for: one that is gone is an error also while nobody waits for a piece, or none is wanted any more.
  pack.on("error", (error) => pieces.destroy(error as Error))
  pack.pipe(pieces)
  try {
    for await (const piece of pieces as AsyncIterable<Buffer>) {
      count(piece.length)
      yield piece
    }
  } finally {
    isOver = true
    for (const entry of open) cutShort(entry)
    pack.unpipe(pieces)
    pack.resume()
  }
}

/** Its file is open until all of it has been read, and nothing of it is wanted any more. */
function cutShort(entry: Tar.WriteEntry): void {
  if (entry.stat !== undefined) entry.stat.size = 0
  entry.remain = 0
  entry.blockRemain = 0
  entry.resume()
}

/** The directory itself stays as it is: tar would give it the mode of what was sent. A home that others may write to lets nobody in by key. */
const SAME_MODE = 'chmod "$(stat -c %a . 2>/dev/null || stat -f %Lp .)"'

interface Placing {
  readonly to: string
  /** Below it. */
  readonly part: string
  readonly changed: FileSet["entries"]
  readonly gone: readonly string[]
  readonly log: KeptLog
  readonly digest: string
}

/** The last step, as a script: what it names may be longer than an argument list. */
function placeText({ to, part, changed, gone, log, digest }: Placing): string {
  const files = changed.filter(({ digest: own }) => !own.endsWith("l"))
  const paths = new Set(changed.map(({ path }) => path))
  // A file that takes the place of a directory.
  const blocked = [...new Set(gone.flatMap(parentsOf))].filter((path) => paths.has(path))
  const sums = files.map(({ path, digest: own }) => `${own.slice(0, 64)}  ./${path}`)
  const sumsFile = `${part}.sums`
  return [
    "set -e",
    `mkdir -p ${plainWord(`${to}/${part}`)}`,
    `cd ${plainWord(to)}`,
    `cat >${sumsFile} <<'MUSTER_SUMS'`,
    ...sums.map(escaped),
    "MUSTER_SUMS",
    ...(sums.length === 0
      ? []
      : [
          `(cd ${part} && sha256sum -c) <${sumsFile} >${part}.bad 2>&1 || {`,
          `grep -v ': OK$' ${part}.bad; rm -rf ${part} ${sumsFile} ${part}.bad; exit ${CHANGED}`,
          "}",
        ]),
    ...chunked(gone.map((path) => plainWord(`./${path}`))).map((names) => `rm -f -- ${names}`),
    ...chunked(blocked.map((path) => plainWord(`./${path}`))).map((names) => `rm -rf -- ${names}`),
    ...(changed.length === 0 ? [] : [`${SAME_MODE} ${part}`, `tar -C ${part} -cf - . | tar -xf - -C .`]),
    ...logText(log, changed, gone, part),
    `echo ${digest} >${KEPT}/digest`,
    `rm -rf ${part} ${sumsFile} ${part}.bad`,
    "",
  ].join("\n")
}

/** As sha256sum writes names with a backslash or a line's end: marked by a backslash before the digest. */
function escaped(line: string): string {
  if (!/[\\\n\r]/.test(line)) return line
  return `\\${line.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}`
}

function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"))
}

const NAMES_EACH = 100

function chunked(names: readonly string[]): string[] {
  return Array.from({ length: Math.ceil(names.length / NAMES_EACH) }, (_, index) =>
    names.slice(index * NAMES_EACH, (index + 1) * NAMES_EACH).join(" "),
  )
}

function fileChanged(from: string, found: string): MusterError {
  const names = failedNames(found.split("\n"))
  const what = names.length === 0 ? "a file" : names.slice(0, 3).join(", ")
  return changedMeanwhile(from, `${what} changed meanwhile`, "send it again once it is written")
}

/** @param advice what to do. */
function changedMeanwhile(from: string, what: string, advice: string, cause?: Error): MusterError {
  const message = `sending ${from}: ${what}; nothing was put in place: ${advice}`
  return new MusterError(message, { code: "FileChanged", ...(cause === undefined ? {} : { cause }) })
}

function placeError(worker: string, to: string, stderr: string): MusterError {
  return new MusterError(`${worker}: putting files into ${to}: ${stderr.trim()}`, { code: "FilesNotPlaced" })
}
