/** An owner that is killed while its launch call is on the wire, and its journal as another process of the machine finds it. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { VirtualClock } from "../../src/calls/clock.js"
import { watchHandles } from "./handles.js"
import { type Life, mortal } from "./mortal.js"

/** No process has this number. */
const NO_PROCESS = 4_194_305

/** @param work what the owner does; it is killed as its first request of that api leaves, which arrives all the same. */
export async function killedAt(
  { clock }: { readonly clock: VirtualClock },
  api: string,
  work: (life: Life) => Promise<unknown>,
): Promise<void> {
  const closeHandles = watchHandles()
  const life = mortal(clock, (edge, what, own) => {
    if (edge === "begin" && what === api) clock.timer(1, () => own.die())
  })
  void work(life).catch(() => {})
  await clock.run(life.death)
  await closeHandles()
}

/** The journals are of processes that have ended. */
export function abandon(journal: string): void {
  for (const path of readdirSync(journal).map((name) => join(journal, name))) {
    const text = readFileSync(path, "utf8")
    writeFileSync(path, text.replaceAll(`"pid":${process.pid}}`, `"pid":${NO_PROCESS}}`))
  }
}
