/**
 * First sight: a server whose host key nobody knew is asked to show that the key is its own. What is sent before that is one command
 * without anything secret in it. Whoever stands in between has another key, and cannot make its proof: that takes the nonce, which only
 * the guest and the owner know.
 */
import type { Clock } from "../../calls/clock.js"
import { HostKeyError } from "../../errors.js"
import type { Connection, Server } from "./connect.js"
import { isProven } from "./host-keys.js"
import { fingerprint } from "./keys.js"
import { travelling } from "../shell.js"
import { startProcess } from "./process.js"

/** Where a guest keeps a line for each of its host keys: the key's blob and its proof. */
export const PROOF_FILE = "/var/lib/muster/host-keys"

/** A guest has a handful of keys. */
const MOST_BYTES = 16_384
const LONGEST_MS = 15_000

/**
 * @param nonces of the keys that workers were launched with, in hex: one of them must have made the proof.
 * @throws HostKeyError where the key is not proven to be the worker's own.
 */
export async function proveHostKey(
  server: Server,
  { client, hostKey }: Connection,
  { nonces, clock }: { readonly nonces: readonly string[]; readonly clock: Clock },
): Promise<void> {
  const process = await startProcess(
    { client, name: server.name },
    travelling(`head -c ${MOST_BYTES} ${PROOF_FILE}`, {}),
    { stdin: "", timeoutMs: LONGEST_MS },
    clock,
  )
  process.stderr.resume()
  let answer = ""
  process.stdout.on("data", (bytes) => {
    if (answer.length < MOST_BYTES) answer += Buffer.from(bytes).toString()
  })
  await process.ended
  const isOwn = answer.split("\n").some((line) => {
    const [blob, proof = ""] = line.split(" ")
    return blob === hostKey && nonces.some((nonce) => isProven(proof, nonce, hostKey))
  })
  if (isOwn) return
  const shown = fingerprint(hostKey)
  const message = `${server.name}: the server at ${server.host}:${server.port} showed the host key ${shown} and no proof that it is the worker's (${PROOF_FILE}): somebody may be in between, or the worker is still booting; nothing secret was sent`
  throw new HostKeyError(message, { known: [], shown })
}
