/** Local state: what this machine's launch journals tell of clusters. No cloud is asked, and nothing is written. */
import { open, readdir } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { isAlive } from "../calls/alive.js"
import type { Clock } from "../calls/clock.js"
import { stateDirectory } from "../client/machine.js"
import { parseRecords, type WrittenPlace } from "../fleet/journal/records.js"
import { directoryProblem } from "../fleet/journal/permissions.js"
import { single } from "./parse.js"
import type { Given, Surroundings } from "./surroundings.js"

/** A cluster as its newest journal on this machine tells of it. */
export interface KnownCluster {
  readonly name: string
  readonly uid: string
  readonly owner: string
  readonly generation: number
  /** Milliseconds since 1970. */
  readonly deadline: number
  /** When this generation was begun, in milliseconds since 1970; older files lack it. */
  readonly since?: number
  readonly places: readonly WrittenPlace[]
  /** The process of this machine that wrote the journal, where it still lives. */
  readonly pid?: number
  /** The machine whose process wrote it. */
  readonly host?: string
}

/** @throws SpecError where nothing says where this user's state is. */
export function journalDirectory(given: Given, { env }: Pick<Surroundings, "env">): string {
  return single(given, "journal") ?? join(stateDirectory(env), "muster", "journal")
}

/** The same, or undefined where nothing says where it is: then nothing is known. */
export function journalDirectoryIfAny(given: Given, surroundings: Pick<Surroundings, "env">): string | undefined {
  try {
    return journalDirectory(given, surroundings)
  } catch {
    return undefined
  }
}

/** Names alone, from the names of files: fast enough for a completion. */
export async function knownNames(directory: string): Promise<readonly string[]> {
  const files = await readdir(directory).catch(() => [] as string[])
  return [...new Set(files.flatMap((file) => partsOf(file)?.name ?? []))].sort()
}

/** Clusters by name, then owner; those whose deadline has long passed are not among them. */
export async function knownClusters(directory: string, clock: Clock): Promise<readonly KnownCluster[]> {
  return clock.busy("reading local state", readAll(directory))
}

async function readAll(directory: string): Promise<readonly KnownCluster[]> {
  // What others may have written is not believed, here as elsewhere.
  if ((await directoryProblem(directory)) !== undefined) return []
  const files = await readdir(directory).catch(() => [] as string[])
  const parts = files.flatMap((file) => partsOf(file) ?? [])
  const newest = new Map<string, Parts>()
  for (const part of parts) {
    const known = newest.get(part.uid)
    if (known === undefined || part.generation > known.generation) newest.set(part.uid, part)
  }
  const read = await Promise.all([...newest.values()].map((part) => readOne(join(directory, part.file), part)))
  return read
    .flatMap((one) => one ?? [])
    .sort((a, b) => (a.name === b.name ? (a.owner < b.owner ? -1 : 1) : a.name < b.name ? -1 : 1))
}

interface Parts {
  readonly file: string
  readonly name: string
  readonly uid: string
  readonly generation: number
}

/** Of "<cluster>.<uid>.<generation>.<claim>.jsonl". */
function partsOf(file: string): Parts | undefined {
  const match = /^([a-z][a-z0-9-]*)\.([0-9a-f]+)\.(\d+)\.[0-9a-f]+\.jsonl$/.exec(file)
  if (match === null) return undefined
  const [, name = "", uid = "", generation = ""] = match
  return { file, name, uid, generation: Number(generation) }
}

/** Undefined for what is gone by now, is damaged, or is from a newer version. */
async function readOne(path: string, { name, uid, generation }: Parts): Promise<KnownCluster | undefined> {
  try {
    const { header } = parseRecords(`${await firstLine(path)}\n`)
    if (header === undefined) return undefined
    const { owner, deadline, places = [], writer, time } = header
    return {
      ...{ name, uid, owner, generation, deadline: Number(deadline) * 1000, places },
      ...(time === undefined ? {} : { since: time.wall }),
      ...(writer === undefined ? {} : { host: writer.host }),
      ...(writer !== undefined && lives(writer) ? { pid: writer.pid } : {}),
    }
  } catch {
    return undefined
  }
}

/** More than a header ever is. */
const LONGEST_HEADER = 64 * 1024

async function firstLine(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_HEADER), 0, LONGEST_HEADER, 0)
    return buffer.toString("utf8", 0, bytesRead).split("\n")[0] ?? ""
  } finally {
    await file.close()
  }
}

/** Whether a process of this machine is alive. False for a process of another machine, which cannot be checked from here. */
export function lives({ host, pid }: { readonly host: string; readonly pid: number }): boolean {
  return host === hostname() && isAlive(pid)
}
