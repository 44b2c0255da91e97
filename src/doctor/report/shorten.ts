/** Shorten: of long lists in an answer only what is about the walk, and a few others. Pure. */

/** Shorter answers stay as they are. */
const LONG = 24_000
const MOST = 12
/** What cannot be taken apart is cut. */
const CUT = 4_000

/** @param about texts of which one is in what is kept first. */
export function shortened(body: string, about: readonly string[]): string {
  if (body.length <= LONG) return body
  const isAbout = (text: string) => about.some((one) => one !== "" && text.includes(one))
  const start = body.trimStart()[0]
  if (start === "{" || start === "[") {
    try {
      return JSON.stringify(lists(JSON.parse(body) as unknown, isAbout))
    } catch {
      return body.slice(0, CUT)
    }
  }
  return start === "<" ? items(body, isAbout) : body.slice(0, CUT)
}

function lists(value: unknown, isAbout: (text: string) => boolean): unknown {
  if (typeof value === "string") return value.length > LONG ? value.slice(0, CUT) : value
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return few(value, (one) => isAbout(JSON.stringify(one))).map((one) => lists(one, isAbout))
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, lists(inner, isAbout)]))
}

function few<T>(all: readonly T[], isAbout: (one: T) => boolean): readonly T[] {
  if (all.length <= MOST) return all
  const marked = all.map((one) => ({ one, is: isAbout(one) }))
  const rest = Math.max(0, MOST - marked.filter(({ is }) => is).length)
  let others = 0
  return marked
    .filter(({ is }) => is || others++ < rest)
    .slice(0, 4 * MOST)
    .map(({ one }) => one)
}

/** The outermost lists of EC2's answers: `<xSet><item>…</item>…</xSet>`. */
function items(body: string, isAbout: (text: string) => boolean): string {
  const [, before, set, inside, after] = /^(.*?)(<\w+Set>)(.*)(<\/\w+Set>.*)$/s.exec(body) ?? []
  if (inside === undefined) return body.slice(0, CUT)
  return `${before}${set}${few(itemsIn(inside), isAbout).join("")}${after}`
}

function itemsIn(text: string): readonly string[] {
  const found: string[] = []
  let depth = 0
  let from = 0
  for (const tag of text.matchAll(/<(\/?)item>/g)) {
    if (tag[1] === "" && depth++ === 0) from = tag.index
    if (tag[1] === "/" && --depth === 0) found.push(text.slice(from, tag.index + tag[0].length))
  }
  return found
}
