/** Verbs about this program. */
import { CLUSTER_FLAGS, COUNT_FLAG, DATA_FLAGS, JOURNAL_FLAG, PROGRESS_FLAG, ROW_FLAGS } from "../flag-tables.js"
import { SPEC_FLAGS } from "../spec/spec-flags.js"
import type { Verb } from "../surroundings.js"

export const OWN: readonly Verb[] = [
  {
    name: "policy",
    group: "This program",
    words: ["aws|gcp|azure"],
    summary: "what a principal must be allowed on a cloud, ready to paste",
    about:
      "Prints the smallest policy for what Muster does by default: JSON for AWS, a role in YAML for Google Cloud, a role in JSON for Azure. --with adds what options need, --only prints for some purposes alone; a purpose that there is not is answered with all there are. With --github the trust follows that lets the workflows of one branch use it without a secret. No cloud is asked.",
    flags: {
      with: {
        type: "string",
        value: "PURPOSE[,PURPOSE…]",
        help: "beside the default: access, peers, quotas and others",
      },
      only: { type: "string", value: "PURPOSE[,PURPOSE…]", help: "for these alone: launch, types and others" },
      github: { type: "string", value: "OWNER/REPO@BRANCH", help: "whose workflows may use it, by OIDC" },
      ...DATA_FLAGS,
    },
    examples: ["muster policy aws", "muster policy gcp --with access,peers --github octo/render@main"],
    load: () => import("./own/policy.js"),
  },
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
