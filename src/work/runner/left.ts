/** Left: what a task could leave behind in its process for the next one. What a module keeps in its own variables is its own. */

/** What ends by itself within the same turn. */
const PASSING = ["Immediate", "CloseReq"]

/** What is changed so that others see it: a clock that is stopped, a console that is silenced, a method that is added. */
const SHARED: readonly object[] = [
  ...[globalThis, console, Math, JSON, Reflect],
  ...[Object, Array, String, Number, Function, Promise, Map, Set, Date, Error, RegExp].flatMap((one) => [
    one,
    one.prototype as object,
  ]),
]

/** An object's own fields that hold a value. Node has some of its own ready only when they are asked for: those are not looked at. */
interface Fields {
  readonly object: object
  readonly count: number
  readonly values: readonly (readonly [string, unknown])[]
}

/** A process before a task, after all that it loads. */
export class Before {
  #resources = resources()
  readonly #surroundings = surroundings()
  readonly #listeners = listeners()
  readonly #fields = [...SHARED, process].map(fieldsOf)

  /** Whether all is as it was. What it costs is what each task costs. */
  isClean(): boolean {
    const now = resources()
    for (const [kind, count] of now) {
      if (!PASSING.includes(kind) && count > (this.#resources.get(kind) ?? 0)) return false
    }
    this.#resources = now
    return this.#surroundings === surroundings() && this.#listeners === listeners() && this.#fields.every(isSame)
  }
}

/** What keeps the process going, by its kind. */
function resources(): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) found.set(kind, (found.get(kind) ?? 0) + 1)
  return found
}

function surroundings(): string {
  const environment = Object.entries(process.env).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([directory(), process.umask(), environment])
}

/** One that was removed has no name. */
function directory(): string {
  try {
    return process.cwd()
  } catch {
    return ""
  }
}

function listeners(): string {
  return process
    .eventNames()
    .map((name) => `${String(name)} ${process.listenerCount(name)}`)
    .join("\n")
}

function fieldsOf(object: object): Fields {
  const own = Object.entries(Object.getOwnPropertyDescriptors(object))
  // Those of a process are told by its listeners, or are its own.
  const values = own.filter(([name, { get, set }]) => get === undefined && set === undefined && !name.startsWith("_"))
  return { object, count: own.length, values: values.map(([name, { value }]) => [name, value]) }
}

function isSame({ object, count, values }: Fields): boolean {
  if (object !== process && Object.getOwnPropertyNames(object).length !== count) return false
  return values.every(([name, value]) => Object.is((object as Record<string, unknown>)[name], value))
}
