/** Storm: workers come and go, with notice and without, while a farm has work; what must hold of its results is checked. */
import { VirtualClock } from "../../../src/calls/clock.js"
import { Farm } from "../../../src/work/farm/farm.js"
import { PlayedPlaces } from "./played.js"

export interface StormOptions {
  readonly workers: number
  readonly tasks: number
  /** A storm comes after so many seconds, on average, and takes so large a share of the workers that are there. */
  readonly everyS: number
  readonly share: number
}

export interface Storm {
  readonly tries: number
  readonly lost: number
  readonly gone: number
}

/** @throws Error when a result is missing, came twice or is wrong, or when a retry was spent. */
export async function playStorm(seed: number, { workers, tasks, everyS, share }: StormOptions): Promise<Storm> {
  const clock = new VirtualClock({ seed })
  const places = new PlayedPlaces(clock, { slots: 2, taskMs: () => 200 + clock.random() * 3000 })
  places.add(workers)
  let gone = 0
  let isOver = false
  const storm = () => {
    for (const id of clock.random() * everyS < 1 ? places.ids : []) {
      if (clock.random() >= share) continue
      gone += 1
      if (clock.random() < 0.5) places.kill(id)
      else places.notice(id, clock.random() * 120_000)
      clock.timer(clock.random() * 10_000, () => places.add(1))
    }
    if (!isOver) clock.timer(1000, storm)
  }
  clock.timer(500, storm)
  const isOrdered = clock.random() < 0.5
  const inputs = Array.from({ length: tasks }, (_, index) => index)
  const farm = new Farm<number, number>({
    ...{ inputs, places, start: places.start, retries: 0, errors: "throw", isOrdered },
    ...{ taskTimeoutMs: undefined, timeoutMs: undefined, signal: undefined },
  })
  farm.begin()
  const seen = new Set<number>()
  const all = async () => {
    for (let one = await farm.next(); one !== undefined; one = await farm.next()) {
      if (seen.has(one.index)) throw new Error(`result ${one.index} was handed over twice`)
      if (isOrdered && one.index !== seen.size) throw new Error(`result ${one.index} came in place of ${seen.size}`)
      if (!one.ok || one.value !== one.index) throw new Error(`result ${one.index} is wrong`)
      seen.add(one.index)
    }
    isOver = true
  }
  await clock.run(all())
  if (seen.size !== tasks) throw new Error(`${tasks - seen.size} results are lost`)
  if (places.tries.some(({ attempt }) => attempt !== 1)) throw new Error("a retry was spent")
  const { lost } = farm.state()
  if (places.tries.length !== tasks + lost)
    throw new Error(`${places.tries.length} tries for ${tasks} tasks, ${lost} lost`)
  return { tries: places.tries.length, lost, gone }
}
