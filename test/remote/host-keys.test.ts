import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { hostKeyProof, hostKeysOn, isProven } from "../../src/remote/ssh/host-keys.js"
import { fingerprint, makeKeyPair, publicKeyIn } from "../../src/remote/ssh/keys.js"
import { noSshd } from "./support/sshd.js"

const blobOf = (line: string) => line.split(" ")[1] ?? ""

describe("keys", () => {
  test.skipIf(noSshd !== undefined)(`OpenSSH reads the pair (${noSshd ?? "ssh-keygen"})`, () => {
    const directory = mkdtempSync(join(tmpdir(), "muster-key-"))
    const file = join(directory, "key")
    // Comments of any length: padding depends on it.
    for (const comment of ["", "a", "muster render", "12345678"]) {
      const { privateFile, publicLine } = makeKeyPair(comment)
      writeFileSync(file, privateFile, { mode: 0o600 })
      const read = execFileSync("ssh-keygen", ["-y", "-P", "", "-f", file], { encoding: "utf8" })
      expect(read.trim()).toBe(publicLine.trim())
      const shown = execFileSync("ssh-keygen", ["-l", "-f", file], { encoding: "utf8" })
      expect(shown.split(" ")[1]).toBe(fingerprint(blobOf(publicLine)))
    }
    rmSync(directory, { recursive: true })
  })

  test("what is no key is none", () => {
    const { publicLine } = makeKeyPair("c")
    expect(publicKeyIn(publicLine)).toEqual({ type: "ssh-ed25519", blob: blobOf(publicLine) })
    expect(publicKeyIn(`from="10.0.0.0/8" ${publicLine}`)?.blob).toBe(blobOf(publicLine))
    for (const line of [
      "",
      "ssh-ed25519",
      "ssh-ed25519 !!!",
      `ssh-rsa ${blobOf(publicLine)}`,
      publicLine.slice(0, 40),
    ]) {
      expect(publicKeyIn(line)).toBeUndefined()
    }
  })
})

describe("host keys on a console", () => {
  const prefix = "muster[0123abcd]: "
  const [one, two, other] = [
    makeKeyPair("root@a").publicLine,
    makeKeyPair("root@b").publicLine,
    makeKeyPair("x").publicLine,
  ]

  test("are those of cloud-init's block, and of the guest's own line", () => {
    const text = [
      "[   12.3] cloud-init[512]: ci-info: nothing",
      "-----BEGIN SSH HOST KEY KEYS-----",
      `${one}\r`,
      "-----END SSH HOST KEY KEYS-----",
      `[   13.1] ${prefix}host-key ${two}`,
      // Another cluster's, from the console of the machine that an image was made of.
      `muster[ffffffff]: host-key ${other}`,
    ].join("\n")
    expect(hostKeysOn(text, prefix).map(({ blob }) => blob)).toEqual([blobOf(one), blobOf(two)])
  })

  test("a block that was not printed to its end counts for nothing", () => {
    const text = ["-----BEGIN SSH HOST KEY KEYS-----", one, "more text"].join("\n")
    expect(hostKeysOn(text, prefix)).toEqual([])
  })
})

test("a proof is of one key and one nonce", () => {
  const [own, other] = [blobOf(makeKeyPair("a").publicLine), blobOf(makeKeyPair("b").publicLine)]
  const proof = hostKeyProof("nonce", own)
  expect(isProven(proof, "nonce", own)).toBe(true)
  expect(isProven(proof, "nonce", other)).toBe(false)
  expect(isProven(proof, "other", own)).toBe(false)
  expect(isProven("", "nonce", own)).toBe(false)
})
