/** `muster rehearse`: plays a spec on a small cloud on a bad day. Nothing is asked of a cloud, nothing is made. */
import { writeFile } from "node:fs/promises"
import { SpecError } from "../../../errors.js"
import type { Duration, RehearsedSpec } from "../../../spec.js"
import { EXIT } from "../../exit-codes.js"
import { dataText, formatOf } from "../../output.js"
import { single } from "../../parse.js"
import { placeText } from "../../spec/places.js"
import { targetOf } from "../../spec/target.js"
import type { RunVerb } from "../../surroundings.js"
import { missingCount } from "./plan.js"

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  const [scenario = "calm-day", name] = given.words
  const target = await targetOf({ ...given, words: given.words.slice(1) }, name, surroundings)
  if (target.count === undefined) throw missingCount()
  const { clock } = surroundings
  const { rehearse } = await clock.busy("loading the simulator", import("../../../rehearsal/index.js"))
  const spec = { ...target.spec, provider: [...new Set(target.places.map(({ provider }) => provider))] }
  const regions = target.places.flatMap(({ region }) => region ?? [])
  const played = { ...spec, ...(regions.length === 0 ? {} : { region: regions }) } as unknown as RehearsedSpec
  const seed = seedOf(single(given, "seed"))
  const duration = single(given, "duration") as Duration | undefined
  const rehearsal = await clock.busy(
    "rehearsing",
    rehearse(played, scenario as "calm-day", {
      workers: target.count,
      ...(seed === undefined ? {} : { seed }),
      ...(duration === undefined ? {} : { duration }),
    }),
  )
  const { svg, report, ...result } = rehearsal
  const file = single(given, "svg")
  if (file !== undefined) await clock.busy("writing the picture", writeFile(file, svg))
  surroundings.out((await dataText(result, format, surroundings)) ?? `${report}\n`)
  surroundings.say(`played for ${target.places.map(placeText).join(", ")} in virtual time: nothing was launched\n`)
  return EXIT.ok
}

function seedOf(given: string | undefined): number | undefined {
  if (given === undefined || /^\d+$/.test(given)) return given === undefined ? undefined : Number(given)
  throw new SpecError([{ option: "--seed", value: given, message: `is ${JSON.stringify(given)}; use a whole number` }])
}
