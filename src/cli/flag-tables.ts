/** Flags that several verbs have. Data: nothing is loaded for it. */
import { PROVIDER_NAMES } from "../spec/provider-schema.js"
import type { Flags } from "./surroundings.js"

const FILE: Flags = {
  file: {
    type: "string",
    short: "f",
    value: "FILE|-",
    help: "the spec; muster.yaml, .yml or .json from here upwards when left out",
    variable: "MUSTER_FILE",
  },
}

const OWNER: Flags = {
  owner: { type: "string", value: "NAME", help: `whose clusters; "default" when left out`, variable: "MUSTER_OWNER" },
}

export const JOURNAL_FLAG: Flags = {
  journal: {
    type: "string",
    value: "DIR",
    help: "where this machine's launch journal is, when not in its usual place",
    variable: "MUSTER_JOURNAL",
  },
}

export const YES_FLAG: Flags = {
  yes: { type: "boolean", short: "y", help: "do not ask", variable: "MUSTER_YES" },
}

/** Where: the place of the file counts where none is named. */
export const PLACE_FLAGS: Flags = {
  provider: {
    type: "string",
    short: "p",
    value: PROVIDER_NAMES.join("|"),
    help: "the cloud",
    variable: "MUSTER_PROVIDER",
  },
  region: { type: "string", short: "r", value: "NAME[,NAME…]", help: "where to look", variable: "MUSTER_REGION" },
  option: { type: "string", value: "KEY=VALUE", help: "an option of the provider; KEY:=JSON for what is no text" },
  ...FILE,
}

/** Which cluster, and where. */
export const CLUSTER_FLAGS: Flags = { ...PLACE_FLAGS, ...OWNER, ...JOURNAL_FLAG }

/** The same where -f follows. */
export const CLUSTER_FLAGS_FOLLOWING: Flags = {
  ...CLUSTER_FLAGS,
  file: { type: "string", value: "FILE|-", help: "the spec, which names the cluster", variable: "MUSTER_FILE" },
}

const JSON_FLAG: Flags = { json: { type: "boolean", help: "the same as -o json" } }

const output = (formats: string): Flags => ({
  output: { type: "string", short: "o", value: formats, help: "how the result is written", variable: "MUSTER_OUTPUT" },
})

/** Of what is one thing. */
export const DATA_FLAGS: Flags = { ...output("table|json|yaml"), ...JSON_FLAG }

/** Of one thing that has rows as well. */
export const WIDE_DATA_FLAGS: Flags = { ...output("table|wide|json|yaml"), ...JSON_FLAG }

/** Of rows. */
export const ROW_FLAGS: Flags = {
  ...output("table|wide|json|yaml|name"),
  "no-headers": { type: "boolean", help: "rows alone" },
  ...JSON_FLAG,
}

export const PROGRESS_FLAG: Flags = {
  progress: {
    type: "string",
    value: "auto|terminal|plain|json|quiet",
    help: "how progress is shown, on standard error",
    variable: "MUSTER_PROGRESS",
  },
}

export const COUNT_FLAG: Flags = {
  workers: {
    type: "string",
    short: "n",
    value: "N|GROUP=N",
    help: "how many; the file's target when left out",
    variable: "MUSTER_WORKERS",
  },
}

export const TAKE_OVER_FLAG: Flags = {
  "take-over": { type: "boolean", help: "also from a process that was seen holding the cluster, which stops" },
}

export const TIMEOUT_FLAG: Flags = {
  timeout: { type: "string", value: "DURATION", help: "how long to wait for workers; 10m or longer when left out" },
}

export const REMOVE_FLAGS: Flags = {
  ...OWNER,
  timeout: { type: "string", value: "DURATION", help: "how long to wait for the cloud to confirm; 15m when left out" },
  "dry-run": { type: "boolean", help: "show what would go, and remove nothing" },
  ...YES_FLAG,
  now: { type: "boolean", help: "do not wait for what a launch on its way may still make: it is named" },
  ...JOURNAL_FLAG,
  ...DATA_FLAGS,
}
