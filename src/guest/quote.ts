/** Quote: a text as one word of `sh`. Pure. */

/** Any text without a NUL, as one word that no shell expands. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
