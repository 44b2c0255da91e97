/** The pages a user reads, and the code in them. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const ROOT = fileURLToPath(new URL("../..", import.meta.url))

export const PAGES: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(ROOT, "docs")).map((page) => `docs/${page}`),
]

export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), "utf8")
}

export interface Block {
  readonly page: string
  /** The line of the page on which its code begins. */
  readonly line: number
  readonly code: string
}

/** Fenced blocks of a language. */
export function blocksOf(page: string, language: string): readonly Block[] {
  const text = textOf(page)
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(({ index, 1: code = "" }) => ({
    page,
    line: text.slice(0, index).split("\n").length + 1,
    code,
  }))
}
