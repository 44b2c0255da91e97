/** Progress: what showing 10,000 workers costs in CPU, an event, a look and a redraw, and all of them a second. */
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import type { ClusterEvent } from "../../../src/events.js"
import { lookFor } from "../../../src/progress/look.js"
import { ProgressModel } from "../../../src/progress/model/model.js"
import { frameOf } from "../../../src/progress/terminal.js"
import { simulate } from "../../../src/simulator/index.js"
import { spreadOf } from "../statistics.js"
import { effortOf } from "../stopwatch.js"
import type { Row, Suite, SuiteOptions } from "../suite.js"

const WORKERS = 10_000
const STORM_MS = 12 * 60_000
/** So many at once, because one is too short to be measured. */
const TIMES = 200
const SIZE = { columns: 200, rows: 60 }
const REDRAWS_A_SECOND = 10

export const suite: Suite = { title: "progress", measure }

async function measure({ say, runs }: SuiteOptions): Promise<readonly Row[]> {
  say(`${WORKERS} workers through a spot storm`)
  const clock = new VirtualClock({ seed: 1 })
  const { provider } = simulate({ clock, seed: 1, scenario: "spot-storm", capacity: [{ market: "spot", count: 130 }] })
  const cluster = new Cluster({ provider, vcpus: 2, market: "spot-with-fallback" }, { clock, journal: false })
  const events: { readonly event: ClusterEvent; readonly at: number }[] = []
  cluster.on("*", (event) => events.push({ event, at: clock.now() }))
  const begunAt = clock.now()
  await clock.run(Promise.all([cluster.scale(WORKERS), clock.sleep(STORM_MS)]))
  let model = new ProgressModel("storm", begunAt)
  const hear = () => {
    model = new ProgressModel("storm", begunAt)
    for (const { event, at } of events) model.hear(event, at)
  }
  const look = () => model.see(cluster.explain(), cluster.cost(), clock.now())
  const paper = lookFor({ isTTY: true }, { LANG: "C.UTF-8" }, "linux")
  const redraw = () => frameOf(model.view(clock.now()), SIZE, paper)
  const rows: { heard: number; looked: number; drawn: number }[] = []
  for (let run = 0; run < runs; run += 1) {
    const heard = (await cpuOf(hear, 1)) / events.length
    rows.push({ heard, looked: await cpuOf(look, TIMES), drawn: await cpuOf(redraw, TIMES) })
  }
  await clock.run(cluster.close())
  const heardASecond = (events.length * 1_000) / STORM_MS
  const eachSecond = ({ heard, looked, drawn }: (typeof rows)[number]) =>
    heardASecond * heard + looked + REDRAWS_A_SECOND * drawn
  const title = `${WORKERS} workers`
  return [
    { name: `${title}: CPU of 1,000 events`, unit: "ms", ...spreadOf(rows.map(({ heard }) => heard * 1_000)) },
    { name: `${title}: CPU a look`, unit: "ms", ...spreadOf(rows.map(({ looked }) => looked)) },
    { name: `${title}: CPU a redraw`, unit: "ms", ...spreadOf(rows.map(({ drawn }) => drawn)) },
    {
      ...{ name: `${title}: CPU a second`, unit: "ms", ...spreadOf(rows.map(eachSecond)) },
      note: `${Math.round(heardASecond)} events, a look and ${REDRAWS_A_SECOND} redraws; 10 ms are 1 % of a core`,
    },
  ]
}

async function cpuOf(work: () => unknown, times: number): Promise<number> {
  const { cpuMs } = await effortOf(async () => {
    for (let time = 0; time < times; time += 1) work()
  })
  return cpuMs / times
}
