/** Rights: from what is known of each right to a line for what a burst does with them. Pure. */
import type { Finding, Json, SeenRight } from "../provider.js"
import type { Purpose } from "../rights.js"

interface Wanted {
  readonly name: string
  readonly isNeeded: boolean
}

/** @param purposes what there is in the cloud's table; and @param wanted what this burst needs of it. */
export function rightFindings(
  cloud: string,
  purposes: readonly Purpose[],
  wanted: readonly Wanted[],
  rights: readonly SeenRight[],
): readonly Finding[] {
  const data = { rights: rights.map(plain) }
  const asked = wanted.filter(({ name }) => purposes.find((one) => one.name === name)?.when === "asked")
  const extra = asked.length === 0 ? "" : ` --with ${asked.map(({ name }) => name).join(",")}`
  const command = `muster policy ${cloud}${extra}`
  const lacks = wanted.flatMap((one): readonly Finding[] => {
    const lacking = rights.filter((right) => right.isAllowed === false && right.for.includes(one.name))
    const purpose = purposes.find(({ name }) => name === one.name)
    if (lacking.length === 0 || purpose === undefined) return []
    const text = `no: ${namesOf(lacking)} (${purpose.what}): ${purpose.without}`
    return [{ status: one.isNeeded ? "fail" : "warn", text, remedy: `allow it: ${command} prints the policy` }]
  })
  const yes = rights.filter(({ isAllowed }) => isAllowed === true)
  const text = `yes: ${yes.length} of ${rights.length} that this burst may need`
  const all: Finding = { status: yes.length > 0 ? "ok" : "warn", text, data }
  return [all, ...lacks, ...unknownFindings(rights, command)]
}

function unknownFindings(rights: readonly SeenRight[], command: string): readonly Finding[] {
  const unknown = rights.filter(({ isAllowed }) => isAllowed === undefined)
  if (unknown.length === 0) return []
  const whys = [...new Set(unknown.flatMap(({ why }) => why ?? []))]
  const text = `cannot be known: ${namesOf(unknown)}${whys.length === 0 ? "" : ` (${whys.join("; ")})`}`
  return [{ status: "warn", text, remedy: `compare the principal's policy with ${command}` }]
}

function namesOf(rights: readonly SeenRight[]): string {
  return [...new Set(rights.map(({ name }) => name))].join(", ")
}

function plain({ name, for: purposes, isAllowed, why }: SeenRight): Json {
  const allowed = isAllowed === undefined ? "cannot be known" : isAllowed ? "yes" : "no"
  return { name, for: purposes, allowed, ...(why === undefined ? {} : { why }) }
}
