/** Script: a startup as people write it, in a template literal or an editor of Windows, as a shell wants it. Pure. */

/** A script as it is kept, and what was done to it, in words. */
export interface TidyScript {
  readonly text: string
  readonly changes: readonly string[]
}

const BYTE_ORDER_MARK = "\uFEFF"

/**
 * The same script with the first byte where a kernel looks for "#!", and lines that end as shells want it. Indentation that all
 * lines have in common goes; what one line has more than another stays, as what stands in a here-document must.
 */
export function tidyScript(script: string): TidyScript {
  const changes: string[] = []
  let text = script
  const change = (next: string, what: string) => {
    if (next !== text) changes.push(what)
    text = next
  }
  change(text.replace(BYTE_ORDER_MARK, ""), "a byte order mark was taken away")
  change(text.replaceAll("\r\n", "\n"), "line ends of Windows (CRLF) became those of Unix")
  const first = /\S.*/.exec(text)?.[0] ?? ""
  const isNamed = first.startsWith("#")
  const opened = text.replace(/^(?:[^\S\n]*\n)+/, "")
  // Where no first line says what it is, a shell takes no notice of what is blank.
  if (isNamed) change(opened, `blank lines before ${JSON.stringify(first.slice(0, 20))} were taken away`)
  else text = opened
  const indent = commonIndent(text)
  if (indent.length > 0) change(dedented(text, indent), `indentation of ${indent.length} was taken away from all lines`)
  if (isNamed) change(text.trimStart(), "indentation of the first line was taken away")
  return { text, changes }
}

/** What every line that is not blank begins with. */
function commonIndent(text: string): string {
  const indents = text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [/^[ \t]*/.exec(line)?.[0] ?? ""]))
  return indents.reduce((common, indent) => {
    let length = 0
    while (length < common.length && common[length] === indent[length]) length += 1
    return common.slice(0, length)
  }, indents[0] ?? "")
}

function dedented(text: string, indent: string): string {
  return text
    .split("\n")
    .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line.trimStart()))
    .join("\n")
}

/** The shell that reads a script, by its first line; undefined where it is another program, or no script. */
export function shellOf(script: string): "bash" | "sh" | "dash" | undefined {
  const [first = ""] = script.split("\n", 1)
  if (!first.startsWith("#!")) return first.startsWith("#cloud-config") ? undefined : "sh"
  const words = first.slice(2).trim().split(/\s+/)
  const program = nameOf(words[0])
  const name = program === "env" ? nameOf(words.slice(1).find((word) => !/^-|=/.test(word))) : program
  return name === "bash" || name === "sh" || name === "dash" ? name : undefined
}

function nameOf(path = ""): string {
  return path.slice(path.lastIndexOf("/") + 1)
}
