/**
 * Engine secrets: what an engine makes once for each cluster (a token, the keys of its TLS). They are in one file beside the cluster's
 * journal, with which it goes: whoever holds the cluster on this machine later reaches its head by them.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onAbort } from "../../../calls/aborts.js"
import type { Clock } from "../../../calls/clock.js"
import { SpecError } from "../../../errors.js"
import type { Owner } from "../../../provider.js"
import { createWhole } from "../../journal/draft.js"
import { directoryProblem, fileProblem } from "../../journal/permissions.js"

type Make = () => Promise<string> | string
type Values = Readonly<Record<string, string>>

/** Its name begins as the journals' do, with which it goes. */
export function engineSecretsPath(journal: string, { cluster, uid }: Pick<Owner, "cluster" | "uid">): string {
  return join(journal, `${cluster}.${uid}.engine`)
}

/** @returns a directory that goes when the signal aborts. */
function temporary(signal: AbortSignal): string {
  const folder = mkdtempSync(join(tmpdir(), "muster-engine-"))
  onAbort(signal, () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export class EngineSecrets {
  readonly #path: string | undefined
  readonly #journal: string | false
  readonly #cluster: string
  readonly #clock: Clock
  /** A head lives that has values already: others would be of no use. */
  readonly #isGiven: () => boolean
  readonly #makers = new Map<string, Make>()
  #values: Promise<Values> | undefined

  constructor(journal: string | false, owner: Owner, clock: Clock, isGiven: () => boolean) {
    this.#path = journal === false ? undefined : engineSecretsPath(journal, owner)
    this.#journal = journal
    this.#cluster = owner.cluster
    this.#clock = clock
    this.#isGiven = isGiven
  }

  /** Says how a secret is made; nothing is made before it is needed. */
  add(name: string, make: Make): void {
    this.#makers.set(name, make)
  }

  /** Whether this machine has those of the head that lives; nothing is made. @throws SpecError where they are elsewhere. */
  async check(): Promise<void> {
    if (this.#isGiven()) await this.ensure()
  }

  /** All of them are made and kept at once: those of one engine may belong together. @throws SpecError where they are elsewhere. */
  ensure(): Promise<Values> {
    this.#values ??= this.#clock.busy("reading the engine's secrets", this.#ensure()).catch((error: unknown) => {
      this.#values = undefined
      throw error
    })
    return this.#values
  }

  /** @throws SpecError where this machine does not have it. */
  async value(name: string): Promise<string> {
    const value = (await this.ensure())[name]
    if (value === undefined) throw this.#missing()
    return value
  }

  /** Writes files for clients of the head: beside those secrets, or where none are kept in a temporary directory until the signal aborts. */
  async keep(files: Values, signal: AbortSignal): Promise<Values> {
    signal.throwIfAborted()
    const prefix = this.#path === undefined ? `${temporary(signal)}/` : `${await this.#safe(this.#path)}.`
    const paths = Object.keys(files).map((name) => [name, `${prefix}${name}`] as const)
    const writing = Promise.all(paths.map(([name, path]) => createWhole(path, files[name] ?? "")))
    await this.#clock.busy("writing the keys of the engine's client", writing)
    return Object.fromEntries(paths)
  }

  /** @throws Error where others may write beside it. */
  async #safe(path: string): Promise<string> {
    const unsafe = await directoryProblem(String(this.#journal))
    if (unsafe !== undefined) throw new Error(`${String(this.#journal)}: ${unsafe}`)
    return path
  }

  async #ensure(): Promise<Values> {
    const known = (this.#path === undefined ? undefined : await this.#read(this.#path)) ?? {}
    const missing = [...this.#makers].filter(([name]) => known[name] === undefined)
    if (missing.length === 0) return known
    if (this.#isGiven()) throw this.#missing()
    const made = await Promise.all(missing.map(async ([name, make]) => [name, await make()] as const))
    const all = { ...known, ...Object.fromEntries(made) }
    if (this.#path !== undefined) await createWhole(this.#path, `${JSON.stringify(all)}\n`)
    return all
  }

  async #read(path: string): Promise<Values | undefined> {
    await this.#safe(path)
    try {
      const problem = await fileProblem(path)
      if (problem !== undefined) throw new Error(`${path}: ${problem}`)
      return JSON.parse(await readFile(path, "utf8")) as Values
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
      // What a parser says of it may show some of it.
      if (error instanceof SyntaxError) throw new Error(`${path}: is no file of Muster's; remove it`)
      throw error
    }
  }

  #missing(): SpecError {
    const where =
      this.#path === undefined ? "none is kept where there is no journal" : `${this.#path} is not there, or lacks some`
    const message = `has a head in "${this.#cluster}" already, whose secrets this machine does not have (${where}); use the machine that made it, or copy that file from there`
    return new SpecError([{ option: "cluster.engine", message }])
  }
}
