/** Consoles: of all that a machine writes only the lines of Muster's guests and its host keys are told. */

const LEFT_OUT = "…"

/**
 * @param own by whose first eight characters lines begin that are told.
 * @param told what of such a line is told.
 */
export function consoleText(text: string, own: readonly string[], told: (line: string) => string): string {
  const prefixes = own.map((one) => `muster[${one.slice(0, 8)}]: `)
  const lines = text.split(/\r?\n/).map((line) => {
    if (line === "") return ""
    const prefix = prefixes.find((one) => line.includes(one))
    if (prefix === undefined) return hostKeyLine(line, told) ?? LEFT_OUT
    return `${prefix}${told(line.slice(line.indexOf(prefix) + prefix.length))}`
  })
  return lines.filter((line, at) => line !== LEFT_OUT || lines[at - 1] !== LEFT_OUT).join("\n")
}

/** As cloud-init prints them. The name behind a key is left out. */
function hostKeyLine(line: string, told: (line: string) => string): string | undefined {
  const [frame] = /-----(BEGIN|END) SSH HOST KEY (KEYS|FINGERPRINTS)-----/.exec(line) ?? []
  if (frame !== undefined) return frame
  const [key] = /(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp\d+) AAAA[A-Za-z0-9+/]{16,}={0,2}/.exec(line) ?? []
  return key === undefined ? undefined : told(key)
}
