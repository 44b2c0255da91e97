/** Verbs about this program. */
import { CLUSTER_FLAGS, COUNT_FLAG, DATA_FLAGS, JOURNAL_FLAG, PROGRESS_FLAG, ROW_FLAGS } from "../flag-tables.js"
import { SPEC_FLAGS } from "../spec/spec-flags.js"
import type { Verb } from "../surroundings.js"

export const OWN: readonly Verb[] = [
  {
    name: "config",
    group: "This program",
    words: ["[NAME]"],
    summary: "each value that would be used, and where it is from",
    about:
      "Shows what flags, variables, the file and defaults come to, in this order, and which of them each value is from. No cloud is asked.",
    flags: { ...CLUSTER_FLAGS, ...COUNT_FLAG, ...SPEC_FLAGS, ...PROGRESS_FLAG, ...ROW_FLAGS },
    examples: ["muster config"],
    load: () => import("./own/config.js"),
  },
  {
    name: "completion",
    group: "This program",
    words: ["bash|zsh|fish", "[WORDS...]"],
    summary: "the script that completes command lines in a shell",
    about:
      "Prints a script for the shell to read: source <(muster completion bash), source <(muster completion zsh), or muster completion fish | source. Names of clusters, groups, workers, types, regions and owners come from the file and from this machine's journals: no cloud is asked.",
    flags: { ...JOURNAL_FLAG },
    examples: ["muster completion bash"],
    load: () => import("./own/completion.js"),
  },
  {
    name: "version",
    group: "This program",
    words: [],
    summary: "of this program",
    about: "Prints the version of muster-vms; -o json also that of Node, and the machine's platform.",
    flags: { ...DATA_FLAGS },
    examples: ["muster version"],
    load: () => import("./own/version.js"),
  },
]
