/**
 * Host keys: which key a worker's server must show. They are known from what the guest printed on its console or wrote into its
 * guest attributes; else the first one seen is taken once the guest has proven that it is its own.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import { type PublicKey, publicKeyIn } from "./keys.js"

/** cloud-init prints a block of them at the end of a first boot (module keys-to-console). */
const BEGIN = "-----BEGIN SSH HOST KEY KEYS-----"
const END = "-----END SSH HOST KEY KEYS-----"

/** The guest's own line, for images without cloud-init: "muster[1a2b3c4d]: host-key ssh-ed25519 AAAA…". */
const OWN_LINE = "host-key "

/**
 * The host keys on a console. A block that has begun and not ended was not printed in full: a later one counts.
 *
 * @param prefix before the guest's own lines: `markPrefix` of the cluster.
 */
export function hostKeysOn(consoleText: string, prefix: string): readonly PublicKey[] {
  const found = new Map<string, PublicKey>()
  let block: PublicKey[] | undefined
  for (const line of consoleText.split("\n")) {
    if (line.includes(BEGIN)) block = []
    else if (line.includes(END)) {
      for (const key of block ?? []) found.set(key.blob, key)
      block = undefined
    } else if (block !== undefined) {
      const key = publicKeyIn(line)
      if (key !== undefined) block.push(key)
    } else if (line.includes(prefix + OWN_LINE)) {
      const key = publicKeyIn(line.slice(line.indexOf(prefix) + prefix.length))
      if (key !== undefined) found.set(key.blob, key)
    }
  }
  return [...found.values()]
}

/**
 * What a guest answers to show that a host key is its own: only the guest and the owner know the nonce, which user data carries.
 *
 * @param blob the host key's, in base64. @returns lower-case hex.
 */
export function hostKeyProof(nonce: string, blob: string): string {
  return createHmac("sha256", nonce).update(blob).digest("hex")
}

export function isProven(proof: string, nonce: string, blob: string): boolean {
  const wanted = Buffer.from(hostKeyProof(nonce, blob))
  const given = Buffer.from(proof.trim())
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}
