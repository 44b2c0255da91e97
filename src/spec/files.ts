/** Files: the part of a worker's spec that says what of this machine's files its workers have. */
import { resolve } from "node:path"
import type { SpecProblem } from "../errors.js"
import type { Z } from "../input/parse.js"
import type { WorkerFields } from "./types.js"

/** One directory here, and where it goes. */
export interface ResolvedFiles {
  /** Absolute. */
  readonly from: string
  /** From the directory of the worker's startup. */
  readonly to: string
  /** More patterns, as a `.gitignore` has them. */
  readonly ignore: readonly string[]
}

/** Below the worker's own directory: the same place on every provider. */
const TO = /^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$))[^\0]+$/
const TO_RULE = 'use a path from the directory of the worker\'s startup, without "..": "app"'
const FROM_RULE = 'use the path of a directory here: ".", or a list: [{ from: ".", to: "app" }]'

const textSchema = (z: Z, rule: string) =>
  z
    .string(rule)
    .min(1, rule)
    .refine((text) => !text.includes("\0"), "has a NUL, which no path can hold")
    .meta({ pattern: "^[^\\u0000]*$" })

export const filesSchema = (z: Z) => {
  const entry = z.strictObject({
    from: textSchema(z, FROM_RULE),
    to: z.string(TO_RULE).regex(TO, TO_RULE).optional(),
    ignore: z.array(textSchema(z, "use patterns as a .gitignore has them")).optional(),
  })
  return z.union([textSchema(z, FROM_RULE), z.array(entry).min(1, "name at least one directory, or leave it out")])
}

/** @param at the directory that relative paths are in; this process's own when left out. */
export function resolveFiles(files: WorkerFields["files"], at = "."): readonly ResolvedFiles[] {
  if (files === undefined) return []
  const entries = typeof files === "string" ? [{ from: files }] : files
  return entries.map(({ from, to = ".", ignore = [] }) => ({ from: resolve(at, from), to: plain(to), ignore }))
}

function plain(to: string): string {
  const parts = to.split("/").filter((part) => part !== "" && part !== ".")
  return parts.length === 0 ? "." : parts.join("/")
}

/** As it is kept for whoever attaches later, who may be in another directory. */
export function keptFiles(files: WorkerFields["files"]): WorkerFields["files"] {
  if (files === undefined) return undefined
  return resolveFiles(files).map(({ from, to, ignore }) => ({
    from,
    ...(to === "." ? {} : { to }),
    ...(ignore.length === 0 ? {} : { ignore }),
  }))
}

/** A spec whose files are named from another directory than this process's own: that of the file which it is in. */
export function filesFrom<T extends { readonly files?: unknown; readonly groups?: unknown }>(spec: T, at: string): T {
  const placed = <U extends { readonly files?: unknown }>(one: U): U =>
    one.files === undefined ? one : { ...one, files: namedFrom(one.files as WorkerFields["files"], at) }
  const groups = Object.entries((spec.groups ?? {}) as Record<string, { readonly files?: unknown }>)
  const own = placed(spec)
  if (groups.every(([, group]) => group?.files === undefined)) return own
  return { ...own, groups: Object.fromEntries(groups.map(([name, group]) => [name, placed(group)])) }
}

function namedFrom(files: WorkerFields["files"], at: string): WorkerFields["files"] {
  if (files === undefined || typeof files === "string") return files === undefined ? undefined : resolve(at, files)
  return files.map((entry) => ({ ...entry, from: resolve(at, entry.from) }))
}

/** Two directories in one place would each take away what the other brought. */
export function filesProblems(option: string, files: readonly ResolvedFiles[]): SpecProblem[] {
  const twice = files.find(({ to }, index) => files.findIndex((other) => other.to === to) < index)
  if (twice === undefined) return []
  return [{ option, value: twice.to, message: `has two entries for "${twice.to}"; give each a "to" of its own` }]
}
