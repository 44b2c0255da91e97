/** Document: a file's text as nodes, with all that its form may not be. Pure. */
import {
  isAlias,
  isCollection,
  isScalar,
  Lexer,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from "yaml"
import type { Offset } from "./excerpt.js"

/** Something wrong with the text, and where. */
export interface TextProblem extends Offset {
  readonly message: string
}

export interface Nodes {
  readonly contents: Node | null
  readonly problems: readonly TextProblem[]
}

/** No spec is nested so deeply, and what reads the text grows with each level. */
const MOST_LEVELS = 50

/** Reads YAML 1.2, of which JSON is a part. */
export function nodesOf(text: string): Nodes {
  const deep = tooDeep(text)
  if (deep !== undefined) return { contents: null, problems: [deep] }
  const document = parseDocument(text, {
    ...{ version: "1.2", schema: "core", strict: true, uniqueKeys: false },
    ...{ lineCounter: new LineCounter(), prettyErrors: false, logLevel: "error" },
  })
  const syntax = syntaxProblems(document, text)
  const problems = syntax.length > 0 ? syntax : [...directiveProblems(document, text), ...nodeProblems(document)]
  return { contents: document.contents, problems }
}

/** Brackets inside of brackets, or lists inside of lists on one line, before anything that recurses sees them. */
function tooDeep(text: string): TextProblem | undefined {
  const message = `is nested more than ${MOST_LEVELS} levels deep`
  const compact = /^[ \t]*(?:[-?:][ \t]+){50}/m.exec(text)
  if (compact !== null) return { message, from: compact.index, to: compact.index + 1 }
  if ((text.match(/[[{]/g) ?? []).length <= MOST_LEVELS) return undefined
  const at = deepBracket(text)
  return at === undefined ? undefined : { message, from: at, to: at + 1 }
}

/** What the lexer puts between the parts of a text: a document's begin, the end of brackets that were left open, and a scalar's begin. */
const [DOCUMENT, LEFT_OPEN, SCALAR] = ["\u0002", "\u0018", "\u001f"]

/** Where brackets are nested too deeply; those in texts, scripts and comments nest nothing. */
function deepBracket(text: string): number | undefined {
  let [depth, at, before] = [0, 0, ""]
  for (const token of new Lexer().lex(text)) {
    if (before !== SCALAR) {
      if (token === "[" || token === "{") depth += 1
      else if (token === "]" || token === "}") depth = Math.max(0, depth - 1)
      else if (token === LEFT_OPEN) depth = 0
    }
    if (depth > MOST_LEVELS) return at
    if (![DOCUMENT, LEFT_OPEN, SCALAR].includes(token)) at += token.length
    before = token
  }
  return undefined
}

const SYNTAX: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "a tab indents this line; YAML is indented by spaces alone",
  MULTIPLE_DOCS: "a second document begins here; put several clusters under clusters: in one document",
  BLOCK_AS_IMPLICIT_KEY: 'a value with ": " in it needs quotes',
  BAD_SCALAR_START: "a value that begins with this character needs quotes",
  BAD_ALIAS: "anchors and aliases are not used here; write it out",
}

/** One mistake has many consequences: the first of each line is said. */
function syntaxProblems(document: Document.Parsed, text: string): readonly TextProblem[] {
  const byLine = new Map<number, TextProblem>()
  for (const { code, message, pos } of document.errors.slice(0, 10 * MOST_SYNTAX)) {
    const line = text.slice(0, pos[0]).split("\n").length
    const said = SYNTAX[code] ?? `is no YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
    const isVariable = text.split("\n")[line - 1]?.includes("${") === true
    const hint = isVariable ? `; inside { } and [ ] put quotes around "\${NAME}"` : ""
    if (!byLine.has(line)) byLine.set(line, { message: `${said}${hint}`, from: pos[0], to: pos[1] })
  }
  return [...byLine.values()].slice(0, MOST_SYNTAX)
}

const MOST_SYNTAX = 10

function directiveProblems({ directives, warnings }: Document.Parsed, text: string): readonly TextProblem[] {
  const isOther = directives.yaml.version !== "1.2" || warnings.some(({ code }) => code === "BAD_DIRECTIVE")
  if (!isOther) return []
  const [from, to] = [Math.max(0, text.indexOf("%")), text.indexOf("\n", text.indexOf("%"))]
  return [{ message: "this file is read as YAML 1.2; leave the directive out", from, to }]
}

/** What the form allows and a spec does not need: it makes files that mean something else than they seem to. */
function nodeProblems(document: Document.Parsed): readonly TextProblem[] {
  const problems: TextProblem[] = []
  visit(document, {
    Node(_key, node) {
      const [from, to] = rangeOf(node)
      if (isAlias(node) || ((isScalar(node) || isCollection(node)) && node.anchor !== undefined)) {
        problems.push({ message: "anchors and aliases are not used here; write it out", from, to })
      } else if (node.tag !== undefined) {
        const message = `the tag ${node.tag.replace("tag:yaml.org,2002:", "!!")} is not used here; put quotes around what is to be a text`
        problems.push({ message, from, to })
      }
    },
  })
  return problems
}

export function rangeOf(node: unknown): readonly [from: number, to: number] {
  const range = (node as { readonly range?: readonly [number, number, number] | null } | null)?.range
  return range === undefined || range === null ? [0, 0] : [range[0], range[1]]
}
