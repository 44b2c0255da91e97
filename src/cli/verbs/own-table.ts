/** Verbs about this program. */
import { DATA_FLAGS, JOURNAL_FLAG } from "../flag-tables.js"
import type { Verb } from "../surroundings.js"

export const OWN: readonly Verb[] = [
  {
    name: "completion",
    group: "This program",
    words: ["bash|zsh|fish", "[WORDS...]"],
    summary: "the script that completes command lines in a shell",
    about:
      "Prints a script for the shell to read: source <(muster completion bash), source <(muster completion zsh), or muster completion fish | source. Names of clusters come from this machine's journals: no cloud is asked.",
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
