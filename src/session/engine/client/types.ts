/** What a cluster's client is, for those who use it. */
import type { EngineClient, EnginePorts } from "../../../engines/engine.js"
import type { Command, Ended } from "../../../remote/remote.js"
import type { Duration } from "../../../spec/types.js"

export interface ClientOptions {
  /** Where to listen on 127.0.0.1; free ports when left out. */
  readonly ports?: Partial<EnginePorts>
  /** How long to wait for a head that answers: "10m" by default. */
  readonly timeout?: Duration
  readonly signal?: AbortSignal
}

export interface RunOptions {
  /** Variables of the program, beside those of this process and of the client. */
  readonly environment?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** A program that ends with another code than 0 is an error; true by default. */
  readonly check?: boolean
  /** Hears of each piece of output as it arrives; what it throws ends the program. Left out: it goes to this process's own output, and input comes from its own. */
  readonly onOutput?: (stream: "stdout" | "stderr", text: string) => void
  /** Ends the program: SIGTERM, and SIGKILL five seconds later. */
  readonly signal?: AbortSignal
}

/** How programs of this machine use the engine of a cluster, until it is closed. Its ports stay, also when the head is another one. */
export interface ClusterClient extends EngineClient {
  /**
   * Runs a program of this machine with `environment`, to its end.
   *
   * @param command a list is a program and its arguments; a text is for `sh -c`.
   * @throws CommandError when its exit code is not 0, unless `check` is false; MusterError with code "CommandNotStarted" when there is no
   * such program; the signal's reason once it has ended for it.
   */
  run(command: Command, options?: RunOptions): Promise<Ended>
  /** Lets go of the ports. It is closed with the cluster as well. Programs that run go on without it. */
  close(): Promise<void>
}
