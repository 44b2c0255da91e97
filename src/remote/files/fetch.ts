/** Fetch: brings files of a worker into a directory here. */
import { mkdir } from "node:fs/promises"
import { createRequire } from "node:module"
import { Readable } from "node:stream"
import type * as Tar from "tar"
import { CommandError, MusterError } from "../../errors.js"
import type { ByteSource, Remote, SpawnOptions } from "../remote.js"
import { plainWord } from "../../guest/text.js"

export interface FetchOptions extends Pick<SpawnOptions, "signal" | "timeoutMs"> {
  /** The name of the worker, for errors. */
  readonly worker: string
  /** The directory that the paths are in; that of the worker's startup when left out. */
  readonly from?: string
}

/**
 * @param paths of files and directories there; what leads out of `to` is refused.
 * @param to a directory here, made where it is missing. What is there already is written over.
 * @returns how many bytes came.
 * @throws CommandError when there is no such path.
 * @throws MusterError with code "FilesNotWritten" when they cannot be written here.
 */
export async function fetchFiles(remote: Remote, paths: readonly string[], to: string, options: FetchOptions) {
  const { worker, from, ...limits } = options
  await mkdir(to, { recursive: true }).catch((cause: Error) => {
    throw notWritten(worker, to, cause)
  })
  const names = paths.map((path) => plainWord(path.startsWith("-") ? `./${path}` : path)).join(" ")
  const process = await remote.spawn(`tar -cf - ${names}`, {
    stdin: "",
    ...limits,
    ...(from === undefined ? {} : { cwd: from }),
  })
  let stderr = ""
  process.stderr.on("data", (bytes) => {
    stderr = (stderr + Buffer.from(bytes).toString()).slice(-4000)
  })
  let bytes = 0
  const archive = counted(process.stdout, (count) => {
    bytes += count
  })
  const { extract } = createRequire(import.meta.url)("tar") as typeof Tar
  let isStopped = false
  const written = new Promise<void>((resolve, reject) => {
    const into = extract({ cwd: to, strict: true, preserveOwner: false })
    const source = Readable.from(archive)
    source.on("error", reject).pipe(into as unknown as NodeJS.WritableStream)
    into.on("close", resolve).on("error", (error: Error) => {
      reject(error)
      if (isStopped || source.readableEnded) return
      // Who does not read holds the command up: it is ended, and what it still says is thrown away.
      isStopped = true
      process.kill()
      source.unpipe().resume()
    })
  })
  const [ended, placed] = await Promise.allSettled([process.ended, written])
  if (isStopped && placed.status === "rejected") throw notWritten(worker, to, placed.reason as Error)
  if (ended.status === "rejected") throw ended.reason
  if (ended.value.exitCode !== 0) {
    const message = `${worker}: fetching ${paths.join(", ")}: exit code ${ended.value.exitCode}: ${stderr.trim()}`
    throw new CommandError(message, { worker, exitCode: ended.value.exitCode, stdout: "", stderr })
  }
  if (placed.status === "rejected") throw notWritten(worker, to, placed.reason as Error)
  return bytes
}

function notWritten(worker: string, to: string, cause: Error): MusterError {
  return new MusterError(`writing what came from ${worker} into ${to}: ${cause.message}`, {
    code: "FilesNotWritten",
    cause,
  })
}

/** The stream has one reader: another one that listens would have it flow before the unpacker reads. */
async function* counted(stream: ByteSource, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) {
    count(piece.length)
    yield piece
  }
}
