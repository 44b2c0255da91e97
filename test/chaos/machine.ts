/** This machine, as a witness of local instances: their directories, processes, claims and ports. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { join } from "node:path"

interface Process {
  readonly pid: number
  readonly command: string
  readonly environment: string
}

/** Text of a file or the names in a directory; nothing where there is none. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}

export function namesIn(path: string): readonly string[] {
  return existsSync(path) ? readdirSync(path) : []
}

/** Every process whose environment can be read, but those that have ended. */
export function processes(): readonly Process[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && isAlive(Number(entry)))
    .map((entry) => ({
      pid: Number(entry),
      command: textOf(`/proc/${entry}/cmdline`).replaceAll("\0", " "),
      environment: textOf(`/proc/${entry}/environ`),
    }))
}

export function isAlive(pid: number): boolean {
  const state = /\) (\S)/.exec(textOf(`/proc/${pid}/stat`))?.[1]
  return state !== undefined && state !== "Z"
}

/** "127.1.2.3:4567" of every TCP socket that listens. */
export function listening(): readonly string[] {
  return textOf("/proc/net/tcp")
    .split("\n")
    .flatMap((line) => {
      const [, local = "", , state] = line.trim().split(/\s+/)
      return state === "0A" ? [addressOf(local)] : []
    })
}

/** proc(5): the address is four bytes in the machine's order, the port two in the network's. */
function addressOf(hex: string): string {
  const [address = "", port = ""] = hex.split(":")
  const bytes = [6, 4, 2, 0].map((at) => Number.parseInt(address.slice(at, at + 2), 16))
  return `${bytes.join(".")}:${Number.parseInt(port, 16)}`
}

/** Claims under a root that name this cluster (`<owner>+<cluster>`). */
export function claimsOf(root: string, cluster: string): readonly string[] {
  const folder = join(root, "claims")
  return namesIn(folder).filter((file) =>
    readlinkSync(join(folder, file)).split("/").includes(encodeURIComponent(cluster)),
  )
}
