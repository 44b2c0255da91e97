/** Files directory: where what a cluster's workers were brought is kept, beside its journal. Pure. */
import { join } from "node:path"
import type { Owner } from "../../provider.js"

const ENDING = ".files"

/** Its name begins as the journals' do, with which it goes. */
export function filesDirectory(journal: string, { cluster, uid }: Pick<Owner, "cluster" | "uid">): string {
  return join(journal, `${cluster}.${uid}${ENDING}`)
}

/** Whether a name that begins so is that of such a directory. */
export function isFilesDirectory(name: string): boolean {
  return name.endsWith(ENDING)
}
