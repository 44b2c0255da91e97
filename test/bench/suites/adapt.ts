/**
 * Adapt: what a cluster that follows waves of work costs, beside an oracle that knows each wave and how long a boot takes. `--runs` is how
 * many waves are played, 20 of each kind at least. Pictures of two of them are written into `.cache`.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { KINDS, waveOf } from "../../fuzz/waves/draw.js"
import { wavePicture } from "../../fuzz/waves/picture.js"
import { play, type Played } from "../../fuzz/waves/play.js"
import { rowsOf, tableOf } from "../../fuzz/waves/table.js"
import { spreadOf } from "../statistics.js"
import type { Suite } from "../suite.js"

/** The seeds of a noisy wave and of a night. */
const PICTURED = [7, 9]
const DIRECTORY = ".cache"

export const suite: Suite = {
  title: "adapt",
  measure: async ({ runs, say }) => {
    const waves: Played[] = []
    for (let seed = 1; seed <= Math.max(runs, 100); seed += 1) {
      if (seed % 50 === 1) say(`waves from seed ${seed} on`)
      const played = await play(waveOf(seed))
      if (PICTURED.includes(seed)) say(`a picture: ${draw(played)}`)
      waves.push({ ...played, moments: [] })
    }
    say(`\n${tableOf(rowsOf(waves))}`)
    return KINDS.map((kind) => {
      const ratios = waves.filter(({ wave }) => wave.kind === kind).map(({ costMs, oracleMs }) => costMs / oracleMs)
      return { name: `cost, ${kind}`, unit: "ratio", ...spreadOf(ratios), note: "to the oracle's" }
    })
  },
}

function draw(played: Played): string {
  mkdirSync(DIRECTORY, { recursive: true })
  const path = join(DIRECTORY, `adapt-${played.wave.kind.replaceAll(" ", "-")}.svg`)
  writeFileSync(path, wavePicture(played))
  return path
}
