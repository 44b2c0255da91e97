/** Workable: what a cluster's workers can be asked to do: commands, files, tasks, and who may reach them. */
import type { ExecOptions, WorkerResult } from "../../remote/exec.js"
import type { Command } from "../../remote/remote.js"
import type { MapRun } from "../../work/map.js"
import type { CommandOutput, CommandTask, Inputs, Task, WorkOptions } from "../../work/types.js"
import type { AnyTask } from "../../work/work.js"
import type { ClusterOpening, OpenAccess } from "../access/openings.js"
import { clientIn } from "../engine/client/open.js"
import type { ClientOptions, ClusterClient } from "../engine/client/types.js"
import type { WorkerHandle } from "../reach.js"
import { callIn, mapIn, type Working } from "./mapping.js"
import { accessOf, execIn, workerHandle } from "../workers.js"

/** What others of this library may do with a cluster's workers. */
export let workingOf: (cluster: WorkableCluster) => Working

export abstract class WorkableCluster {
  static {
    workingOf = ({ reached }) => reached
  }

  abstract readonly name: string
  /** How its workers are found. */
  protected abstract readonly reached: Working

  /**
   * Runs a command on all running workers, and waits for all of them. Other processes' clusters are looked at as well: nothing is
   * taken over for it.
   *
   * @param command a text is for `sh -c`; a list is a program and its arguments, which no shell reads. It runs in the worker's container, where
   * it has one. @param options.host `true`: beside the container, on the machine; `false` by default.
   * @param options.environment variables of the command; they stand in no argument list. @param options.cwd where it runs, the directory
   * of the worker's startup by default. @param options.stdin its input, empty by default: with several workers no
   * stream, which is read once. What it throws ends the command. @param options.check `false`: an exit code other than 0 is no error.
   * @param options.onOutput hears of output as it comes. @param options.timeoutMs in milliseconds; no limit by default.
   * @returns one result for each worker, in the order of `workers`.
   * @throws CommandError when it failed on some, unless `check` is false.
   * @throws TransientError with code "ContainerNotEntered" when it could not begin in a worker's container, with docker's words.
   * @throws RejectedError when no worker runs; SpecError when the spec gives no access to them, or `stdin` cannot be read by all of them.
   * @throws HostKeyError, AuthError, TimeoutError or TransientError when one could not be reached, or was lost.
   */
  exec(command: Command, options: ExecOptions = {}): Promise<readonly WorkerResult[]> {
    return execIn(this.reached, command, options)
  }

  /** One worker, by its name or its id; it is looked up at each call. */
  worker(name: string): WorkerHandle {
    return workerHandle(this.reached, name)
  }

  /**
   * Opens port 22 of the workers that there are now, beside what is open already: for a cluster whose spec has no `access`, or from one
   * place more. Those that are launched later have what the spec says. An attached object takes nothing over for it.
   *
   * @param access "here", an address range, or `{ from }` with several; the whole internet only as `{ from: "0.0.0.0/0" }`.
   * @returns what lets ssh in now.
   * @throws SpecError when a range is none, or this machine's own address is not known.
   * @throws RejectedError when there is no worker, or none that is reached over ssh.
   * @throws AuthError, RejectedError, TransientError or TimeoutError when the cloud would not; places that did stay open.
   */
  openAccess(access: OpenAccess): Promise<readonly ClusterOpening[]> {
    return accessOf(this.reached).open(access)
  }

  /** Takes away what Muster has opened to the workers that there are now; what you set up stays. @throws as `openAccess` does. */
  closeAccess(): Promise<void> {
    return accessOf(this.reached).close()
  }

  /** What lets ssh in to the workers that there are now, as the clouds show it. @throws what a cloud throws. */
  openings(): Promise<readonly ClusterOpening[]> {
    return accessOf(this.reached).openings()
  }

  /**
   * Runs a task for each input, on whichever workers are free, and hands over each result once. What a lost worker had is begun again
   * elsewhere. It begins when its results are asked for: by `for await`, in the order of their completion, or by `all()`.
   *
   * @param inputs read no faster than they are used. @param task a function of `remote(…)`, or a command.
   * @throws SpecError when an option or the task is wrong.
   * @throws RejectedError when the cluster has no workers and wants none.
   * @throws TaskError when a task has failed, unless `errors` is "yield": the rest is cancelled.
   * @throws TimeoutError when `timeout` is over; the signal's reason. Workers are left as they are.
   */
  map<In, Out, const Options extends WorkOptions = WorkOptions>(
    inputs: Inputs<In>,
    task: Task<In, Out>,
    options?: Options,
  ): MapRun<Out, Options>
  map<In, const Options extends WorkOptions = WorkOptions>(
    inputs: Inputs<In>,
    task: CommandTask<In>,
    options?: Options,
  ): MapRun<CommandOutput, Options>
  map(inputs: Inputs<unknown>, task: AnyTask, options: WorkOptions = {}): MapRun<unknown> {
    return mapIn(this.reached, { verb: "map", inputs, task }, options)
  }

  /** Runs one task on a free worker, and returns what it returns. @throws what `map` throws. */
  call<In, Out>(task: Task<In, Out>, input: In, options: WorkOptions = {}): Promise<Out> {
    return callIn(this.reached, task, input, options)
  }

  /**
   * How programs of this machine use the engine: its ports on 127.0.0.1, and variables by which a client of the engine finds them. It
   * waits for a head that answers; workers may still be on their way.
   *
   * @param options.ports where to listen here; free ports by default. @param options.timeout of that wait: "10m" by default.
   * @throws SpecError when the cluster has no engine, an option is wrong, or this machine's client and the head do not go together.
   * @throws RejectedError when no head is there or on its way.
   * @throws TimeoutError when no head answers in time, with what was heard of it last; the signal's reason.
   * @throws MusterError with code "PortInUse" when something listens here already.
   */
  client(options: ClientOptions = {}): Promise<ClusterClient> {
    return clientIn(this.reached, options)
  }
}
