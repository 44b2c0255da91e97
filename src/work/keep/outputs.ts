/** Outputs: the files that a task has left on its worker, brought into the directory of the caller before its result is handed over. */
import type { Dirent } from "node:fs"
import { mkdir, mkdtemp, readdir, readlink, rename, rm } from "node:fs/promises"
import { dirname, join, relative, resolve, sep } from "node:path"
import pLimit from "p-limit"
import { CommandError, MusterError } from "../../errors.js"
import { fetchFiles } from "../../remote/files/fetch.js"
import type { Remote } from "../../remote/remote.js"
import { UNREAD } from "../farm/hand.js"
import type { RemoteFailure } from "../farm/runner.js"

/** At the same time; more do not make it faster. */
const MOST_RENAMES = 16

/** Codes of the system where a file and a directory have the same name. */
const IN_THE_WAY = new Set(["ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY"])

export class Outputs {
  readonly #to: string
  /** Which task of this run has left a file of that name. */
  readonly #owners = new Map<string, number>()

  /** @param to a directory here; it is made where it is missing. */
  constructor(to: string) {
    this.#to = resolve(to)
  }

  /** @throws MusterError with code "FilesNotWritten" when the directory cannot be made. */
  async begin(): Promise<void> {
    await mkdir(this.#to, { recursive: true }).catch((cause: unknown) => {
      throw new MusterError(`making ${this.#to} for outputs: ${(cause as Error).message}`, {
        code: "FilesNotWritten",
        cause,
      })
    })
  }

  /**
   * Files arrive in a directory beside their place, and are put there once all of them have come.
   *
   * @param files the task's directory on the worker.
   * @returns why they are the task's failure: a link that leads out, what is no file, or a name that another task of this run has used.
   */
  async bring(
    remote: Remote,
    files: string,
    { index, worker }: { readonly index: number; readonly worker: string },
  ): Promise<RemoteFailure | undefined> {
    const part = await mkdtemp(join(this.#to, ".muster-part-"))
    try {
      const refused = await fetchFiles(remote, ["."], part, { worker, from: files }).then(() => undefined, refusalOf)
      if (refused !== undefined) return refused
      const { names, links } = await filesIn(part)
      const refusedFor = this.#claim(names, index) ?? (await linkOut(part, links))
      if (refusedFor !== undefined) return refusal(refusedFor)
      return await this.#place(part, names)
    } finally {
      await rm(part, { recursive: true, force: true })
    }
  }

  /** @returns why it cannot be: a directory is where a file is to be, or a file where a directory is. */
  async #place(part: string, names: readonly string[]): Promise<RemoteFailure | undefined> {
    try {
      for (const folder of new Set(names.map((name) => dirname(name)))) {
        await mkdir(join(this.#to, folder), { recursive: true })
      }
      const limit = pLimit(MOST_RENAMES)
      await limit.map(names, (name) => rename(join(part, name), join(this.#to, name)))
      return undefined
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException
      if (IN_THE_WAY.has(code ?? ""))
        return refusal(
          `what it left is a directory where ${this.#to} has a file, or a file where that has a directory: ${message}`,
        )
      throw new MusterError(`putting outputs into ${this.#to}: ${message}`, { code: "FilesNotWritten", cause })
    }
  }

  /** In one turn: the files of another task may be on their way. A task that fails then may have them at its next try. */
  #claim(names: readonly string[], index: number): string | undefined {
    for (const name of names) {
      const owner = this.#owners.get(name)
      if (owner !== undefined && owner !== index)
        return `it left "${name}", as task ${owner} did: have each task use names of its own, with MUSTER_TASK_INDEX for example`
    }
    for (const name of names) this.#owners.set(name, index)
    return undefined
  }
}

function refusal(message: string): RemoteFailure {
  return { name: "Error", message, code: "OutputRefused" }
}

interface Unpacking {
  readonly tarCode?: string
  readonly linkpath?: string
  readonly entry?: { readonly path?: string; readonly type?: string }
}

/** What cannot be read there, or what the unpacker refuses, is the task's doing; all else is not. */
function refusalOf(error: unknown): RemoteFailure {
  if (error instanceof CommandError)
    return { ...refusal(`what it left could not be read: ${error.stderr.trim()}`), code: UNREAD }
  const { tarCode, linkpath, entry } = ((error as Error).cause ?? {}) as Unpacking
  const name = (entry?.path ?? "").replace(/^\.\//, "")
  if (tarCode === "TAR_ENTRY_UNSUPPORTED")
    return refusal(`it left what is no file: "${name}" (${entry?.type ?? "of another kind"})`)
  if (tarCode === undefined || linkpath === undefined) throw error
  return refusal(linkWords(name, linkpath))
}

function linkWords(name: string, target: string): string {
  return `it left a link that leads out of its directory: "${name}" to "${target}"`
}

/** All but directories, relative to it; and which of them are links. */
async function filesIn(
  directory: string,
): Promise<{ readonly names: readonly string[]; readonly links: readonly string[] }> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const nameOf = (entry: Dirent) => relative(directory, join(entry.parentPath, entry.name))
  return {
    names: entries.filter((entry) => !entry.isDirectory()).map(nameOf),
    links: entries.filter((entry) => entry.isSymbolicLink()).map(nameOf),
  }
}

async function linkOut(directory: string, links: readonly string[]): Promise<string | undefined> {
  for (const name of links) {
    const path = join(directory, name)
    const target = await readlink(path)
    if (!`${resolve(dirname(path), target)}${sep}`.startsWith(`${directory}${sep}`)) {
      return linkWords(name, target)
    }
  }
  return undefined
}
