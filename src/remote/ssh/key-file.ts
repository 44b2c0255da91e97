/** Key file: a private key of the user's, as ssh takes it: nobody else may read it, and it opens without a passphrase. */
import { readFile, stat } from "node:fs/promises"
import { homedir } from "node:os"
import { join, resolve } from "node:path"
import { SpecError } from "../../errors.js"
import { readPrivateFile } from "./keys.js"

export interface KeyFile {
  /** An absolute path. */
  readonly path: string
  readonly text: string
  /** The line of its public half; undefined where the file does not show it. */
  readonly publicLine: string | undefined
  /** It opens with a passphrase only: an agent may have it. */
  readonly isLocked: boolean
}

/** @param path "~/" is the user's own directory. @throws SpecError where it is missing, no private key, or open to others. */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const place = path.startsWith("~/") ? join(homedir(), path.slice(2)) : resolve(path)
  const [text, { mode, uid }] = await Promise.all([readFile(place, "utf8"), stat(place)]).catch((error: unknown) => {
    throw problem(path, `cannot be read: ${(error as Error).message}`)
  })
  if (uid === process.getuid?.() && (mode & 0o077) !== 0) {
    throw problem(path, `can be read by others (mode ${(mode & 0o777).toString(8)}); chmod 600 it`)
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw problem(path, "is no private key; name the file without .pub")
  }
  const read = readPrivateFile(text)
  return {
    path: place,
    text,
    publicLine: read === undefined ? undefined : `${read.publicKey.type} ${read.publicKey.blob}`,
    isLocked: read?.isLocked ?? text.includes("ENCRYPTED"),
  }
}

function problem(value: string, message: string): SpecError {
  return new SpecError([{ option: "cluster.access.keyFile", value, message }])
}
