/** Flags that several verbs have. Data: nothing is loaded for it. */
import { PROVIDER_NAMES } from "../spec/provider-schema.js"
import type { Flags } from "./surroundings.js"

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
}

export const OWNER_FLAG: Flags = {
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

export const REMOVE_FLAGS: Flags = {
  ...OWNER_FLAG,
  timeout: { type: "string", value: "DURATION", help: "how long to wait for the cloud to confirm; 15m when left out" },
  "dry-run": { type: "boolean", help: "show what would go, and remove nothing" },
  ...YES_FLAG,
  now: { type: "boolean", help: "do not wait for what a launch on its way may still make: it is named" },
  ...JOURNAL_FLAG,
  json: { type: "boolean", help: "the result as JSON" },
}
