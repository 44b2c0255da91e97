/** `muster version`. */
import { EXIT } from "../../exit-codes.js"
import { dataText, formatOf } from "../../output.js"
import type { RunVerb } from "../../surroundings.js"

export const run: RunVerb = async (given, surroundings) => {
  const { version, out } = surroundings
  const format = formatOf(given, ["table", "json", "yaml"])
  const all = { version, node: process.version, platform: process.platform, arch: process.arch }
  out((await dataText(all, format, surroundings)) ?? `${version}\n`)
  return EXIT.ok
}
