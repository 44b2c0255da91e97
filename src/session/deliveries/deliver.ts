/** Deliver: one worker is brought what it does not have yet. It may be called again at any time, and goes on. */
import { createHash } from "node:crypto"
import { AuthError, HostKeyError, MusterError, TimeoutError, TransientError } from "../../errors.js"
import type { Supply } from "../../fleet/state/supplies.js"
import { sendFiles } from "../../remote/files/send.js"
import type { Remote } from "../../remote/remote.js"
import {
  arrivedAt,
  giveUp,
  markFiles,
  type PlaceOptions,
  placeSecrets,
  type SentName,
} from "../../remote/sent/place.js"

/** `early`: its guest does not wait yet. */
export type Carried = "whole" | "early"

export interface Delivery {
  readonly files: readonly Supply[]
  /** Undefined: there are no secrets. */
  readonly values: (() => Promise<Readonly<Record<string, string>>>) | undefined
}

/** Codes of errors that another try may not meet, though nothing of a connection is wrong: so often. */
const PASSING = new Set(["FileChanged", "SecretMissing"])
const MOST_TRIES = 3

/** Values are asked for only once its host key was checked, which the first command does. */
export async function deliverOnce(
  remote: Remote,
  { files, values }: Delivery,
  options: PlaceOptions,
): Promise<Carried> {
  const arrived = await arrivedAt(remote, options)
  if (arrived === undefined) return "early"
  if (files.length > 0 && !arrived.has("files")) {
    for (const { set, to } of files) await sendFiles(remote, set, to, options)
    await markFiles(remote, digestOf(files), options)
  }
  if (values !== undefined && !arrived.has("secrets")) await placeSecrets(remote, await values(), options)
  return "whole"
}

/** Has the guest fail with the reason, for all that it still waits for. */
export async function tellGuest(remote: Remote, why: string, options: PlaceOptions): Promise<void> {
  const arrived = await arrivedAt(remote, options)
  if (arrived === undefined) return
  const missing = (["files", "secrets"] as const satisfies readonly SentName[]).filter((name) => !arrived.has(name))
  for (const name of missing) await giveUp(remote, name, why, options)
}

/**
 * A guest that boots may not have made its user yet, nor written the proof of its host keys: nothing was sent then.
 *
 * @param before how many tries have failed before.
 */
export function mayPass(error: Error, before: number): boolean {
  if (error instanceof MusterError && error.code !== undefined && PASSING.has(error.code))
    return before + 1 < MOST_TRIES
  return [TransientError, TimeoutError, AuthError, HostKeyError].some((kind) => error instanceof kind)
}

/** The same on every worker of a group that has the same. */
function digestOf(files: readonly Supply[]): string {
  const whole = createHash("sha256")
  for (const { set, to } of files) whole.update(`${set.digest} ${to}\0`)
  return whole.digest("hex")
}
