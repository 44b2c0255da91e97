/** Programs of this machine that tests use. Where one is not there, its tests skip, and their titles say what to install. */
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"

/** Debian's packages of them. */
const PACKAGES = {
  ...{ bash: "bash", curl: "curl", fish: "fish", ps: "procps", python3: "python3" },
  ...{ tmux: "tmux", wget: "wget", zsh: "zsh" },
} as const

/** Why tests that use these programs skip, as in "needs curl: apt-get install curl"; undefined where all of them are there. */
export function lacking(...names: readonly (keyof typeof PACKAGES)[]): string | undefined {
  const absent = names.filter((name) => !isThere(name))
  if (absent.length === 0) return undefined
  return `needs ${absent.join(", ")}: apt-get install ${absent.map((name) => PACKAGES[name]).join(" ")}`
}

/** The title of a test or a suite, with the reason why it skips. */
export function titled(title: string, why: string | undefined): string {
  return why === undefined ? title : `${title} (${why})`
}

function isThere(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
