/** Verbs that plan, make and keep clusters. */
import {
  CLUSTER_FLAGS,
  COUNT_FLAG,
  DATA_FLAGS,
  PLACE_FLAGS,
  PROGRESS_FLAG,
  ROW_FLAGS,
  TAKE_OVER_FLAG,
  TIMEOUT_FLAG,
} from "../flag-tables.js"
import { SPEC_FLAGS } from "../spec/spec-flags.js"
import type { Flags, Verb } from "../surroundings.js"

function pick(...names: readonly string[]): Flags {
  return Object.fromEntries(Object.entries(SPEC_FLAGS).filter(([name]) => names.includes(name)))
}

const { file: _file, ...PLACE_FLAGS_WITHOUT_FILE } = PLACE_FLAGS

const ON_INTERRUPT_FLAG: Flags = {
  "on-interrupt": {
    type: "string",
    value: "close|let-go",
    help: "what becomes of it at a signal where nobody can be asked; close when left out",
    variable: "MUSTER_ON_INTERRUPT",
  },
}

export const MAKING: readonly Verb[] = [
  {
    name: "init",
    group: "Make",
    words: ["[NAME]"],
    summary: "writes a first muster.yaml, asked or by flags",
    about:
      "Writes a first spec with comments. What flags leave out is asked for at a terminal. A file that is there is not overwritten.",
    flags: {
      ...PLACE_FLAGS_WITHOUT_FILE,
      ...pick("instance-type", "vcpus", "memory-gib", "market", "budget-per-hour"),
      ...COUNT_FLAG,
      file: { type: "string", short: "f", value: "FILE|-", help: "where; muster.yaml when left out, - prints it" },
    },
    examples: ["muster init render --provider aws --region eu-west-2 --vcpus 2 -n 10 --budget-per-hour 5"],
    load: () => import("./make/init.js"),
  },
  {
    name: "plan",
    group: "Make",
    words: ["[NAME]"],
    summary: "what a target would do: calls, prices, quotas; makes nothing",
    about:
      "Prints the launch calls that up would send for the target, the offers in the order in which they are tried, the price an hour, quotas, and the time that the account's limits need. Nothing is made.",
    flags: { ...CLUSTER_FLAGS, ...COUNT_FLAG, ...SPEC_FLAGS, ...DATA_FLAGS },
    examples: ["muster plan -n 4", "muster plan render --provider aws --region eu-west-2 --vcpus 2 -n 100 -o json"],
    load: () => import("./make/plan.js"),
  },
  {
    name: "up",
    group: "Make",
    words: ["[NAME]"],
    summary: "makes it so, and holds it: replaces what is lost until Ctrl-C",
    about:
      "Launches what the target wants, shows progress, and holds the cluster: what is lost is replaced, budget and lease are kept. A cluster of the name that lives is gone on with. Ctrl-C asks whether to close it, let it go, or go on; where nobody can be asked, --on-interrupt says it. With --detach it lets go once the target runs: the workers go on until the deadline, and nobody replaces what is lost.",
    flags: {
      ...CLUSTER_FLAGS,
      ...COUNT_FLAG,
      ...SPEC_FLAGS,
      detach: { type: "boolean", short: "d", help: "let go once the target runs" },
      ...ON_INTERRUPT_FLAG,
      ...TAKE_OVER_FLAG,
      ...TIMEOUT_FLAG,
      ...PROGRESS_FLAG,
    },
    examples: ["muster up render -n 3 --detach"],
    load: () => import("./make/up.js"),
  },
  {
    name: "adapt",
    group: "Make",
    words: ["[NAME]"],
    summary: "has a cluster follow its work, and holds it until Ctrl-C",
    about:
      "Reads what the file says under adapt, and has the cluster follow that demand: up while there is work, to zero when there is none. It is held as up holds one, and Ctrl-C asks what becomes of it. With --unit it makes nothing: it prints a systemd unit that runs this command line.",
    flags: {
      ...CLUSTER_FLAGS,
      ...SPEC_FLAGS,
      unit: { type: "boolean", help: "print a systemd unit that does this, and make nothing" },
      ...ON_INTERRUPT_FLAG,
      ...TAKE_OVER_FLAG,
      ...PROGRESS_FLAG,
    },
    examples: ["muster adapt encode --file muster.yaml", "muster adapt encode --file muster.yaml --unit"],
    load: () => import("./make/adapt.js"),
  },
  {
    name: "scale",
    group: "Make",
    words: ["NAME", "[COUNT|GROUP=COUNT...]"],
    summary: "sets how many workers a cluster has, waits for them, and lets go",
    about:
      "Takes the cluster over, launches or ends workers until the target runs, and lets go: nobody replaces what is lost from then on. Who else was seen holding the cluster is named first. What its workers are is known from the instances' tags, or from the file and flags.",
    flags: { ...CLUSTER_FLAGS, ...SPEC_FLAGS, ...TAKE_OVER_FLAG, ...TIMEOUT_FLAG, ...PROGRESS_FLAG, ...DATA_FLAGS },
    examples: ["muster scale render 2"],
    load: () => import("./make/scale.js"),
  },
  {
    name: "offers",
    group: "Make",
    words: ["[NAME]"],
    summary: "what is sold that fits, with prices; makes nothing",
    about:
      "Lists what the clouds sell that fits the spec, in the order in which it would be tried, with prices. Nothing is made. With a NAME the spec is that of this cluster in the file.",
    flags: { ...CLUSTER_FLAGS, ...SPEC_FLAGS, ...ROW_FLAGS },
    examples: ["muster offers --provider aws --region eu-west-2 --vcpus 2..4 -o wide"],
    load: () => import("./make/offers.js"),
  },
  {
    name: "rehearse",
    group: "Make",
    words: ["[SCENARIO]", "[NAME]"],
    summary: "plays the spec on a small cloud on a bad day; makes nothing",
    about:
      "Plays the spec against a scenario with the real core on a simulated cloud in virtual time: calm-day, one-zone-empty, spot-drought, spot-storm, fresh-account, brown-out, region-outage, slow-boots, failing-startups or everything. No cloud is asked, and nothing is made.",
    flags: {
      ...CLUSTER_FLAGS,
      ...COUNT_FLAG,
      ...SPEC_FLAGS,
      duration: { type: "string", value: "DURATION", help: "how long the cluster is kept; 30m when left out" },
      seed: { type: "string", value: "N", help: "fixes all luck; 1 when left out" },
      svg: { type: "string", value: "FILE", help: "where a picture of it is written" },
      ...DATA_FLAGS,
    },
    examples: ["muster rehearse spot-storm --provider aws --region eu-west-2 --vcpus 2 --market spot -n 20"],
    load: () => import("./make/rehearse.js"),
  },
]
