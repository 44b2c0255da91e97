/** EC2's Query protocol, the request's side: `Filter.1.Value.2=x` becomes `{ Filter: [{ Value: [_, "x"] }] }`. */
import { Refusal } from "./refusals.js"

export type Parameter = string | readonly Parameter[] | { readonly [name: string]: Parameter }
export type Parameters = { readonly [name: string]: Parameter }

export interface Query {
  readonly action: string
  readonly parameters: Parameters
}

const VERSION = "2016-11-15"

export function parseQuery(body: string): Query {
  const { Action: action, Version: version, ...parameters } = Object.fromEntries(pairsOf(body))
  if (action === undefined) throw new Refusal("MissingAction", "The request must contain the parameter Action")
  if (version === undefined) throw new Refusal("MissingParameter", "The request must contain the parameter Version")
  if (version !== VERSION) {
    throw new Refusal("NoSuchVersion", `The requested version (${version}) of service AmazonEC2 does not exist`)
  }
  return { action, parameters: toLists(nested(parameters)) as Parameters }
}

function pairsOf(body: string): readonly (readonly [string, string])[] {
  const seen = new Set<string>()
  return [...new URLSearchParams(body)].map(([name, value]) => {
    if (seen.has(name)) throw new Refusal("MalformedQueryString", `The parameter ${name} is given twice`)
    seen.add(name)
    return [name, value] as const
  })
}

interface Branch {
  [name: string]: string | Branch
}

function nested(flat: Readonly<Record<string, string>>): Branch {
  const root: Branch = Object.create(null) as Branch
  for (const [path, value] of Object.entries(flat)) {
    const names = path.split(".")
    const last = names.pop() ?? path
    let at = root
    for (const name of names) {
      const next = at[name] ?? (Object.create(null) as Branch)
      if (typeof next === "string")
        throw new Refusal("InvalidParameterCombination", `The parameter ${path} cannot be under a value`)
      at[name] = next
      at = next
    }
    if (at[last] !== undefined) throw new Refusal("InvalidParameterCombination", `The parameter ${path} is given twice`)
    at[last] = value
  }
  return root
}

/** Branches whose names are numbers are lists. */
function toLists(branch: string | Branch): Parameter {
  if (typeof branch === "string") return branch
  const entries = Object.entries(branch)
  if (entries.length > 0 && entries.every(([name]) => /^[1-9]\d*$/.test(name))) {
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => toLists(value))
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, toLists(value)]))
}
