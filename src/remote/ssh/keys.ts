/** Keys: an ed25519 pair as OpenSSH writes it, public keys as others write them, and their fingerprints. */
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto"
import { strings, text, uint32 } from "./wire-format.js"

export interface KeyPair {
  /** The text of a private key file ("openssh-key-v1", PROTOCOL.key of OpenSSH), without a passphrase. */
  readonly privateFile: string
  /** One line of an authorized_keys file. */
  readonly publicLine: string
}

const TYPE = "ssh-ed25519"
const MAGIC = "openssh-key-v1\0"
const LINE_LENGTH = 70
/** The cipher "none" has blocks of eight bytes. */
const BLOCK = 8

/** @param comment the last word of the public line: whose key it is. */
export function makeKeyPair(comment: string): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519")
  const own = publicKey.export({ type: "spki", format: "der" }).subarray(-32)
  const seed = privateKey.export({ type: "pkcs8", format: "der" }).subarray(-32)
  const blob = Buffer.concat([text(TYPE), text(own)])
  const check = randomBytes(4)
  const secret = Buffer.concat([check, check, text(TYPE), text(own), text(Buffer.concat([seed, own])), text(comment)])
  const padding = Buffer.from(
    Array.from({ length: (BLOCK - (secret.length % BLOCK)) % BLOCK }, (_, index) => index + 1),
  )
  const body = Buffer.concat([
    ...[Buffer.from(MAGIC), text("none"), text("none"), text(""), uint32(1)],
    ...[text(blob), text(Buffer.concat([secret, padding]))],
  ])
  const lines = body.toString("base64").match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? []
  const privateFile = ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join(
    "\n",
  )
  return { privateFile, publicLine: `${TYPE} ${blob.toString("base64")} ${comment}` }
}

/** The public half of a private key file in OpenSSH's own format, and whether a passphrase is asked for the other half. */
export function readPrivateFile(
  file: string,
): { readonly publicKey: PublicKey; readonly isLocked: boolean } | undefined {
  const [, body] = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(file) ?? []
  const bytes = Buffer.from(body ?? "", "base64")
  if (bytes.subarray(0, MAGIC.length).toString() !== MAGIC) return undefined
  const [cipher, afterCipher] = stringAt(bytes, MAGIC.length)
  const [, afterKdf] = stringAt(bytes, afterCipher)
  const [, afterOptions] = stringAt(bytes, afterKdf)
  // Then the number of keys.
  const [blob] = stringAt(bytes, afterOptions + 4)
  const [type] = strings(blob) ?? []
  if (type === undefined) return undefined
  return { publicKey: { type: type.toString(), blob: blob.toString("base64") }, isLocked: cipher.toString() !== "none" }
}

function stringAt(bytes: Buffer, at: number): readonly [Buffer, number] {
  if (at + 4 > bytes.length) return [Buffer.alloc(0), bytes.length]
  const end = at + 4 + bytes.readUInt32BE(at)
  return [bytes.subarray(at + 4, end), end]
}

/** The types of host keys that servers have today; certificates are none of them. */
const KEY_TYPES = /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))$/

/** A public key: its type, and its blob in base64, as the second word of a line has it. */
export interface PublicKey {
  readonly type: string
  readonly blob: string
}

/** The key in a line of `authorized_keys`, a `.pub` file or a console; undefined where there is none, or half of one. */
export function publicKeyIn(line: string): PublicKey | undefined {
  const words = line.trim().split(/\s+/)
  const at = words.findIndex((word) => KEY_TYPES.test(word))
  const [type, blob] = [words[at], words[at + 1]]
  if (type === undefined || blob === undefined || !/^[A-Za-z0-9+/]+=*$/.test(blob)) return undefined
  const [own] = strings(Buffer.from(blob, "base64")) ?? []
  return own?.toString() === type ? { type, blob } : undefined
}

/** "SHA256:…", as `ssh-keygen -l` shows it. @param blob in base64. */
export function fingerprint(blob: string): string {
  const digest = createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64")
  return `SHA256:${digest.replace(/=+$/, "")}`
}
