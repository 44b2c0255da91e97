/** `muster get`: clusters, workers or groups, as they are now or as this machine knows of them. */
import { wallAheadMs } from "../../../calls/clock.js"
import { SpecError } from "../../../errors.js"
import { nearest, show } from "../../../input/parse.js"
import { EXIT } from "../../exit-codes.js"
import { type Format, formatOf, rowsText } from "../../output.js"
import { givenPlaces } from "../../spec/places.js"
import { hasSpecFile } from "../../spec/spec-file.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"
import { knownRows } from "./known-rows.js"
import { type Kind, KINDS, type Rows, shapeOf } from "./rows.js"

export const run: RunVerb = async (given, surroundings) => {
  const kind = kindOf(given)
  const asked: Given = { ...given, words: given.words.slice(1) }
  formatOf(given)
  if (await isOffline(kind, asked, surroundings))
    return shown(await knownRows(kind, asked, surroundings), kind, asked, surroundings)
  const { clock } = surroundings
  if (given.switches.has("watch")) {
    const { watched } = await clock.busy("loading the watch", import("./watch.js"))
    return watched(kind, asked, surroundings)
  }
  const { listedClusters, liveRows } = await clock.busy("loading what asks clouds", import("./live-rows.js"))
  const rows = kind === "clusters" ? listedClusters(asked, surroundings) : liveRows(kind, asked, surroundings)
  return shown(await rows, kind, asked, surroundings)
}

/** Where no place is named there is no cloud to ask for all clusters. Then only what this machine itself knows can be shown. */
async function isOffline(kind: Kind, given: Given, surroundings: Surroundings): Promise<boolean> {
  if (given.switches.has("offline")) return true
  if (kind !== "clusters" || givenPlaces(given).provider !== undefined) return false
  return !(await hasSpecFile(given, surroundings))
}

function kindOf({ words: [word = "clusters"] }: Given): Kind {
  const known = KINDS.find((kind) => kind === word || kind === `${word}s`)
  if (known !== undefined) return known
  const near = nearest(word, KINDS)
  const hint =
    near === undefined ? `use one of ${KINDS.join(", ")}: muster get workers ${word}` : `did you mean ${near}?`
  throw new SpecError([{ option: "get", value: word, message: `is ${show(word)}; ${hint}` }])
}

async function shown({ rows, note }: Rows, kind: Kind, given: Given, surroundings: Surroundings): Promise<number> {
  const { out, say, clock } = surroundings
  const format: Format = formatOf(given)
  if (rows.length === 0 && ["table", "wide"].includes(format)) say(`no ${kind}\n`)
  else out(await rowsText(rows, shapeOf(kind, clock.now() + wallAheadMs(clock)), given, surroundings))
  if (note !== undefined && format !== "json" && format !== "yaml") say(`${note}\n`)
  return EXIT.ok
}
