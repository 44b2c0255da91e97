/** Remove: removes the directory of an instance. */
import type { Layout } from "./layout.js"
import { type InstanceRecord, recordName } from "./record.js"
import { createWhole, readText, uniqueName, unlessMissing } from "./directory.js"
import { join } from "node:path"
import { lstat, rename, rm } from "node:fs/promises"
import { release } from "./claims.js"
import { isErrno } from "./errors.js"

/**
 * Removes the directory of an instance without processes, in the order that supervisors keep as well: the name is spent,
 * then the directory goes in one rename, so that whatever is about to start in it finds all of it or nothing.
 */
export async function remove(layout: Layout, record: InstanceRecord): Promise<void> {
  const cluster = layout.cluster(record.cluster)
  const here = layout.instance(record.name)
  const text = await readText(join(here, recordName))
  if (text === undefined) return
  const isKept = (await unlessMissing(lstat(cluster.trash))) !== undefined
  if (isKept) await createWhole(join(cluster.spent, record.name), cluster.making, text)
  const grave = isKept
    ? join(cluster.trash, uniqueName(record.name))
    : join(layout.instances, `.${uniqueName(record.name)}`)
  if ((await unlessMissing(rename(here, grave).then(() => true))) !== true) return
  await release(layout, record, Object.values(record.claims))
  await removeGrave(grave)
}

/** What a process that nobody knows any more still writes there keeps it until its cluster's directory is removed. */
export async function removeGrave(grave: string): Promise<void> {
  try {
    await rm(grave, { recursive: true, force: true, maxRetries: 2 })
  } catch (error) {
    if (!isErrno(error, "ENOTEMPTY")) throw error
  }
}
