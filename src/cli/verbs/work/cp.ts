/** `muster cp`: files to a worker, or from it. */
import { randomBytes } from "node:crypto"
import { mkdir, rename, rm, stat } from "node:fs/promises"
import { basename, dirname, join, posix, resolve } from "node:path"
import { SpecError } from "../../../errors.js"
import { show } from "../../../input/parse.js"
import type { WorkerHandle } from "../../../session/reach.js"
import { working } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import type { RunVerb } from "../../surroundings.js"
import { onTheWay } from "./transport.js"

/** A path of a worker, as a command line names it. */
interface There {
  readonly cluster: string
  readonly worker: string
  readonly path: string
}

export const run: RunVerb = async (given, surroundings) => {
  const [source = "", destination = ""] = given.words
  const [from, to] = [thereOf(source), thereOf(destination)]
  const there = from ?? to
  if (there === undefined || (from !== undefined && to !== undefined)) throw wrongSides(source)
  const own = { ...given, words: [there.cluster] }
  const { say, interrupts, directory = process.cwd() } = surroundings
  const copy = async (worker: WorkerHandle) => {
    const signal = interrupts?.()
    const options = signal === undefined ? {} : { signal }
    if (from !== undefined) {
      const bytes = await fetchTo(worker, from.path, destination, directory, options)
      say(`${bytes} bytes came from ${there.worker}\n`)
    } else {
      const { files, removed, bytes } = await worker.send(resolve(directory, source), there.path || ".", options)
      const gone = removed === 0 ? "" : `, ${removed} removed there`
      say(`${files} file${files === 1 ? "" : "s"} sent to ${there.worker} in ${bytes} bytes${gone}\n`)
    }
    return EXIT.ok
  }
  return working(own, surroundings, (cluster) => onTheWay(surroundings, copy(cluster.worker(there.worker))))
}

/** Undefined for a path here. */
function thereOf(text: string): There | undefined {
  const match = /^([a-z][a-z0-9-]*)\/([^/:]+):(.*)$/s.exec(text)
  if (match === null) return undefined
  const [, cluster = "", worker = "", path = ""] = match
  return { cluster, worker, path }
}

function wrongSides(source: string): SpecError {
  const message = "one of the two is a worker's, NAME/WORKER:PATH, and the other a path here"
  return new SpecError([{ option: "SOURCE", value: source, message: `is ${show(source)}; ${message}` }])
}

/** Into a directory that is there; else under the name that is given. */
async function fetchTo(
  worker: WorkerHandle,
  path: string,
  to: string,
  directory: string,
  options: { readonly signal?: AbortSignal },
): Promise<number> {
  const name = posix.basename(path)
  if (name === "" || name === "." || name === "..")
    throw new SpecError([{ option: "SOURCE", value: path, message: "names no file or directory of the worker" }])
  const parent = posix.dirname(path)
  const place = resolve(directory, to)
  const isThere = (await stat(place).catch(() => undefined))?.isDirectory() === true
  const target = isThere || to.endsWith("/") ? join(place, name) : place
  // It arrives beside its place: what is there already stays where the worker has no such file.
  const arriving = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString("hex")}`)
  try {
    const bytes = await worker.fetch([name], arriving, { ...options, ...(parent === "." ? {} : { from: parent }) })
    await mkdir(dirname(target), { recursive: true })
    await rename(join(arriving, name), target)
    return bytes
  } finally {
    await rm(arriving, { recursive: true, force: true })
  }
}
