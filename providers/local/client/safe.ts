/**
 * What is in a root is executed, and the processes that it names are signalled: so nothing of a root is read, run or ended that
 * another user could have put there.
 */
import { lstatSync, type Stats } from "node:fs"
import { stat } from "node:fs/promises"
import { RejectedError } from "../../../src/errors.js"
import type { Layout } from "./layout.js"
import { isErrno, unlessGone } from "./errors.js"

/** @throws RejectedError when others own or may write the root, or what is directly in it; one that is missing is safe. */
export async function checkOwned(layout: Layout): Promise<void> {
  const { root, instances, claims, clusters, looks } = layout
  await Promise.all(
    [root, instances, claims, clusters, looks].map(async (path) => {
      const found = await unlessMissing(stat(path))
      if (found === undefined || isOurs(found)) return
      throw new RejectedError(`using ${path}: ${describeOwner(found)}, or give another directory: local({ root })`, {
        code: "UnsafeRoot",
      })
    }),
  )
}

/**
 * Whether there is such an instance's directory.
 *
 * @throws RejectedError when others own or may write it, or it is a link to somewhere else.
 */
export function isInstance(layout: Layout, name: string): boolean {
  const path = layout.instance(name)
  const found = unlessGone(() => lstatSync(path))
  if (found === undefined || (!found.isDirectory() && !found.isSymbolicLink())) return false
  if (found.isDirectory() && isOurs(found)) return true
  const why = found.isDirectory() ? describeOwner(found) : "it is a link"
  throw new RejectedError(`using ${path}: ${why}; or look what its processes are, and remove it`, {
    code: "UnsafeInstance",
  })
}

async function unlessMissing(reading: Promise<Stats>): Promise<Stats | undefined> {
  try {
    return await reading
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined
    throw error
  }
}

function isOurs({ uid, mode }: Stats): boolean {
  const user = process.getuid?.()
  return user === undefined || (uid === user && (mode & 0o022) === 0)
}

function describeOwner({ uid, mode }: Stats): string {
  const bits = (mode & 0o777).toString(8)
  return `others can write to it (owner ${uid}, mode ${bits}); chown it to user ${process.getuid?.()} and chmod it to 700`
}
