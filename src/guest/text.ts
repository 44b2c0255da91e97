/** Guest: shell text as it is sent. Pure. */

/** One word of shell, whatever is in it; it cannot hold a NUL. */
export function word(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** One word of shell, in quotes only where it needs them: a person reads it more easily. */
export function plainWord(text: string): string {
  return /^[\w./:=,@%+-]+$/.test(text) ? text : word(text)
}

/** The text without its comments, blank lines and indentation. It must have no here-document and no quotation over several lines. */
export function compact(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n")
}

/** A here-document that holds the text as it is: `cat <<'END'`, the text, and its end. */
export function hereDocument(command: string, text: string): string {
  const body = text.replace(/\n$/, "")
  const end = endMark(body)
  return `${command} <<'${end}'\n${body}\n${end}`
}

/** A line that the text does not have. */
function endMark(text: string): string {
  const lines = new Set(text.split("\n"))
  let mark = "MUSTER_END"
  while (lines.has(mark)) mark += "_"
  return mark
}

/** cloud-init, not a shell, carries out what begins so. */
export function isCloudConfig(startup: string | undefined): boolean {
  return startup?.startsWith("#cloud-config") ?? false
}
