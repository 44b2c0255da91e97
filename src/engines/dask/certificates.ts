/**
 * Certificates: an authority for one cluster, and one certificate of it, which head, workers and clients share. Dask asks a peer only
 * whether the cluster's authority has signed it; it compares no names. The authority's own key is thrown away.
 */
import { generateKeyPair, randomBytes } from "node:crypto"
import { promisify } from "node:util"
import type * as Forge from "node-forge"
import { type ClientPackage, loadClient } from "../../client/package.js"
import { KEY_FILES } from "./boot/shell.js"

/** In an error `provider` is the option that is wrong. */
const FORGE_PACKAGE: ClientPackage = {
  provider: "dask",
  name: "node-forge",
  called: "the package that makes certificates for tls",
  onNode20: "1",
  instead: "or leave tls out: connections between the machines are then not encrypted",
}

/** The keys live no longer than their cluster, which is what ends what they are good for; a machine's clock must not. */
const [FIRST_YEAR, LAST_YEAR] = [2000, 2049]

const KEYS = {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
} as const

interface Keys {
  readonly publicKey: string
  readonly privateKey: string
}

/** @throws SpecError that says what to install. */
export function loadForge(): typeof Forge {
  return loadClient(FORGE_PACKAGE, (require) => require("node-forge") as typeof Forge)
}

/** All that TLS needs, as one line: the files by their names, in base64. */
export async function makeCertificates(): Promise<string> {
  const forge = loadForge()
  const make = promisify(generateKeyPair)
  const [authority, own] = await Promise.all([make("rsa", KEYS), make("rsa", KEYS)])
  const ca = signed(forge, { name: "muster cluster", keys: authority, issuer: "muster cluster", by: authority }, [
    { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
    { name: "keyUsage", keyCertSign: true, critical: true },
    { name: "subjectKeyIdentifier" },
  ])
  const certificate = signed(forge, { name: "muster node", keys: own, issuer: "muster cluster", by: authority }, [
    { name: "basicConstraints", cA: false, critical: true },
    { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
    { name: "extKeyUsage", serverAuth: true, clientAuth: true },
  ])
  const files = { [KEY_FILES.authority]: ca, [KEY_FILES.certificate]: certificate, [KEY_FILES.key]: own.privateKey }
  return Buffer.from(JSON.stringify(files)).toString("base64")
}

/** The files of what was made, by their names. */
export function certificateFiles(line: string): Readonly<Record<string, string>> {
  return JSON.parse(Buffer.from(line, "base64").toString("utf8")) as Record<string, string>
}

interface Wanted {
  readonly name: string
  readonly keys: Keys
  readonly issuer: string
  /** Whose key signs it. */
  readonly by: Keys
}

function signed(forge: typeof Forge, { name, keys, issuer, by }: Wanted, extensions: readonly object[]): string {
  const { pki, md } = forge
  const certificate = pki.createCertificate()
  certificate.publicKey = pki.publicKeyFromPem(keys.publicKey)
  certificate.serialNumber = serial()
  certificate.validity.notBefore.setFullYear(FIRST_YEAR)
  certificate.validity.notAfter.setFullYear(LAST_YEAR)
  certificate.setSubject([{ name: "commonName", value: name }])
  certificate.setIssuer([{ name: "commonName", value: issuer }])
  certificate.setExtensions([...extensions])
  certificate.sign(pki.privateKeyFromPem(by.privateKey), md.sha256.create())
  return pki.certificateToPem(certificate)
}

/** Positive, and without a zero at its beginning. */
function serial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString("hex")
}
