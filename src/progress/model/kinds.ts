/** Kinds of trouble: a few words that stay few whatever the clouds' codes are, so that each has room in every frame. Pure. */

/** From what needs a person first to what is dealt with by itself. */
export const TROUBLE_KINDS = [
  "auth",
  "owner",
  "journal",
  "budget",
  "rejected",
  "quota",
  "capacity",
  "failed",
  "lost",
  "leaked",
  "unanswered",
  "timeout",
  "short",
  "transient",
  "throttled",
  "interrupted",
  "other",
] as const

export type TroubleKind = (typeof TROUBLE_KINDS)[number]

/** By the class of an error, or the code of a problem, where Muster itself names it. */
const BY_NAME: Readonly<Record<string, TroubleKind>> = {
  AuthError: "auth",
  OwnershipError: "owner",
  JournalError: "journal",
  BudgetError: "budget",
  RejectedError: "rejected",
  OfferRefusedError: "rejected",
  SpecError: "rejected",
  QuotaError: "quota",
  CapacityError: "capacity",
  BootFailures: "failed",
  StartupFailures: "failed",
  LeakError: "leaked",
  Unanswered: "unanswered",
  TimeoutError: "timeout",
  ShortfallError: "short",
  TransientError: "transient",
  UnavailableError: "transient",
  PartialListError: "transient",
  NotFoundError: "transient",
  ThrottledError: "throttled",
}

/** The kind of an error by its class or code; "other" for what is not known. */
export function kindOf(name: string): TroubleKind {
  return Object.hasOwn(BY_NAME, name) ? (BY_NAME[name] ?? "other") : "other"
}

/** The kind of what a cloud refused, by its reason. */
export function kindOfReason(reason: string): TroubleKind {
  if (reason === "boot" || reason === "startup") return "failed"
  return (TROUBLE_KINDS as readonly string[]).includes(reason) ? (reason as TroubleKind) : "other"
}

/** The place of a kind in the order of all. */
export function rankOf(kind: TroubleKind): number {
  return TROUBLE_KINDS.indexOf(kind)
}
