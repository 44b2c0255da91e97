/** What a user can do about a reason. Pure. */
import type { ShortfallReason } from "../../errors.js"
import type { Scope } from "../../provider.js"

type ReasonKey = Pick<ShortfallReason, "reason" | "code" | "scope">

/** By code, where Muster itself says it. */
const BY_CODE: Readonly<Record<string, string>> = {
  Ending: "wait: how its work ended is read from its console, for a minute and a half at most",
  NotReady: "look at what its check says; give ready a longer timeout where they need longer",
  Pending: "wait for them: give a longer timeout, or a minimum below the target",
  Unanswered: "wait: each such call is sent again with its token until its outcome is known, and makes nothing twice",
  NotStarted: "wait: they are asked for next",
  Vanishing: "find out who or what ends them (an account's clean-up job, a startup script that shuts its machine down)",
  MaxWorkers: "raise maxWorkers, or wait until workers that are leaving have gone",
  BudgetPerHour: "raise budget.perHour, or allow cheaper instance types, zones or spot",
  BudgetTotal: "make or attach to the cluster with a larger budget.total",
  BudgetUntil: "make or attach to the cluster with a later budget.until",
  BudgetUnpriced: 'name types whose price is known, give a price table, or set budget.unpriced to "allow"',
}

/** One sentence: what would help. */
export function adviceFor({ reason, code, scope }: ReasonKey): string {
  const known = BY_CODE[code]
  if (known !== undefined) return known
  switch (reason) {
    case "capacity":
      return capacityAdvice(scope)
    case "quota":
      return `ask the cloud for an increase${ofWhat(scope)}, or add ${scope.family === undefined ? "regions or providers" : "instance types of other families, or regions"}`
    case "rejected":
      return "correct what the message names, then scale again: the cloud will not accept this request"
    case "transient":
      return "none needed: the cloud could not do it just now, and it is asked again by itself; add zones, regions or providers to be less dependent on one"
    case "boot":
      return "look at image and startup script (the message has the last of the console), then scale again"
    case "startup":
      return 'correct the script (the message has the last of its output), then scale again; whenDone: { failure: "keep" } keeps an instance for looking'
    case "interrupted":
      return 'none needed: they are replaced; market "spot-with-fallback" or "on-demand" is interrupted less'
    case "budget":
      return "raise the budget, or ask for fewer or cheaper workers"
    case "timeout":
      return "give a longer timeout, or a minimum below the target"
    case "error":
      return "correct what the message names, then scale again; other providers or regions in the spec would be used meanwhile"
  }
}

function capacityAdvice({ zone, instanceType, market }: Scope): string {
  const wider = [
    instanceType === undefined ? "" : "instance types (or sizes instead of types)",
    zone === undefined ? "" : "zones",
    "regions",
  ].filter((text) => text !== "")
  const fallback = market === "spot" ? ', or use market "spot-with-fallback"' : ""
  return `add ${wider.join(", ")}${fallback}; it is tried again by itself`
}

function ofWhat({ family, market, region }: Scope): string {
  const parts = [family === undefined ? "" : ` of ${family}`, market === undefined ? "" : ` (${market})`]
  return `${parts.join("")}${region === undefined ? "" : ` in ${region}`}`
}
