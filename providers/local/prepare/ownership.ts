import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { OwnershipError, RejectedError } from "../../../src/errors.js"
import type { Owner } from "../../../src/provider.js"
import { clusterKey, createWhole, readText, unlessMissing } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import type { Host } from "../client/host.js"

export interface NameClaim {
  readonly number: number
  readonly cluster: string
  readonly owner: string
  readonly uid: string
  readonly generation: number
  readonly claim: string
  /** "<pid> <start>" of the process that claimed it. */
  readonly maker: string
  /** Milliseconds since 1970. */
  readonly claimedAt: number
  /** The cluster's, in seconds since 1970: until then it may live without instances. Earlier versions wrote none. */
  readonly deadline?: string
  /** Which process that is, on which machine, and since when. Earlier versions wrote none. */
  readonly holder?: string
}

/** Counts the living instances of a claim's owner. */
export type LivingOf = (host: Host, claim: NameClaim) => Promise<number>

const FILE = /^claim-(\d+)$/

/** The claim in force; undefined when the name was never claimed. */
export async function currentClaim(layout: Layout, key: string): Promise<NameClaim | undefined> {
  const { path } = layout.cluster(key)
  const files = (await unlessMissing(readdir(path))) ?? []
  const number = Math.max(0, ...files.map((file) => Number(FILE.exec(file)?.[1] ?? 0)))
  const text = number === 0 ? undefined : await readText(join(path, `claim-${number}`))
  return text === undefined ? undefined : { ...parseClaim(join(path, `claim-${number}`), text), number }
}

const TEXTS = ["cluster", "owner", "uid", "claim", "maker"] as const

function parseClaim(path: string, text: string): Omit<NameClaim, "number"> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const fields = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {}
  const isWhole = TEXTS.every((field) => typeof fields[field] === "string") && typeof fields.generation === "number"
  if (isWhole) return value as Omit<NameClaim, "number">
  throw new RejectedError(`reading ${path}: this is no claim of a cluster's name; look what it is, and remove it`, {
    code: "BadClaim",
  })
}

/**
 * Claims the owner's generation; the same claim twice is one.
 *
 * @param livingOf counts the living instances of a claim's owner.
 * @returns whether the cluster was taken over from an earlier generation.
 * @throws OwnershipError when another claim has this generation or a later one, or another uid has this name and lives.
 */
export async function claimName(
  layout: Layout,
  host: Host,
  owner: Owner,
  now: number,
  livingOf: LivingOf,
): Promise<boolean> {
  const key = clusterKey(owner)
  const { path, making } = layout.cluster(key)
  for (;;) {
    const current = await currentClaim(layout, key)
    if (current !== undefined && isSame(current, owner)) return false
    if (current !== undefined) await refuseIfOwned(owner, current, { host, now, livingOf })
    const { cluster, uid, generation, claim, deadline, holder } = owner
    const made = { maker: host.self, claimedAt: now, ...(holder === undefined ? {} : { holder }) }
    const mine = { cluster, owner: owner.owner, uid, generation, claim, deadline, ...made }
    const file = join(path, `claim-${(current?.number ?? 0) + 1}`)
    // When another process was first, its claim is the current one: read it again.
    if (await createWhole(file, making, JSON.stringify(mine))) return current?.uid === uid
  }
}

/** Throws OwnershipError unless the owner's claim is the one that counts. */
export async function verifyClaim(layout: Layout, owner: Owner, action: string): Promise<void> {
  const current = await currentClaim(layout, clusterKey(owner))
  if (current !== undefined && isSame(current, owner)) return
  if (current === undefined) {
    const message = `${action}: ${nameOf(owner)} is no longer held by ${owner.uid}: its claim was removed, as by \`muster delete\``
    throw new OwnershipError(`${message}; make a new cluster to launch again`, { code: "ClaimLost", gone: true })
  }
  throw new OwnershipError(
    `${action}: ${nameOf(owner)} is no longer held by generation ${owner.generation} of ${owner.uid}; it is held by ${describe(current)}`,
    { code: "ClaimLost" },
  )
}

function isSame(current: NameClaim, owner: Owner): boolean {
  return current.uid === owner.uid && current.generation === owner.generation && current.claim === owner.claim
}

interface ClaimCheck {
  readonly host: Host
  readonly now: number
  readonly livingOf: LivingOf
}

async function refuseIfOwned(owner: Owner, current: NameClaim, { host, now, livingOf }: ClaimCheck): Promise<void> {
  if (current.uid === owner.uid) {
    if (current.generation < owner.generation) return
    throw new OwnershipError(
      `claiming ${nameOf(owner)} for generation ${owner.generation}: it is held by ${describe(current)}; ` +
        "attach again to take it over with a later generation",
      { code: "ClaimHeld" },
    )
  }
  const live = await livingOf(host, current)
  if (live === 0 && !host.isAlive(current.maker)) return
  const ageS = Math.round((now - current.claimedAt) / 1000)
  throw new OwnershipError(
    `claiming ${nameOf(owner)}: a cluster with that name lives already, claimed ${ageS} s ago by ${describe(current)}, ` +
      `with ${live} instances; attach to it, close it, or choose another name or owner`,
    { code: "NameTaken" },
  )
}

function nameOf(owner: Pick<Owner, "cluster" | "owner">): string {
  return `the name ${owner.cluster} (owner ${owner.owner})`
}

function describe(claim: NameClaim): string {
  const [pid = "?"] = claim.maker.split(" ")
  return `process ${pid} with generation ${claim.generation} of ${claim.uid}`
}
