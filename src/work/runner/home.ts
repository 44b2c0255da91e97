/** Home: the runner's directory on its worker, and what is in it. A task may remove any of that: it is there again before the next one. */
import { existsSync, lstatSync, mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

export class Home {
  readonly directory: string
  /** Where tasks run. */
  readonly cwd = process.cwd()
  readonly #files = new Map<string, string>()
  /** That it is there says that the others are: what removes one removes all. */
  readonly #sign: string

  /** @param files that are there, by their names: the first one is looked for most. */
  constructor(directory: string, files: Readonly<Record<string, string>>) {
    this.directory = directory
    for (const [name, text] of Object.entries(files)) this.#files.set(name, text)
    this.#sign = Object.keys(files)[0] ?? ""
  }

  /** Writes a file, which is kept from now on. @throws Error when it cannot be written. */
  keep(name: string, text: string): void {
    this.#files.set(name, text)
    this.mend()
    this.#write(name, text)
  }

  /** Of a file that is kept. */
  pathOf(name: string): string {
    return join(this.directory, name)
  }

  /**
   * Makes again what was removed.
   *
   * @param isThorough each file is looked for. @throws Error when that cannot be done, or somebody else has a directory of that name.
   */
  mend(isThorough = false): void {
    if (!isThorough && existsSync(this.pathOf(this.#sign))) return
    mkdirSync(this.cwd, { recursive: true })
    const all = dirname(this.directory)
    mkdirSync(this.directory, { recursive: true, mode: 0o700 })
    for (const path of [all, this.directory]) {
      const found = lstatSync(path)
      if (!found.isDirectory() || found.uid !== process.getuid?.()) throw new Error(`${path} is somebody else's`)
    }
    for (const [name, text] of this.#files) if (!existsSync(this.pathOf(name))) this.#write(name, text)
  }

  #write(name: string, text: string): void {
    writeFileSync(this.pathOf(name), text, { mode: 0o600 })
  }
}
