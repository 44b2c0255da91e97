/** Holding: the cluster of a command line, opened to be held: what it takes, and that it is let go of whatever happens. */
import { clusterOf, type NamedTarget, optionsOf } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { lettingGoText } from "../../going-on.js"
import { providersAt } from "../../spec/places.js"
import { requireJournal } from "../../state/writable.js"
import { mayChange } from "../../taking-over.js"
import type { Held } from "./hold.js"
import { progressOf } from "./progress.js"

/** @param act what is done with it. @returns its exit code; `failed` where somebody else has the cluster and keeps it. */
export async function holding(
  target: NamedTarget,
  { given, surroundings, atEnd }: Pick<Held, "given" | "surroundings" | "atEnd">,
  act: (held: Held) => Promise<number>,
): Promise<number> {
  await requireJournal(given, surroundings)
  const providers = await providersAt(target.places, surroundings)
  const cluster = clusterOf(target, providers, optionsOf(given, surroundings), { existing: "connect" })
  if (!(await mayChange(target, providers, given, surroundings))) return EXIT.failed
  const lettingGo = () => `${lettingGoText(cluster, target, providers, given)}\n`
  const progress = await progressOf(cluster, given, surroundings)
  try {
    return await act({ cluster, given, surroundings, lettingGo, atEnd, progress })
  } finally {
    progress.stop()
    await cluster.detach()
  }
}
