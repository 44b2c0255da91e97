/** Caseless: a pattern that takes capitals for small letters without saying so by a flag. Pure. */

/** An escape (`\p{L}`, `\d`), a class's brackets, a range of letters, or a letter. */
const PARTS = /\\[pP]\{[^}]*\}|\\.|[[\]]|([a-zA-Z])-([a-zA-Z])|[a-zA-Z]/g

/** @param source of a pattern of plain letters, classes and escapes. */
export function caseless(source: string): string {
  let isInClass = false
  return source.replaceAll(PARTS, (part: string, first: string | undefined, last: string | undefined) => {
    if (part === "[" || part === "]") isInClass = part === "["
    if (part.length === 1 && /[a-zA-Z]/.test(part)) {
      const both = `${part.toLowerCase()}${part.toUpperCase()}`
      return isInClass ? both : `[${both}]`
    }
    // Between brackets a range stands for the letters from one to the other, in both of their cases.
    if (first === undefined || last === undefined || !isInClass) return part
    return `${first.toLowerCase()}-${last.toLowerCase()}${first.toUpperCase()}-${last.toUpperCase()}`
  })
}
