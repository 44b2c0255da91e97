/** Likeness: texts as differences from earlier ones of the same shape. Pure. */

/** A text, or an earlier one with other words: `like` is its place, and `but` has pairs of a word's place and what it is here. */
export type LikeText = string | Like

export interface Like {
  readonly like: number
  readonly but: readonly (number | string)[]
}

/** So many earlier texts of a shape are looked at. */
const NEAREST = 24
/** What is shorter gains nothing. */
const SHORT = 80

/** A list of texts that grows, and with it what it takes to write them down. */
export class Likenesses {
  readonly all: LikeText[] = []
  readonly #places = new Map<string, number>()
  readonly #shapes = new Map<string, Earlier[]>()

  /** @returns the text's place in `all`. */
  of(text: string): number {
    const known = this.#places.get(text)
    if (known !== undefined) return known
    const place = this.all.push(this.#written(text, this.all.length)) - 1
    this.#places.set(text, place)
    return place
  }

  #written(text: string, place: number): LikeText {
    if (text.length < SHORT) return text
    const words = wordsOf(text)
    const shape = words.filter((_, at) => at % 2 === 0).join("\0")
    const earlier = this.#shapes.get(shape) ?? []
    this.#shapes.set(shape, [...earlier, { place, words }].slice(-NEAREST))
    const likes = earlier.map((one): Like => ({ like: one.place, but: differences(one.words, words) }))
    const least = likes.sort((a, b) => lengthOf(a) - lengthOf(b))[0]
    return least === undefined || lengthOf(least) > text.length / 2 ? text : least
  }
}

interface Earlier {
  readonly place: number
  readonly words: readonly string[]
}

/** Signs and words in turn: words have odd places. */
function wordsOf(text: string): readonly string[] {
  return text.split(/([\w.-]+)/)
}

function differences(earlier: readonly string[], words: readonly string[]): readonly (number | string)[] {
  return words.flatMap((word, at) => (word === earlier[at] ? [] : [at, word]))
}

function lengthOf(like: Like): number {
  return JSON.stringify(like).length
}

/** Whether it can be put together again, at this place of a list. */
export function isLikeText(value: unknown, place: number): value is LikeText {
  if (typeof value === "string") return true
  const { like, but } = (value ?? {}) as Partial<Record<keyof Like, unknown>>
  return typeof like === "number" && like >= 0 && like < place && Array.isArray(but)
}

/** All of them, as they were. */
export function textsOf(all: readonly LikeText[]): readonly string[] {
  const texts: string[] = []
  for (const one of all) texts.push(typeof one === "string" ? one : changed(texts[one.like] ?? "", one.but))
  return texts
}

function changed(text: string, but: readonly (number | string)[]): string {
  const others = new Map<number, string>()
  for (let at = 0; at < but.length; at += 2) others.set(Number(but[at]), String(but[at + 1]))
  return wordsOf(text)
    .map((word, at) => others.get(at) ?? word)
    .join("")
}
