/** Scratch: a folder for what needs not last. Plain `sh`. Pure. */
import { compact, word } from "../text.js"

/** `muster_scratch` makes the folder, and sets MUSTER_SCRATCH. */
export function scratchStep(path: string): string {
  return compact(`
    muster_scratch() {
      MUSTER_SCRATCH="$muster_root"${word(path)}
      mkdir -p "$MUSTER_SCRATCH"
    }`)
}
