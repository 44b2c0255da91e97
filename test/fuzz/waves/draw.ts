/** Waves: work that comes and goes, from a seed. */
import { seededRandom } from "../../../src/calls/clock.js"

export const KINDS = ["square", "saw-tooth", "noise", "one spike", "night"] as const
export type WaveKind = (typeof KINDS)[number]

export interface WaveTask {
  /** When it comes, in seconds since the wave's begin. */
  readonly at: number
  /** How long it takes. */
  readonly seconds: number
}

export interface Wave {
  readonly kind: WaveKind
  readonly seed: number
  /** In the order in which they come. */
  readonly tasks: readonly WaveTask[]
  /** How long tasks take on average: what an estimate of them is made from. */
  readonly taskSeconds: number
  /** From a launch to a worker that runs, about: one boot may take a fifth less or more. */
  readonly bootSeconds: number
}

/** How much longer or shorter than the average a task may take. */
const SPREAD = 0.3

/** The kinds take turns. */
export function waveOf(seed: number): Wave {
  const kind = KINDS[seed % KINDS.length] ?? "square"
  const random = seededRandom(seed * 7919 + 13)
  // Streams of small seeds begin alike.
  for (let skipped = 0; skipped < 4; skipped += 1) random()
  const between = (least: number, most: number) => least + (most - least) * random()
  const [taskSeconds, peak, length] = [between(5, 60), between(8, 50), between(600, 2400)]
  const bootSeconds = between(30, 150)
  const seconds = () => taskSeconds * between(1 - SPREAD, 1 + SPREAD)
  const shape = { taskSeconds, peak, length, random, seconds }
  const tasks = [...comes[kind](shape)].sort((a, b) => a.at - b.at)
  return { kind, seed, tasks, taskSeconds, bootSeconds }
}

interface Shape {
  readonly taskSeconds: number
  /** The most workers that would be busy at once. */
  readonly peak: number
  readonly length: number
  readonly random: () => number
  readonly seconds: () => number
}

const NIGHT_SECONDS = 6 * 3600

const comes: Readonly<Record<WaveKind, (shape: Shape) => Iterable<WaveTask>>> = {
  square: (shape) => evenly(shape, shape.length, () => 1),
  "saw-tooth": (shape) => evenly(shape, shape.length, (part) => part),
  noise: (shape) => byChance(shape),
  "one spike": (shape) => atOnce(shape),
  night: (shape) => evenly(shape, NIGHT_SECONDS, (part) => Math.sin(Math.PI * part) ** 2),
}

/** As many as keep this part of the peak busy, at even distances that are a little off. */
function* evenly(shape: Shape, length: number, part: (done: number) => number): Generator<WaveTask> {
  const { taskSeconds, peak, random, seconds } = shape
  const step = 0.5
  let due = random()
  for (let at = 0; at < length; at += step) {
    due += (peak * part(at / length) * step) / taskSeconds
    for (; due >= 1; due -= 1) yield { at: at + (random() * taskSeconds) / peak, seconds: seconds() }
  }
}

/** Each independent of the others, while the load itself jumps up and down by a quarter each half minute. */
function* byChance({ taskSeconds, peak, length, random, seconds }: Shape): Generator<WaveTask> {
  const most = (peak * 1.25) / taskSeconds
  let [load, until] = [1, 0]
  for (let at = 0; at < length; at += -Math.log(1 - random()) / most) {
    if (at >= until) [load, until] = [0.75 + 0.5 * random(), until + 30]
    if (random() < load / 1.25) yield { at, seconds: seconds() }
  }
}

function* atOnce({ peak, random, seconds }: Shape): Generator<WaveTask> {
  const count = Math.ceil(peak * (3 + 12 * random()))
  for (let left = count; left > 0; left -= 1) yield { at: 2 * random(), seconds: seconds() }
}
