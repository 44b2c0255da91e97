/**
 * Exclusive claims of addresses and places: symbolic links, because one system call makes both the name and, in its
 * target, by whom; no crash leaves one without the other. A claim whose instance neither exists nor is being made is stale.
 */
import { createHash } from "node:crypto"
import { lstat, readdir, readlink, rename, rm, symlink } from "node:fs/promises"
import { join } from "node:path"
import { CapacityError, TransientError } from "../../../src/errors.js"
import { uniqueName, unlessMissing } from "./directory.js"
import type { Layout } from "./layout.js"
import { isErrno } from "./errors.js"
import type { Host } from "./host.js"

/** For whom something is claimed. */
export interface Claimant {
  readonly name: string
  readonly cluster: string
  readonly uid: string
}

/** Ports that one instance has for its own where it shares its address. */
const PORTS_EACH = 10
/** The range of ports: above those of common services, below the ephemeral ports of Linux (32768) and macOS (49152). */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000

/** The target of a claim: a link's target may hold any letters but NUL, at most 4095 (PATH_MAX). */
function targetOf(host: Host, claimant: Claimant): string {
  return [claimant.name, claimant.cluster, claimant.uid, host.self].map(encodeURIComponent).join("/")
}

export interface Claim extends Claimant {
  readonly file: string
  readonly maker: string
}

function parseClaim(file: string, target: string): Claim {
  const [name = "", cluster = "", uid = "", maker = ""] = target.split("/").map(decodeURIComponent)
  return { file, name, cluster, uid, maker }
}

/** All claims there are. */
export async function readClaims(layout: Layout): Promise<readonly Claim[]> {
  const files = (await unlessMissing(readdir(layout.claims))) ?? []
  const claims = await Promise.all(files.map((file) => readClaim(layout, file)))
  return claims.filter((claim) => claim !== undefined)
}

async function readClaim(layout: Layout, file: string): Promise<Claim | undefined> {
  try {
    return parseClaim(file, await readlink(join(layout.claims, file)))
  } catch (error) {
    // EINVAL: not a link, so none of ours.
    if (isErrno(error, "ENOENT", "EINVAL")) return undefined
    throw error
  }
}

/**
 * Whether a claim is stale. The instance is checked twice, because it may have been made between the first check and the end of
 * its maker.
 */
export async function isStale(layout: Layout, host: Host, claim: Claim): Promise<boolean> {
  const exists = async () => (await unlessMissing(lstat(layout.instance(claim.name)))) !== undefined
  if (await exists()) return false
  const isSpent = (await unlessMissing(lstat(join(layout.cluster(claim.cluster).spent, claim.name)))) !== undefined
  return isSpent || (!host.isAlive(claim.maker) && !(await exists()))
}

async function tryClaim(layout: Layout, file: string, target: string): Promise<boolean> {
  try {
    await symlink(target, join(layout.claims, file))
    return true
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false
    throw error
  }
}

/**
 * Frees a stale claim. It is renamed before it is removed, because after the check another process may have freed it and a third
 * one claimed it; the third one's claim is then restored.
 */
export async function freeStale(layout: Layout, stale: Claim): Promise<void> {
  const aside = join(layout.cluster(stale.cluster).trash, uniqueName(stale.file))
  const moved = await unlessMissing(rename(join(layout.claims, stale.file), aside).then(() => true))
  if (moved === undefined) {
    // Its cluster's directory was removed, so no process can be making that instance.
    if ((await unlessMissing(lstat(layout.cluster(stale.cluster).path))) === undefined) {
      await rm(join(layout.claims, stale.file), { force: true })
    }
    return
  }
  const target = await readlink(aside)
  const found = parseClaim(stale.file, target)
  if (found.name !== stale.name || found.maker !== stale.maker) await tryClaim(layout, stale.file, target)
  await rm(aside, { force: true })
}

/** Releases the claims of an instance that was not made; claims of other instances stay. */
export async function release(
  layout: Layout,
  claimant: Pick<Claimant, "name">,
  files: readonly string[],
): Promise<void> {
  for (const file of files) {
    const claim = await readClaim(layout, file)
    if (claim?.name === claimant.name) await rm(join(layout.claims, file), { force: true })
  }
}

/**
 * Claims a place for each claimant as far as there are free ones, in their order.
 *
 * @returns the file of each place, fewer than claimants where `capacity` is reached.
 * @throws TransientError when some are held for the same instances: by an earlier sending that is still under way.
 */
export async function claimPlaces(
  layout: Layout,
  host: Host,
  kind: { readonly zone: string; readonly instanceType: string; readonly capacity: number },
  claimants: readonly Claimant[],
): Promise<readonly string[]> {
  const fileOf = (place: number) => `${kind.zone}+${kind.instanceType}+${place}`
  // Names alone: to read what each says, for each call of a launch, would cost the square of their number.
  const taken = new Set((await unlessMissing(readdir(layout.claims))) ?? [])
  const files = Array.from({ length: kind.capacity }, (_, place) => fileOf(place))
  // Free ones first: to find out that one is stale takes longer.
  const candidates = [...files.filter((file) => !taken.has(file)), ...files.filter((file) => taken.has(file))]
  const places: string[] = []
  let isTwin = false
  for (const file of candidates) {
    const claimant = claimants[places.length]
    if (claimant === undefined) break
    const holder = taken.has(file) ? await readClaim(layout, file) : undefined
    isTwin ||= claimants.some(({ name }) => name === holder?.name)
    if (holder !== undefined && !(await isStale(layout, host, holder))) continue
    if (holder !== undefined) await freeStale(layout, holder)
    if (await tryClaim(layout, file, targetOf(host, claimant))) places.push(file)
  }
  if (!isTwin || places.length === claimants.length) return places
  await Promise.all(places.map((file, index) => release(layout, claimants[index] ?? { name: "" }, [file])))
  throw new TransientError(
    `claiming ${claimants.length} places of ${kind.instanceType}: an earlier sending of this call still holds some of them; send it again`,
    { code: "EarlierSending" },
  )
}

export interface Address {
  readonly file: string
  readonly address: string
  readonly port: number
}

/** Claims an address: on Linux one of 127.0.0.0/8 with all its ports, elsewhere ports of 127.0.0.1. */
export async function claimAddress(layout: Layout, host: Host, claimant: Claimant): Promise<Address> {
  const first = createHash("sha256").update(claimant.name).digest().readUInt32BE(0)
  const { count, at } = process.platform === "linux" ? LOOPBACK_ADDRESSES : LOOPBACK_PORTS
  for (let step = 0; step < count; step += 1) {
    const candidate = at((first + step) % count)
    if (await tryClaim(layout, candidate.file, targetOf(host, claimant))) return candidate
  }
  throw new CapacityError(`making ${claimant.name}: all ${count} addresses of this machine are in use`, {
    code: "AddressesInUse",
    scope: { provider: "local" },
    ttlMs: 0,
  })
}

interface Addresses {
  readonly count: number
  at(index: number): Address
}

/** 127.1.0.1 to 127.254.255.254: not 127.0.x.y, where the machine's own names and resolvers live. */
const LOOPBACK_ADDRESSES: Addresses = {
  count: 254 * 256 * 254,
  at: (index) => {
    const [host, rest] = [(index % 254) + 1, Math.floor(index / 254)]
    const address = `127.${Math.floor(rest / 256) + 1}.${rest % 256}.${host}`
    return { file: address, address, port: FIRST_PORT }
  },
}

/** macOS has only 127.0.0.1 unless root adds aliases. */
const LOOPBACK_PORTS: Addresses = {
  count: (LAST_PORT - FIRST_PORT) / PORTS_EACH,
  at: (index) => {
    const port = FIRST_PORT + index * PORTS_EACH
    return { file: `127.0.0.1:${port}`, address: "127.0.0.1", port }
  },
}
