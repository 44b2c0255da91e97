/** A root for each test, a bare `Calls`, and what is needed to see and to clean up real processes. */
import { readdirSync, readFileSync } from "node:fs"
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { vi } from "vitest"
import { local, type LocalOptions } from "../../providers/local/index.js"
import { type Clock, systemClock } from "../../src/calls/clock.js"
import type { Calls, GroupRequest, Instance, Launched, Owner, Provider, Selector } from "../../src/provider.js"

const clock: Clock = systemClock

/** Longer than anything here takes on a busy machine; what is waited for comes in a fraction of it. */
const PATIENCE_MS = 60_000

export function bareCalls(options: { readonly readOnly?: boolean; readonly signal?: AbortSignal } = {}): Calls {
  const signal = options.signal ?? new AbortController().signal
  return {
    signal,
    now: () => clock.now(),
    readOnly: options.readOnly ?? false,
    send: (_api, _cost, fn) => fn({ signal, number: 1, observed: () => {} }),
  }
}

/** Waits until `look` returns something other than undefined or false. */
export async function until<T>(what: string, look: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const deadline = clock.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>
    if (clock.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms for ${what}`)
    await clock.sleep(20)
  }
}

export const calls = bareCalls()

/** Seconds since 1970, `inS` from now. */
export function secondsFromNow(inS: number): string {
  return String(Math.floor(clock.now() / 1000) + inS)
}

export function ownerOf(change: Partial<Owner> = {}): Owner {
  return {
    cluster: "render",
    uid: "0123456789abcdef",
    owner: "default",
    generation: 1,
    deadline: secondsFromNow(600),
    claim: "claim-one",
    ...change,
  }
}

/** With what the core asks of every group that has a startup. */
export function groupOf(change: Partial<GroupRequest> = {}): GroupRequest {
  const whenDone = { success: "keep", failure: "replace" } as const
  return { name: "default", environment: {}, publicAddress: "auto", tags: {}, archs: ["x86_64"], whenDone, ...change }
}

/** A provider with a root of its own, and the few steps that most tests start with. */
export interface Place {
  readonly root: string
  readonly provider: Provider
  launch(options?: LaunchOptions): Promise<Launched>
  list(selector?: Selector): Promise<readonly Instance[]>
  /** The instance, once it is in this state. */
  reach(id: string, state: Instance["state"]): Promise<Instance>
  /** Returns once the instance is in no list. */
  vanish(id: string): Promise<void>
  path(...parts: readonly string[]): string
}

export interface LaunchOptions {
  readonly owner?: Partial<Owner>
  readonly group?: Partial<GroupRequest>
  readonly count?: number
  readonly wish?: string
}

/** For what is launched from now on in this test, a shell text in the place of one of the machine's programs. */
export async function inPath(name: string, text: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "muster-path-"))
  roots.push(folder)
  await writeFile(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`)
}

const roots: string[] = []

export async function freshPlace(options: Omit<LocalOptions, "root"> = {}): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), "muster-local-"))
  roots.push(root)
  return placeAt(root, options)
}

export function placeAt(root: string, options: Omit<LocalOptions, "root"> = {}): Place {
  const provider = local({ root, graceMs: 400, ...options })
  const list = (selector: Selector = {}) => provider.list(selector, calls)
  return {
    root,
    provider,
    list,
    launch: async (launchOptions = {}) => provider.launch(await callFor(provider, launchOptions), calls),
    reach: (id, state) =>
      until(`${id} to be ${state}`, async () => (await list({ ids: [id] })).find((seen) => seen.state === state)),
    vanish: async (id) => {
      await until(`${id} to be gone`, async () => (await list({ ids: [id] })).length === 0)
    },
    path: (...parts) => join(root, ...parts),
  }
}

/** One launch call for `count` instances of the smallest offer. */
export async function callFor(provider: Provider, options: LaunchOptions = {}) {
  const owner = ownerOf(options.owner)
  const group = groupOf(options.group)
  const prepared = await provider.prepare(owner, group, calls)
  const offers = await provider.offers({ markets: ["on-demand"] }, calls)
  const { name } = group
  const wish = { id: options.wish ?? "wish-1", uid: owner.uid, group: name, count: options.count ?? 1, offers }
  const plan = { ...wish, market: "on-demand", arch: "x86_64", spread: "one-zone" } as const
  const [call] = provider.split(plan, prepared, { levels: {}, launches: [] })
  if (call === undefined) throw new Error("split gave no call")
  return call
}

/** The first instance of a launch. */
export function only(launched: Launched): Instance {
  const [instance] = launched.instances
  if (instance === undefined || launched.instances.length !== 1) throw new Error(JSON.stringify(launched))
  return instance
}

interface Running {
  readonly pid: number
  readonly state: string
  readonly command: string
  readonly environment: string
}

/** All processes that have to do with a root: by the nonce of an instance, or by their command line. */
export function processesOf(root: string): readonly Running[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .map((entry) => ({
      pid: Number(entry),
      state: read(`/proc/${entry}/stat`).replace(/^.*\) (\S).*$/s, "$1"),
      command: read(`/proc/${entry}/cmdline`).replaceAll("\0", " "),
      environment: read(`/proc/${entry}/environ`),
    }))
    .filter(
      ({ command, environment }) => command.includes(root) || nonces(root).some((one) => environment.includes(one)),
    )
    .filter(({ state }) => state !== "Z" && state !== "")
}

/** The nonces of all instances that a root ever had, as far as they were noted. */
const noted = new Map<string, Set<string>>()

function nonces(root: string): readonly string[] {
  return [...(noted.get(root) ?? [])]
}

/** Notes the nonces under a root, so that processes are found after their directories have gone. */
export async function noteNonces(root: string): Promise<void> {
  const seen = noted.get(root) ?? new Set()
  noted.set(root, seen)
  for (const name of await readdir(join(root, "instances")).catch(() => [])) {
    const nonce = /"nonce":"([0-9a-f]{32})"/.exec(read(join(root, "instances", name, "instance.json")))?.[1]
    if (nonce !== undefined) seen.add(nonce)
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}

/** The process number in one of an instance's files. */
export function pidIn(place: Place, id: string, file: string): number {
  return Number.parseInt(read(place.path("instances", id, file)), 10)
}

export function isAlive(pid: number): boolean {
  const state = read(`/proc/${pid}/stat`).replace(/^.*\) (\S).*$/s, "$1")
  return state !== "" && state !== "Z"
}

export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  if (!(pid > 1)) throw new Error(`no process to kill: ${pid}`)
  process.kill(pid, signal)
}

/** The same for one that may have ended by itself since it was looked at. */
export function killIfThere(pid: number): void {
  try {
    kill(pid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}

/** What is left under a root besides the directories of clusters and empty ones. */
export async function remainsOf(root: string): Promise<readonly string[]> {
  await noteNonces(root)
  const names = async (folder: string) =>
    (await readdir(join(root, folder)).catch(() => [])).map((name) => `${folder}/${name}`)
  const clusters = await names("clusters")
  const inside = await Promise.all(
    clusters.flatMap((path) => [names(join(path, "making")), names(join(path, "trash"))]),
  )
  const processes = processesOf(root).map(({ pid, command }) => `process ${pid}: ${command}`)
  return [...(await names("instances")), ...(await names("claims")), ...inside.flat(), ...processes]
}

/** Kills what a test has left and removes its roots. For `afterEach`. */
export async function cleanUp(): Promise<void> {
  vi.unstubAllEnvs()
  for (const root of roots.splice(0)) {
    await noteNonces(root)
    await until(`the processes of ${root} to end`, () => {
      const left = processesOf(root)
      for (const { pid } of left) {
        try {
          process.kill(pid, "SIGKILL")
        } catch {
          // It has ended by itself meanwhile.
        }
      }
      return left.length === 0
    })
    await rm(root, { recursive: true, force: true })
    noted.delete(root)
  }
}
