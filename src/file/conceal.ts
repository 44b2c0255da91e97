/** Conceal: what is said of a value that a variable gave names the variable, and never shows what it stands for. Pure. */
import { show } from "../input/parse.js"
import type { SpecProblem } from "../errors.js"
import type { Located } from "./data.js"
import type { Used } from "./variables.js"

/** A shorter one is found in many words, and is no secret. */
const SHORTEST_SECRET = 6

/**
 * @param found what the problem is about.
 * @param used the variables of the whole file.
 */
export function concealed(problem: SpecProblem, found: Located, used: readonly Used[]): SpecProblem {
  const { value } = problem
  const written = writtenOf(value, found)
  if (written === value) return { ...problem, message: withNames(problem.message, used) }
  const [shown, instead] = [show(value), show(written)]
  const message = problem.message
    .replace(`is ${shown}`, () => `is what ${instead} stands for`)
    .replace(`(value ${shown})`, () => `(value ${instead})`)
  return { ...problem, value: written, message: withNames(message, used) }
}

/** The text with the name of each variable in place of its value. */
export function withNames(text: string, used: readonly Used[]): string {
  const secrets = used.filter(({ value }) => value.length >= SHORTEST_SECRET)
  return secrets
    .sort((a, b) => b.value.length - a.value.length)
    .reduce((left, { name, value }) => {
      const escaped = JSON.stringify(value).slice(1, -1)
      return left.replaceAll(value, () => `\${${name}}`).replaceAll(escaped, () => `\${${name}}`)
    }, text)
}

/** A value as the file has it; the value itself where no variable is in it. */
function writtenOf(value: unknown, { written, children }: Located): unknown {
  if (written !== undefined) return written
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => {
    const found = children.get(key)
    return [key, found === undefined ? inner : writtenOf(inner, found)] as const
  })
  if (entries.every(([key, inner]) => inner === (value as Record<string, unknown>)[key])) return value
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}
