/** Verbs that end something. */
import { PLACE_FLAGS, REMOVE_FLAGS } from "../flag-tables.js"
import type { Verb } from "../surroundings.js"

export const ENDING: readonly Verb[] = [
  {
    name: "delete",
    aliases: ["rm"],
    group: "End",
    words: ["NAME"],
    summary: "ends a cluster and removes all that was made for it",
    about:
      "Ends every instance with the cluster's tags at once, waits until the cloud confirms it, and removes what else was made for it. A launch that may still be on its way is waited for: as this machine's journal tells, or, where that tells nothing, for the minutes that the cloud may take (--now skips this). A process that holds the cluster gives way: it says that somebody deleted it, lowers its target, and launches nothing. It replaces nevertheless while a scale of its own waits for more workers, and in a few more cases that docs/operations.md names: what comes anew meanwhile is exit code 4. To be sure, end that process first.",
    flags: { ...PLACE_FLAGS, ...REMOVE_FLAGS },
    examples: ["muster delete render --yes", "muster delete render --provider aws --region eu-west-2 --dry-run"],
    load: () => import("./end/delete.js"),
  },
  {
    name: "sweep",
    group: "End",
    words: [],
    summary: "removes what has expired, and what is left of clusters that are gone",
    about:
      "Ends instances that have outlived their cluster's deadline or their lease, and removes what is left of clusters that are gone. What a living process may hold stays, unless --name or --older-than says otherwise.",
    flags: {
      ...PLACE_FLAGS,
      ...REMOVE_FLAGS,
      name: { type: "string", value: "NAME", help: "all of this cluster, or what of it is --older-than" },
      "older-than": { type: "string", value: "DURATION", help: 'also instances launched longer ago: "6h", "2d"' },
      shared: { type: "boolean", help: "also set-up that clusters share, where nothing of Muster's lives" },
    },
    examples: ["muster sweep --provider aws --region eu-west-2 --dry-run"],
    load: () => import("./end/sweep.js"),
  },
]
