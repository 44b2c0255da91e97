/** This machine as doctor looks at it. Nothing is changed: a port is opened on an address of this machine alone, and closed again. */
import { execFile } from "node:child_process"
import { access, constants, readFile, stat } from "node:fs/promises"
import { createServer } from "node:net"
import { homedir } from "node:os"
import { delimiter, dirname, join } from "node:path"

export interface MachineView {
  readonly platform: NodeJS.Platform
  readonly pid: number
  readonly env: NodeJS.ProcessEnv
  /** Undefined where nothing tells it. */
  home(): string | undefined
  /** A file's text; undefined where it cannot be read. */
  read(path: string): Promise<string | undefined>
  /** Why nothing can be written into a directory, or into the nearest one above it that is there; undefined: it can. */
  whyNotWritable(path: string): Promise<string | undefined>
  /** The path of a program; undefined where there is none. */
  find(program: string): Promise<string | undefined>
  /** What a program prints; @throws with its words when it fails. */
  run(program: string, words: readonly string[], signal: AbortSignal): Promise<string>
  /** Why no server can listen at an address; undefined: it can. */
  whyNotListening(address: string): Promise<string | undefined>
}

/** Where servers of the system are, which no user's PATH need have. */
const SYSTEM = ["/usr/sbin", "/sbin", "/usr/local/sbin"]

export const THIS_MACHINE: MachineView = {
  platform: process.platform,
  pid: process.pid,
  env: process.env,
  home: () => {
    try {
      return homedir()
    } catch {
      return undefined
    }
  },
  read: (path) => readFile(path, "utf8").catch(() => undefined),
  whyNotWritable,
  find: async (program) => {
    const folders = [...(process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== ""), ...SYSTEM]
    for (const folder of folders) {
      const path = join(folder, program)
      if (await isProgram(path)) return path
    }
    return undefined
  },
  run: (program, words, signal) =>
    new Promise((resolve, reject) => {
      execFile(program, [...words], { signal, encoding: "utf8" }, (error, stdout, stderr) => {
        if (error === null) resolve(`${stdout}${stderr}`)
        else reject(new Error(stderr.trim().split("\n")[0] || error.message, { cause: error }))
      })
    }),
  whyNotListening: (address) =>
    new Promise((resolve) => {
      const server = createServer()
      server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      server.listen(0, address, () => server.close(() => resolve(undefined)))
    }),
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

async function whyNotWritable(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path)
    if (!found.isDirectory()) return `${path} is no directory`
    await access(path, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === "ENOENT" && dirname(path) !== path) return whyNotWritable(dirname(path))
    return message
  }
}
