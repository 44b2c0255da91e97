/** A folder of its own for each test of a file. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach } from "vitest"

/** Before each test, `take` is given the path of a new, empty folder; after it the folder goes with all that is in it. */
export function folderForEachTest(take: (path: string) => void): void {
  let path = ""
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), "muster-test-"))
    take(path)
  })
  afterEach(() => {
    rmSync(path, { recursive: true, force: true })
  })
}
