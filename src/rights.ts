/** Rights: what a principal must be allowed on a cloud, as data. `muster policy` prints policies of it, and `doctor` asks by it. */

/** What rights are for, by the name that `muster policy --with` takes. */
export interface Purpose {
  readonly name: string
  /** What they allow, in a few words. */
  readonly what: string
  /** `always`: nothing goes without. `usual`: for what Muster does by default. `asked`: only for what the user asks for. */
  readonly when: "always" | "usual" | "asked"
  /** What becomes of a burst without them, in words for the user. */
  readonly without: string
}

/**
 * How a cloud can be asked for a right without using it: `alone`; `on-ours`: only where something of Muster's is there, which its
 * condition can be tried on; `never`.
 */
export type Asking = "alone" | "on-ours" | "never"

/** One right, as the cloud names it: "ec2:RunInstances". */
export interface NeededRight {
  readonly name: string
  /** Names of purposes. */
  readonly for: readonly string[]
  readonly ask: Asking
}

/** A workflow of GitHub Actions, on one branch. */
export interface Workflow {
  readonly owner: string
  readonly repository: string
  readonly branch: string
}

/** All that is known of the rights on one cloud. */
export interface RightsBook {
  readonly purposes: readonly Purpose[]
  readonly rights: readonly NeededRight[]
  /** The policy for these purposes, ready to paste. Pure. */
  policy(purposes: ReadonlySet<string>): string
  /** How to make it the principal's, in one line. */
  readonly use: string
  /** What lets that workflow act as the principal without a secret, as the vendors document it. Pure. */
  trust(workflow: Workflow): string
  readonly useTrust: string
}

/** Of rights in a book, those for any of these purposes. */
export function rightsFor<R extends NeededRight>(rights: readonly R[], purposes: ReadonlySet<string>): readonly R[] {
  return rights.filter((right) => right.for.some((purpose) => purposes.has(purpose)))
}

/** What Muster does where nothing else is asked. */
export function usualPurposes({ purposes }: Pick<RightsBook, "purposes">): ReadonlySet<string> {
  return new Set(purposes.filter(({ when }) => when !== "asked").map(({ name }) => name))
}

/** "repo:octo/infra:ref:refs/heads/main", as GitHub's tokens have it ("OpenID Connect reference", docs.github.com). */
export function subjectOf({ owner, repository, branch }: Workflow): string {
  return `repo:${owner}/${repository}:ref:refs/heads/${branch}`
}

/** Who signs those tokens. */
export const GITHUB_ISSUER = "https://token.actions.githubusercontent.com"

/** The longest line of a policy. */
const WIDE = 120

/**
 * JSON as people write policies: what is within `depth` levels stands on lines of its own, and what is deeper too where it is too
 * long for one line.
 */
export function policyJson(value: unknown, depth: number, before = 0, indent = ""): string {
  const flat = flatJson(value)
  const isShort = indent.length + before + flat.length <= WIDE
  if (typeof value !== "object" || value === null || (depth <= 0 && isShort)) return flat
  const inner = `${indent}  `
  const rows = Array.isArray(value)
    ? value.map((one) => `${inner}${policyJson(one, depth - 1, 1, inner)}`)
    : Object.entries(value).map(([key, one]) => {
        const head = `${JSON.stringify(key)}: `
        return `${inner}${head}${policyJson(one, depth - 1, head.length + 1, inner)}`
      })
  const [open, close] = Array.isArray(value) ? "[]" : "{}"
  return `${open}\n${rows.join(",\n")}\n${indent}${close}`
}

function flatJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flatJson).join(", ")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const rows = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${flatJson(one)}`)
  return `{ ${rows.join(", ")} }`
}
