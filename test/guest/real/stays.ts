/** A function that stays. */
import { renameSync, writeFileSync } from "node:fs"

/** Writes where it is, and blocks for ever. */
export function staysAt(path: string): void {
  writeFileSync(`${path}.new`, `${process.pid}\n`)
  renameSync(`${path}.new`, path)
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
}
