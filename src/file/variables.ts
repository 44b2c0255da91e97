/** Variables: `${NAME}` and `${NAME:-default}` in a value, from the environment. Pure. */
import { plain } from "../text.js"

/** A variable whose value stands somewhere in the data. */
export interface Used {
  readonly name: string
  readonly value: string
}

export interface Filled {
  readonly text: string
  readonly used: readonly Used[]
  readonly problems: readonly string[]
}

/** `$${` is a `${` that stays; what follows a `${` ends at the next `}`. */
const VARIABLE = /\$\$\{|\$\{([^}]*)\}?/g
const NAMED = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

export function hasVariable(text: string): boolean {
  return text.includes("${")
}

/** @param env where the values are; an empty one counts as none where there is a default. */
export function fillIn(text: string, env: Readonly<Record<string, string | undefined>>): Filled {
  const problems: string[] = []
  const used: Used[] = []
  const filled = text.replaceAll(VARIABLE, (whole, inner: string | undefined) => {
    if (inner === undefined) return "${"
    const [, name, ifNone] = NAMED.exec(inner) ?? []
    if (name === undefined || !whole.endsWith("}")) {
      problems.push(`${plain(whole)} is no variable; write \${NAME}, \${NAME:-default}, or $\${ for a "\${" that stays`)
      return ""
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (ifNone !== undefined && (value === undefined || value === "")) return ifNone
    if (value !== undefined) used.push({ name, value })
    if (value === undefined) problems.push(`${name} is not set; set it, or give a default: \${${name}:-…}`)
    return value ?? ""
  })
  return { text: filled, used, problems }
}
