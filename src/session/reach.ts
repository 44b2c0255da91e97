/** Reach: how a cluster's workers are talked to. It looks and carries; it takes nothing over and changes no target. */
import { dirname } from "node:path"
import type { Clock } from "../calls/clock.js"
import { RejectedError, SpecError, TransientError } from "../errors.js"
import { show } from "../input/parse.js"
import { markPrefix, STATUS_FILE } from "../guest/marks.js"
import { TAG } from "../fleet/tags.js"
import type { WorkerRecord } from "../fleet/roster/worker-record.js"
import { workerName } from "../fleet/reports/worker.js"
import type { Route } from "../provider.js"
import { isHead } from "../fleet/state/engine/head.js"
import { type Fleet, fleetCalls, pollWithin } from "../fleet/state/context.js"
import { execOn, type ExecOptions, type WorkerResult } from "../remote/exec.js"
import { collect } from "../remote/files/collect.js"
import { fetchFiles } from "../remote/files/fetch.js"
import { isFile, sendFile } from "../remote/files/send-file.js"
import { type Sent, sendFiles } from "../remote/files/send.js"
import { checkSharedInput } from "../remote/input.js"
import { type InsideRemote, insideRemote } from "../remote/inside/inside.js"
import { localRemote } from "../remote/local.js"
import { withEnvironment } from "../remote/sent/place.js"
import { type CommandOptions, type CommandResult, runCommand } from "../remote/output.js"
import { logsOf } from "./logs.js"
import { type FollowOptions, type LogOptions, type LogSource, withoutMarks } from "./logs/console.js"
import { keptOf } from "./logs/kept.js"
import { logPlaceOf } from "./logs/place.js"
import { argumentOf, argvOf } from "../remote/shell.js"
import { sshWaysOf } from "./ssh-ways.js"
import type { Command, Forward, Remote, RemoteProcess, SpawnOptions } from "../remote/remote.js"

/** One worker, to be worked with. */
export interface WorkerHandle {
  readonly name: string
  /**
   * Runs a command to its end: in the worker's container, where it has one, unless `host` is true.
   *
   * @param command a text is for `sh -c`, of at most 16 MiB; a list is a program and its arguments, of at most 128 KiB each.
   * @throws SpecError when it is longer: before anything runs.
   * @throws CommandError when its exit code is not 0, unless `check` is false.
   * @throws TransientError with code "ContainerNotEntered" when it could not begin in the container, with docker's words.
   */
  exec(command: Command, options?: CommandOptions): Promise<CommandResult>
  /** Starts a command, where `exec` runs it, and gives its streams. @throws what `exec` throws before a command has begun. */
  spawn(command: Command, options?: SpawnOptions): Promise<RemoteProcess>
  /**
   * The words of a program of this machine that opens a shell on the worker, for whoever has a terminal to give it. Where its
   * standard input is no terminal, the shell reads commands from it. Workers of a cloud are reached by the system's `ssh`, with a
   * configuration that is written beside the cluster's key. The shell is the machine's, also where the worker has a container.
   *
   * @param command is run in place of a shell.
   */
  shell(command?: Command): Promise<readonly string[]>
  /**
   * A port of the worker on 127.0.0.1 of this machine, until it is closed.
   *
   * @param at the port here; a free one when left out.
   */
  forward(port: number, at?: number): Promise<Forward>
  /**
   * Brings a directory there to what a directory here is; only what differs travels. What a `.gitignore` names is left out. A file
   * is sent whole. Paths are the machine's, also where the worker has a container.
   *
   * @param to there; from the directory of the worker's startup where it does not begin with "/". A file goes into it where it is
   * a directory, or ends with "/".
   */
  send(
    from: string,
    to: string,
    options?: { readonly ignore?: readonly string[]; readonly signal?: AbortSignal },
  ): Promise<Sent>
  /**
   * What the worker has written: the first and the last MiB of its own log where it can be reached, else what its console keeps, which
   * a `note` says. Of one that is gone what was kept of it.
   */
  logs(options?: LogOptions): Promise<string>
  /** The same, and what it writes from now on, as it comes, until it has ended. An aborted signal ends it without an error. */
  logs(options: FollowOptions): AsyncIterable<string>
  /**
   * Brings files and directories of the worker's machine into a directory here.
   *
   * @param options.from the directory that the paths are in; that of the worker's startup when left out.
   * @returns how many bytes came.
   */
  fetch(
    paths: readonly string[],
    to: string,
    options?: { readonly from?: string; readonly signal?: AbortSignal },
  ): Promise<number>
}

export class Reach {
  readonly #fleet: Fleet
  readonly #clock: Clock

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#clock = fleet.clock
  }

  /** Runs a command on all running workers, or on those of one group; not on the head of an engine. */
  exec(command: Command, options: ExecOptions, group?: string): Promise<readonly WorkerResult[]> {
    const running = this.#fleet.roster
      .living()
      .filter((worker) => worker.state === "running" && !isHead(this.#fleet, worker.group))
      .filter((worker) => group === undefined || worker.group === group)
    if (running.length === 0) {
      const whose = group === undefined ? `cluster "${this.#fleet.owner.cluster}"` : `group "${group}"`
      throw new RejectedError(`running a command: ${whose} has no running worker; scale it first`)
    }
    checkSharedInput(options.stdin, running.length)
    const reached = running.map((worker) => ({ worker: nameOf(worker), remote: () => this.commandsOf(worker) }))
    return execOn(reached, command, options)
  }

  /** @throws SpecError when no worker has that name. */
  worker(name: string): WorkerHandle {
    const remote = async () => this.remoteOf(this.#find(name))
    const commands = async () => this.commandsOf(this.#find(name))
    const at = { worker: name }
    return {
      name,
      exec: async (command, options) => runCommand(await commands(), command, at, options),
      spawn: async (command, options) => (await commands()).spawn(command, options),
      shell: async (command) => this.#shellOf(this.#find(name), command),
      forward: async (port, here) => (await remote()).forward(port, here),
      send: async (from, to, { ignore, signal } = {}) => {
        const options = { ...at, ...(signal === undefined ? {} : { signal }) }
        if (await isFile(from)) return sendFile(await remote(), from, to, options)
        return sendFiles(await remote(), await collect(from, ignore), to, options)
      },
      logs: logsOf(() => Promise.resolve(this.consoleOf(name))),
      fetch: async (paths, to, options = {}) => fetchFiles(await remote(), paths, to, { ...at, ...options }),
    }
  }

  /** What a worker's log and its console keep, and how long they are worth looking at. */
  consoleOf(name: string): LogSource {
    const worker = this.#knew(name) ?? this.#find(name)
    const { provider, instance } = worker
    return {
      read: async () => {
        const isGone = !this.#fleet.roster.living().includes(worker)
        const kept = isGone ? keptOf(this.#fleet, worker) : ""
        if (kept !== "") return kept
        const text = (await provider.consoleLog?.(instance, fleetCalls(this.#fleet, provider))) ?? ""
        return withoutMarks(text, markPrefix(this.#fleet.owner.uid))
      },
      isLiving: () => this.#fleet.roster.living().includes(worker),
      own: logPlaceOf(this.#fleet, worker),
      note: (message) => this.#fleet.emit({ type: "note", message }),
      clock: this.#clock,
      everyMs: Math.max(SOONEST_MS, provider.limits.look?.everyMs ?? LOOK_MS),
    }
  }

  /** A worker that lives, or else one that is gone and that this process knew. */
  #knew(name: string): WorkerRecord | undefined {
    const { roster } = this.#fleet
    return [...roster.living(), ...roster.all.in("terminated")].find((worker) => isCalled(worker, name))
  }

  #find(name: string): WorkerRecord {
    const living = this.#fleet.roster.living()
    const found = living.find((worker) => isCalled(worker, name))
    if (found !== undefined) return found
    const names = living.slice(0, MOST_NAMES).map(nameOf)
    const known =
      names.length === 0 ? "it has none now" : `it has ${names.join(", ")}${living.length > MOST_NAMES ? ", …" : ""}`
    throw new SpecError([
      {
        option: "worker",
        value: name,
        message: `is ${show(name)}; no living worker of "${this.#fleet.owner.cluster}" has that name; ${known}`,
      },
    ])
  }

  /** Commands run in the worker's container, where it has one; those with `host` on the machine, as `remoteOf` has them. */
  async commandsOf(worker: WorkerRecord): Promise<Remote> {
    if (!hasContainer(worker)) return this.remoteOf(worker)
    const inside = await this.insideOf(worker, PATIENCE_MS)
    const around = async () => this.remoteOf(worker)
    return {
      ...inside,
      spawn: async (command, options) => (options?.host === true ? await around() : inside).spawn(command, options),
    }
  }

  /**
   * Commands run in the worker's container.
   *
   * @param patienceMs one that is not up yet is waited for so long, in milliseconds; not at all when left out.
   * @throws TransientError where the worker's guest is at no place that is known.
   */
  async insideOf(worker: WorkerRecord, patienceMs = 0): Promise<InsideRemote> {
    const route = await this.#routeTo(worker)
    const place = {
      ...{ worker: nameOf(worker), patienceMs },
      image: this.#fleet.groups.get(worker.group)?.group.container?.image,
    }
    const machine = await this.#remoteBy(worker, route)
    if (route.kind === "ssh")
      return insideRemote(machine, { ...place, home: dirname(STATUS_FILE), isShared: false }, this.#clock)
    if (route.log === undefined) throw new TransientError(`${place.worker}: where its guest is, is not known`)
    return insideRemote(machine, { ...place, home: dirname(route.log), isShared: true }, this.#clock)
  }

  /** Commands have the worker's variables, and run on its machine. */
  async remoteOf(worker: WorkerRecord): Promise<Remote> {
    const route = await this.#routeTo(worker)
    const remote = await this.#remoteBy(worker, route)
    return route.kind === "ssh" ? withEnvironment(remote) : remote
  }

  /** The way to a worker, and nothing else. */
  async remoteTo(worker: WorkerRecord): Promise<Remote> {
    return this.#remoteBy(worker, await this.#routeTo(worker))
  }

  #remoteBy(worker: WorkerRecord, route: Route): Promise<Remote> {
    if (route.kind === "local") return Promise.resolve(localRemote(route, this.#clock))
    return sshWaysOf(this.#fleet).remoteOf(worker, route, { isPatient: true })
  }

  async #shellOf(worker: WorkerRecord, command?: Command): Promise<readonly string[]> {
    const route = await this.#routeTo(worker)
    if (route.kind === "ssh") return sshWaysOf(this.#fleet).systemWords(worker, route, command)
    if (command !== undefined) argumentOf(command)
    return [...route.words, ...argvOf(command ?? SHELL)]
  }

  /** An instance may run before a list shows its address: that is looked for, for a while. */
  async #routeTo(worker: WorkerRecord): Promise<Route> {
    const { provider } = worker
    if (provider.route === undefined)
      throw new SpecError([{ option: "provider", value: provider.name, message: "says no way to reach its workers" }])
    for (const until = this.#clock.now() + ADDRESS_MS; ; await this.#clock.sleep(LOOK_AGAIN_MS, this.#fleet.signal)) {
      const route = provider.route(worker.instance)
      if (route !== undefined) return route
      const isGoing = worker.state !== "running" || this.#clock.now() >= until
      if (isGoing) throw new TransientError(`${nameOf(worker)}: it has no address yet`)
      pollWithin(this.#fleet, provider, 0)
      this.#fleet.wake()
    }
  }
}

/** For how long the address of a worker that runs is looked for, and how often. */
const [ADDRESS_MS, LOOK_AGAIN_MS] = [10_000, 1000]

/** The best shell that there is, for a person or for commands that come in. */
const SHELL = `[ -t 0 ] || exec /bin/sh; command -v bash >/dev/null && exec bash -i; exec /bin/sh -i`

/** A container that is not up yet, because its image still comes, is waited for so long, in milliseconds. */
const PATIENCE_MS = 600_000

/** From one look at a console to the next: at most so often; and where the cloud says nothing of it. */
const [SOONEST_MS, LOOK_MS] = [500, 10_000]

/** In an error. */
const MOST_NAMES = 10

function nameOf({ instance, group }: WorkerRecord): string {
  return workerName(instance, group)
}

/** What runs there of the user's runs in a container. What an earlier version has launched has no way into it. */
export function hasContainer({ instance }: WorkerRecord): boolean {
  return instance.tags[TAG.container] !== undefined
}

function isCalled(worker: WorkerRecord, name: string): boolean {
  return nameOf(worker) === name || worker.instance.id === name
}
