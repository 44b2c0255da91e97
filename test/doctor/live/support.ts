/** A live walk over a cloud's wire, with guests that are played: they do what their programs say, in the world's time. */
import { expect } from "vitest"
import type { Clock } from "../../../src/calls/clock.js"
import { runWalk } from "../../../src/doctor/live/walk.js"
import type { WalkOutcome } from "../../../src/doctor/live/outcome.js"
import { hexOf } from "../../../src/doctor/live/launching.js"
import { Witness } from "../../../src/doctor/live/witness.js"
import type { WalkSite } from "../../../src/doctor/live/site.js"
import { TAG } from "../../../src/fleet/tags.js"
import { markPrefix } from "../../../src/guest/marks.js"
import type { Provider } from "../../../src/provider.js"
import type { World, WorldInstance } from "../../../src/simulator/index.js"
import type { IsBroken } from "../../../src/simulator/requests/lies.js"
import { pacedBy } from "./paced.js"

/** What a guest does otherwise than its cloud lets guests do. */
export interface GuestLie {
  readonly breaks: string
  /** What it writes in place of these lines. */
  readonly tell?: (lines: readonly string[], instance: WorldInstance, isBroken: IsBroken) => readonly string[]
  /** Whether its system writes nothing of its own. */
  readonly isMute?: (instance: WorldInstance, isBroken: IsBroken) => boolean
  /** Whether it does nothing at its deadline. */
  readonly staysOn?: (instance: WorldInstance, isBroken: IsBroken) => boolean
}

export interface Played {
  readonly world: World
  readonly clock: Clock
  /** The user data of an instance, decoded; "" where none arrived. */
  readonly programOf: (instance: WorldInstance) => string
  /** What its startup writes, line by line, by what it finds on this cloud. */
  readonly linesOf: (instance: WorldInstance, program: string) => readonly string[]
  /** What its system writes beside that, once its program has run. */
  readonly systemSays?: (instance: WorldInstance) => readonly string[]
  /** How it ends its machine at its deadline; by a power-off when left out. */
  readonly ends?: (instance: WorldInstance) => void
  readonly lie?: { readonly guest: GuestLie; readonly isBroken: IsBroken }
}

/** A guest has started its program by then. */
const BOOTS_AFTER_MS = 20_000
const EVERY_MS = 1_000

/** @returns what ends them. */
export function playGuests(played: Played): () => void {
  const { world, clock } = played
  const booted = new Set<string>()
  let cancel = () => {}
  const tick = () => {
    for (const instance of world.truth({ states: ["running"] })) play(played, instance, booted)
    cancel = clock.timer(EVERY_MS, tick)
  }
  tick()
  return () => cancel()
}

function play(
  { world, clock, programOf, linesOf, systemSays, ends, lie }: Played,
  instance: WorldInstance,
  booted: Set<string>,
): void {
  const { id, runningAt = Number.POSITIVE_INFINITY, tags } = instance
  const program = programOf(instance)
  if (program === "" || clock.now() < runningAt + BOOTS_AFTER_MS) return
  if (!booted.has(id)) {
    booted.add(id)
    const prefix = markPrefix(tags[TAG.uid] ?? "")
    const lines = linesOf(instance, program)
    const told = lie?.guest.tell?.(lines, instance, lie.isBroken) ?? lines
    const marks = ["10 startup begun", ...told.map((line) => `| ${line}`), "900 startup ended 0", "910 done startup 0"]
    world.write(id, marks.map((mark) => `${prefix}${mark}\n`).join(""))
    const isMute = lie?.guest.isMute?.(instance, lie.isBroken) === true
    if (!isMute) world.write(id, (systemSays?.(instance) ?? []).map((line) => `${line}\n`).join(""))
  }
  const deadline = tags[TAG.deadline] ?? ""
  const isOver = program.includes(deadline) && clock.now() >= Number(deadline) * 1000
  if (!isOver || lie?.guest.staysOn?.(instance, lie.isBroken) === true) return
  if (ends === undefined) world.powerOff([id])
  else ends(instance)
}

export interface WalkOptions {
  readonly instanceType: string
  readonly budgetUsd?: number
  readonly signal?: AbortSignal
  /** Lists that are further apart than a burst's; as the adapter has it when left out. */
  readonly everyMs?: number
  /** It is interrupted so many milliseconds after its beginning. */
  readonly stopAtMs?: number
  readonly group?: Partial<WalkSite["group"]>
}

/** Plays a walk to its end. @param provider one whose `walk` is there. */
export async function walked(
  cloud: { readonly provider: Provider; readonly clock: Clock; readonly run: <T>(promise: Promise<T>) => Promise<T> },
  options: WalkOptions,
): Promise<WalkOutcome> {
  return cloud.run(walk(cloud, options))
}

async function walk(
  { provider: plain, clock }: { readonly provider: Provider; readonly clock: Clock },
  {
    instanceType,
    budgetUsd = 0.2,
    signal: given = new AbortController().signal,
    stopAtMs,
    everyMs,
    group = {},
  }: WalkOptions,
): Promise<WalkOutcome> {
  const signal = stopAtMs === undefined ? given : stoppedAt(clock, stopAtMs)
  const witness = new Witness(clock)
  const made = await clock.busy("loading the walk", plain.walk?.(witness.tap) ?? Promise.reject(new Error("no walk")))
  const provider = pacedBy(made.provider, everyMs)
  const calls = witness.callsTo(provider.limits, signal)
  const offers = await provider
    .offers({ instanceTypes: [instanceType], markets: ["spot", "on-demand"] }, calls)
    .catch(() => [])
  const cheapest = [...offers].sort((a, b) => (a.pricePerHour ?? 0) - (b.pricePerHour ?? 0))
  const uid = hexOf(clock)
  const owner = { cluster: `doctor-${uid.slice(0, 6)}`, uid, owner: "tester", generation: 1, claim: uid }
  const plainGroup = {
    name: "doctor",
    environment: {},
    publicAddress: "auto",
    tags: {},
    archs: ["x86_64"],
    ...group,
  } as const
  const site = { ...{ walk: made, provider, witness, clock, signal, owner, budgetUsd }, offers: cheapest }
  return runWalk({ ...site, group: plainGroup, mostMs: 15 * 60_000, say: () => {} })
}

function stoppedAt(clock: Clock, ms: number): AbortSignal {
  const abort = new AbortController()
  clock.timer(ms, () => abort.abort(new Error("interrupted")))
  return abort.signal
}

/** Assumptions by their verdict, with what was seen where it is not "confirmed". */
export function verdicts({ assumptions }: WalkOutcome): Readonly<Record<string, string>> {
  return Object.fromEntries(assumptions.map(({ id, verdict }) => [id, verdict]))
}

/** What a person reads when a walk does not come to what it should. */
export function told({ assumptions, problems, left }: WalkOutcome): string {
  const seen = assumptions.flatMap(({ id, verdict, observations }) => [
    `${verdict} ${id}`,
    ...observations.map(({ held, words }) => `    ${held ? "held" : "broke"}: ${words}`),
  ])
  return [...seen, ...problems.map((one) => `problem: ${one}`), ...left.map((one) => `left: ${one}`)].join("\n")
}

/** All hold but those named. */
export function expectAll(outcome: WalkOutcome, but: Readonly<Record<string, string>> = {}): void {
  const expected = outcome.assumptions.map(({ id }) => [id, but[id] ?? "confirmed"])
  expect(verdicts(outcome), told(outcome)).toEqual(Object.fromEntries(expected))
}

/** What was thought before is near what the world bills; what is said to be spent is no less, and not much more: lists tell late of an end. */
export function expectPrices({ usd: { estimate, spent } }: WalkOutcome, billed: number): void {
  expect(Math.abs(estimate / billed - 1), `${estimate} thought, ${billed} billed`).toBeLessThanOrEqual(0.2)
  expect(spent / billed, `${spent} said, ${billed} billed`).toBeGreaterThan(0.95)
  expect(spent / billed, `${spent} said, ${billed} billed`).toBeLessThan(1.35)
}

/** Nothing that was made is there, but for what clusters share. */
export function expectNothingLeft(world: World, when = ""): void {
  const alive = world.truth({}).filter(({ state }) => state !== "terminated")
  expect(
    alive.map(({ id, state }) => `${id} ${state}`),
    when,
  ).toEqual([])
}
