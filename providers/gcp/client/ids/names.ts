/** Names and ids that a text always gives. */
import { createHash } from "node:crypto"

export function hexOf(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits)
}

/** RFC 1035 labels have 63 characters; the hash takes 12 and its hyphen one. */
const STEM = 50

/** An instance's name: readable, valid, and never used twice. Cluster and group begin with a letter. */
export function instanceName(stem: string, identity: string): string {
  const readable = stem.slice(0, STEM).replace(/-+$/, "")
  return `${readable}-${hexOf(identity, 12)}`
}

/** A version 4 UUID made of hex digits; never the one of zeros, which Compute Engine ignores. */
export function uuidOf(hex: string): string {
  const variant = ((Number.parseInt(hex[16] ?? "0", 16) & 0x3) | 0x8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-")
}

/** Names are unique in a project and zone: both together are an id that a user can work with. */
export function idOf(zone: string, name: string): string {
  return `${zone}/${name}`
}

/** Zone and name of an id of ours, both as RFC 1035 has labels; undefined for any other text. */
export function partsOf(id: string): { readonly zone: string; readonly name: string } | undefined {
  const match = /^([a-z](?:[-a-z0-9]*[a-z0-9])?)\/([a-z](?:[-a-z0-9]*[a-z0-9])?)$/.exec(id)
  return match === null ? undefined : { zone: match[1] ?? "", name: match[2] ?? "" }
}
