/**
 * Supplies: what a cluster's workers are brought. Files are taken once, when the first worker is launched; values of secrets are in this
 * process's memory alone.
 */
import type { Clock } from "../../calls/clock.js"
import { SpecError } from "../../errors.js"
import type { Owner } from "../../provider.js"
import { collect, type FileSet } from "../../remote/files/collect.js"
import { differences, keptSnapshot } from "../../remote/files/snapshot.js"
import { SecretValues } from "../../remote/sent/values.js"
import type { ResolvedFiles } from "../../spec/files.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import { filesDirectory } from "../journal/files-directory.js"
import { directoryProblem } from "../journal/permissions.js"

/** Files, and where they go. */
export interface Supply {
  readonly set: FileSet
  /** From the directory of the worker's startup. */
  readonly to: string
  /** Names of files that are others here than those which the first worker was given. */
  readonly changed: readonly string[]
}

/** Of what is asked of a group. */
type Asked = Pick<ResolvedGroup, "name" | "files" | "secrets">

export class Supplies {
  /** Where what was taken is kept; undefined: it is read anew for each worker, and must not have changed. */
  readonly #directory: string | undefined
  readonly #clock: Clock
  readonly #files = new Map<string, Promise<readonly Supply[]>>()
  readonly #secrets = new Map<string, SecretValues>()

  constructor(journal: string | false, owner: Owner, clock: Clock) {
    this.#directory = journal === false ? undefined : filesDirectory(journal, owner)
    this.#clock = clock
  }

  /** All that is the same for the workers of a group. @throws what `filesOf` throws, and a MusterError that names a secret. */
  async prepare(group: Asked): Promise<void> {
    await Promise.all([this.filesOf(group), this.secretsOf(group).prepare()])
  }

  /**
   * The same files at each call, and for whoever attaches on this machine.
   *
   * @throws SpecError where they cannot be read; MusterError with code "FileChanged" where one changed meanwhile.
   */
  filesOf({ name, files }: Asked): Promise<readonly Supply[]> {
    const known = this.#files.get(name) ?? this.#clock.busy("reading files for workers", this.#take(files))
    this.#files.set(name, known)
    known.catch(() => this.#files.delete(name))
    return known
  }

  secretsOf({ name, secrets }: Asked): SecretValues {
    const values = this.#secrets.get(name) ?? new SecretValues(secrets, this.#clock)
    this.#secrets.set(name, values)
    return values
  }

  /** The words of a worker without the values that it was brought, for events and errors. */
  concealed(group: Asked | undefined, id: string, text: string): string {
    return group === undefined || group.secrets.size === 0 ? text : this.secretsOf(group).concealed(text, id)
  }

  async #take(files: readonly ResolvedFiles[]): Promise<readonly Supply[]> {
    const supplies: Supply[] = []
    for (const entry of files) {
      const taken = await this.#takeOne(entry)
      checkKeys(entry, taken.set)
      supplies.push({ ...taken, to: entry.to })
    }
    return supplies
  }

  async #takeOne({ from, ignore }: ResolvedFiles): Promise<Omit<Supply, "to">> {
    if (this.#directory === undefined) return { set: await collect(from, ignore), changed: [] }
    const unsafe = await directoryProblem(this.#directory)
    if (unsafe !== undefined) throw new Error(`${this.#directory}: ${unsafe}`)
    const { set, isOlder } = await keptSnapshot({ from, ignore }, this.#directory)
    if (!isOlder) return { set, changed: [] }
    const now = await collect(from, ignore).catch(() => undefined)
    return { set, changed: now === undefined || now.digest === set.digest ? [] : differences(set, now) }
  }
}

/** On a cloud the directory of a worker's startup is the home of the user who is let in. */
function checkKeys({ to }: ResolvedFiles, { from, entries }: FileSet): void {
  if (to !== "." || !entries.some(({ path }) => path.startsWith(".ssh/"))) return
  const message = `has a directory .ssh, which would say who may log in to the workers; ignore it, or give "to"`
  throw new SpecError([{ option: "cluster.files", value: from, message }])
}
