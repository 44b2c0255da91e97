/** One line of requirements: a package, or an option of pip and uv. Pure. */

export interface Line {
  readonly text: string
  /** Of the package, as PyPI compares names. Undefined for an option. */
  readonly name?: string
  readonly extras?: readonly string[]
  /** "==2024.1.0,<2025" */
  readonly specifiers?: string
}

interface Refused {
  readonly problem: string
  /** The line itself may be one. */
  readonly isSecret: boolean
}

/** The start of PEP 508: a name, extras, and what follows. */
const REQUIREMENT = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([A-Za-z0-9._, -]*)\])?\s*(.*)$/
const CLAUSE = /^\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+\s*$/
const OPTIONS =
  /^(?:-i|--index-url|--extra-index-url|-f|--find-links|--trusted-host|--only-binary|--no-binary)[ =]\s*\S+$|^--(?:no-index|pre|prefer-binary)$/
/** In ssh's addresses a user's name stands there, which is none. */
const PASSWORD = /(?<!ssh):\/\/[^/@\s]+@/
const HASH = /\s--hash=\S+/g

const RULE = 'use a requirement as pip takes it: "pandas", "distributed==2024.1.0", "dask[distributed]>=2024.1"'
const SECRET_RULE =
  "it has a name or password, and what is written here reaches the cloud in plain text; give PIP_INDEX_URL or UV_INDEX_URL in secrets of the spec"
const PATH_RULE = "it is of this machine, which workers do not have; give files in the spec, and install it in setup"

/** A line without its hashes: they take more room than a machine's script may have. */
export function parseLine(given: string): Line | Refused {
  const text = given.replaceAll(HASH, "").trim()
  if (/[\n\r\0]/.test(text)) return { problem: RULE, isSecret: false }
  if (PASSWORD.test(text)) return { problem: SECRET_RULE, isSecret: true }
  if (/^(?:-e|--editable|\.{0,2}\/|file:)/.test(text)) return { problem: PATH_RULE, isSecret: false }
  if (/^(?:-c|--constraint)\b/.test(text)) {
    return { problem: "constraints are not read; write the versions into the requirements", isSecret: false }
  }
  if (text.startsWith("-"))
    return OPTIONS.test(text) ? { text } : { problem: `${RULE}; it is no option that is read here`, isSecret: false }
  const match = REQUIREMENT.exec(text)
  if (match === null) return { problem: RULE, isSecret: false }
  const [, name = "", extras = "", rest = ""] = match
  const [specifiers = ""] = rest.split(/\s*;/)
  const isAt = rest.startsWith("@")
  if (isAt && /^@\s*(?:file:|\.{0,2}\/)/.test(rest)) return { problem: PATH_RULE, isSecret: false }
  const clauses = specifiers.replace(/^\((.*)\)$/, "$1")
  if (!isAt && clauses.trim() !== "" && !clauses.split(",").every((clause) => CLAUSE.test(clause))) {
    return { problem: RULE, isSecret: false }
  }
  return {
    text,
    name: name.toLowerCase().replaceAll(/[-_.]+/g, "-"),
    extras: extras
      .split(",")
      .map((extra) => extra.trim().toLowerCase())
      .filter((extra) => extra !== ""),
    ...(isAt ? {} : { specifiers: clauses }),
  }
}

/** The one version that it allows; undefined where it allows several. */
export function pinOf({ specifiers = "" }: Line): string | undefined {
  const exact = specifiers.split(",").map((clause) => /^\s*={2,3}\s*([^*]+?)\s*$/.exec(clause)?.[1])
  return exact.find((version) => version !== undefined)
}
