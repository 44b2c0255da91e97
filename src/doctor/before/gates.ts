/** Gates: why a walk must not begin. Pure. */
import type { Walk } from "../../provider.js"
import type { DoctorReport } from "../report.js"

/** @returns the lines that stand in the way, in words; undefined where none does. */
export function failingLines({ lines }: DoctorReport): string | undefined {
  // What is sold is looked for anew, in all that there is.
  const failing = lines.filter(({ status, check }) => status === "fail" && check !== "types")
  if (failing.length === 0) return undefined
  const told = failing.map(
    ({ check, text, remedy }) => `${check}: ${text}${remedy === undefined ? "" : ` (${remedy})`}`,
  )
  return `doctor fails, and nothing was made: ${told.join("; ")}`
}

interface ToldRight {
  readonly name: string
  readonly allowed: string
}

function rightsIn({ lines }: DoctorReport): readonly ToldRight[] {
  const told = lines.flatMap(({ check, data }) => (check === "rights" ? (data?.rights ?? []) : []))
  return told as unknown as readonly ToldRight[]
}

/** Whether machines could be ended again. */
export function endingRights(
  report: DoctorReport,
  { endsBy, provider: { limits } }: Pick<Walk, "endsBy" | "provider">,
): { readonly refused?: string; readonly unknown: readonly string[] } {
  const known = rightsIn(report)
  const allows = (right: string, allowed: string) => known.some((one) => one.name === right && one.allowed === allowed)
  const lacking = endsBy.filter((right) => allows(right, "no"))
  const unknown = endsBy.filter((right) => !allows(right, "yes") && !allows(right, "no"))
  if (lacking.length === 0 && (unknown.length === 0 || limits.outlivesDeadline !== true)) return { unknown }
  if (lacking.length === 0) {
    const why = limits.keepsEnded ?? "no guest can end its own machine here"
    const doubt = `it cannot be known whether this principal may end machines (${unknown.join(", ")}), and nothing else would: ${why}`
    return { refused: `${doubt}; nothing was made`, unknown }
  }
  const refused = `this principal may not end what it would make, and nothing was made: it lacks ${lacking.join(", ")}; muster policy prints what to allow`
  return { refused, unknown }
}

export function aboveBudget(most: number, budgetUsd: number): string | undefined {
  if (most <= budgetUsd) return undefined
  return `it could cost up to ${most.toFixed(4)} USD, and ${budgetUsd} USD are allowed: nothing was made; raise the budget (--budget), or name a cheaper type`
}
