/** Addresses: URLs and address ranges as patterns, which a schema for editors can say as well. */

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
const IPV4 = `(?:${OCTET}\\.){3}${OCTET}`

/** RFC 4291, section 2.2: "::" stands once for as many groups as are missing, and the last two may be an IPv4 address. */
const IPV6 = ((group: string) => {
  const tails = [6, 5, 4, 3, 2, 1].map((before) => {
    const [more, groups] = [6 - before, 8 - before]
    const middle =
      more === 0 ? `${IPV4}|:${group}|:` : `(?::${group}){0,${more - 1}}:${IPV4}|(?::${group}){1,${groups - 1}}|:`
    return `(?:${group}:){${before}}(?:${middle})`
  })
  const none = `:(?:(?::${group}){0,5}:${IPV4}|(?::${group}){1,7}|:)`
  return `(?:(?:${group}:){7}(?:${group}|:)|${tails.join("|")}|${none})`
})("[0-9a-fA-F]{1,4}")

/** A name that no part of a URL's reader takes for a number, and none in punycode, which may not be readable. */
const LABEL = "(?![Xx][Nn]--)[A-Za-z0-9_-]+"
const HOST_NAME = `(?:${LABEL}\\.)*(?![Xx][Nn]--)[A-Za-z][A-Za-z0-9_-]*\\.?`
const PORT = "(?::(?:\\d{1,4}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5]))?"
const REST = "(?:[/?#]\\S*)?"

/** An https URL without a user in it. */
const HTTPS = `https://(?:${IPV4}|\\[${IPV6}\\]|${HOST_NAME})${PORT}${REST}`
const LOOPBACK = `http://(?:localhost|\\[::1\\]|127(?:\\.${OCTET}){3})${PORT}${REST}`

export const HTTPS_URL = new RegExp(`^${HTTPS}$`)

/** The same, or plain http to a loopback host. */
export const SAFE_URL = new RegExp(`^(?:${HTTPS}|${LOOPBACK})$`)

/** Any address range: an address and the length of its prefix. */
export const ADDRESS_RANGE = new RegExp(
  `^(?:${IPV4}/(?:\\d|[12]\\d|3[0-2])|${IPV6}/(?:\\d|[1-9]\\d|1[01]\\d|12[0-8]))$`,
)

/** An address range that one owner can have: "0.0.0.0/0" is the whole internet, and /32 is what a provider of IPv6 is given. */
export const NARROW_CIDR = new RegExp(
  `^(?:${IPV4}/(?:[89]|[12]\\d|3[0-2])|${IPV6}/(?:3[2-9]|[4-9]\\d|1[01]\\d|12[0-8]))$`,
)
