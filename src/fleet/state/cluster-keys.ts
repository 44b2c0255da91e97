/**
 * Cluster keys: the pair with which a cluster's workers are reached. It is made at the first launch, beside the cluster's journal, and
 * is removed with that. Whoever has the file reaches the workers from another machine too.
 */
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Clock } from "../../calls/clock.js"
import type { Owner } from "../../provider.js"
import { type KeyPair, makeKeyPair, readPrivateFile } from "../../remote/ssh/keys.js"
import { createWhole } from "../journal/draft.js"
import { directoryProblem, fileProblem } from "../journal/permissions.js"

export interface ClusterKey extends KeyPair {
  /** By which guests prove their host keys; whoever has the key knows it. In hex. */
  readonly nonce: string
}

/** Where a cluster's private key is; its name begins as the journals' do, with which it goes. */
export function keyPath(journal: string, { cluster, uid }: Pick<Owner, "cluster" | "uid">): string {
  return join(journal, `${cluster}.${uid}.key`)
}

export class ClusterKeys {
  /** The path of the private key; undefined where nothing is kept. */
  readonly path: string | undefined
  readonly #journal: string | false
  readonly #owner: Owner
  readonly #clock: Clock
  #made: ClusterKey | undefined
  #isKept = false
  #keeping: Promise<ClusterKey> | undefined

  constructor(journal: string | false, owner: Owner, clock: Clock) {
    this.#journal = journal
    this.#owner = owner
    this.#clock = clock
    this.path = journal === false ? undefined : keyPath(journal, owner)
  }

  /** The key that is there; undefined where this machine has none. @throws Error where others may have written it. */
  async found(): Promise<ClusterKey | undefined> {
    if (this.#made !== undefined || this.path === undefined) return this.#made
    this.#made = await this.#clock.busy("reading the cluster's key", this.#read(this.path))
    this.#isKept = this.#made !== undefined
    return this.#made
  }

  /** The key, which is made where there is none. @param isPreview nothing is written. */
  ensure(isPreview: boolean): Promise<ClusterKey> {
    if (isPreview) return this.#ensure(true)
    this.#keeping ??= this.#ensure(false).catch((error: unknown) => {
      this.#keeping = undefined
      throw error
    })
    return this.#keeping
  }

  async #ensure(isPreview: boolean): Promise<ClusterKey> {
    const key = (await this.found()) ?? withNonce(makeKeyPair(commentOf(this.#owner)))
    this.#made = key
    if (isPreview || this.#isKept || this.path === undefined) return key
    await this.#clock.busy("writing the cluster's key", createWhole(this.path, key.privateFile))
    this.#isKept = true
    return key
  }

  async #read(path: string): Promise<ClusterKey | undefined> {
    const unsafe = await directoryProblem(this.#journal as string)
    if (unsafe !== undefined) throw new Error(`${String(this.#journal)}: ${unsafe}`)
    let privateFile: string
    try {
      const problem = await fileProblem(path)
      if (problem !== undefined) throw new Error(`${path}: ${problem}`)
      privateFile = await readFile(path, "utf8")
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
      throw error
    }
    const read = readPrivateFile(privateFile)
    if (read === undefined) throw new Error(`${path}: is no private key in OpenSSH's format; remove it`)
    const { type, blob } = read.publicKey
    return withNonce({ privateFile, publicLine: `${type} ${blob} ${commentOf(this.#owner)}` })
  }
}

function commentOf({ cluster }: Owner): string {
  return `muster-${cluster}`
}

function withNonce(pair: KeyPair): ClusterKey {
  return { ...pair, nonce: nonceOf(pair.privateFile) }
}

/** @param privateFile the text of the cluster's private key. */
export function nonceOf(privateFile: string): string {
  return createHash("sha256").update(`host keys\n${privateFile}`).digest("hex")
}
