/** `muster doctor --compare A B`: what two live walks saw differently. No cloud is asked. */
import { resolve } from "node:path"
import { compareLiveReports } from "../../../../doctor.js"
import { SpecError } from "../../../../errors.js"
import { EXIT } from "../../../exit-codes.js"
import { dataText, formatOf } from "../../../output.js"
import { single } from "../../../parse.js"
import type { Given, Surroundings } from "../../../surroundings.js"

/** As diff has it: 0 where they are equal, 1 where they differ. */
export async function runCompare(given: Given, surroundings: Surroundings): Promise<number> {
  const { out, clock, directory = process.cwd() } = surroundings
  const format = formatOf(given, ["table", "json", "yaml"])
  const [b] = given.words
  const a = single(given, "compare")
  if (a === undefined || b === undefined)
    throw new SpecError([{ option: "--compare", value: a, message: "needs two files: --compare A B" }])
  const comparison = await compareLiveReports(resolve(directory, a), resolve(directory, b))
  const { comparisonText } = await clock.busy("loading the text", import("../../../../doctor/report/compare.js"))
  out((await dataText(comparison, format, surroundings)) ?? comparisonText(comparison))
  return comparison.isEqual ? EXIT.ok : EXIT.failed
}
