/** Which botocore is installed here: Debian's, one of pip's, or one of a Python that somebody keeps beside them. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { homedir } from "node:os"

export interface Botocore {
  readonly directory: string
  readonly version: Version
}

export type Version = readonly number[]

/** The one of the highest version; undefined when there is none. Only files are read: to ask each Python takes a second. */
export function newestBotocore(): Botocore | undefined {
  return placesOf()
    .flatMap((place) => botocoreIn(`${place}/botocore`))
    .reduce<Botocore | undefined>(
      (newest, one) => (newest === undefined || isBefore(newest.version, one.version) ? one : newest),
      undefined,
    )
}

export function isBefore(version: Version, other: Version): boolean {
  const at = other.findIndex((part, index) => part !== (version[index] ?? 0))
  return at >= 0 && (version[at] ?? 0) < (other[at] ?? 0)
}

/** Where Pythons keep what is installed for them. */
function placesOf(): readonly string[] {
  const versions = `${process.env.PYENV_ROOT ?? `${homedir()}/.pyenv`}/versions`
  const homes = ["/usr/local", `${homedir()}/.local`, process.env.VIRTUAL_ENV, ...entriesOf(versions)]
  const libraries = homes.flatMap((home) => (home === undefined ? [] : entriesOf(`${home}/lib`)))
  const own = libraries.filter((library) => /\/python3[^/]*$/.test(library))
  return ["/usr/lib/python3/dist-packages", ...own.flatMap((at) => [`${at}/site-packages`, `${at}/dist-packages`])]
}

function entriesOf(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory).map((name) => `${directory}/${name}`) : []
}

function botocoreIn(directory: string): readonly Botocore[] {
  const file = `${directory}/__init__.py`
  const version = existsSync(file) ? /__version__ = ['"]([\d.]+)['"]/.exec(readFileSync(file, "utf8"))?.[1] : undefined
  return version === undefined ? [] : [{ directory, version: version.split(".").map(Number) }]
}
