/**
 * The seam between those who work on workers and the ways to reach one: types only.
 *
 * What may be believed of any remote:
 *
 * - A command that was started has its exit code told once, or the connection's error.
 * - A connection that is lost says nothing of the command: it may have ended, or go on.
 * - Output arrives as bytes, as it was written; who does not read holds the command up. Who leaves a stream before its end lets go of the rest:
 *   it is thrown away, or on this machine the command hears of it as of any pipe (SIGPIPE).
 * - Nothing of a command's environment is in an argument list, there or here.
 */

/** A stream of bytes that is read: one of Node's. */
export interface ByteSource extends AsyncIterable<Uint8Array> {
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown
  once(event: "data" | "end", listener: (bytes: Uint8Array) => void): unknown
  /** Reads on, and throws away what nobody listens for. */
  resume(): unknown
}

/** A stream of bytes that is written: one of Node's. */
export interface ByteSink {
  write(bytes: string | Uint8Array): boolean
  end(bytes?: string | Uint8Array): unknown
}

/** A text is for `sh -c`; a list is a program and its arguments, which no shell reads. */
export type Command = string | readonly string[]

export interface SpawnOptions {
  /**
   * Given to the command's standard input, which then ends; left out: `stdin` of the process is open. Where an iterable or a stream of it
   * throws, the command is ended (SIGTERM, and SIGKILL a little later), and that is the error of its end.
   */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Variables of the command, beside those that the worker has. */
  readonly environment?: Readonly<Record<string, string>>
  /** Where it runs; the working directory of the worker's startup when left out. */
  readonly cwd?: string
  /**
   * Where the worker has a container: it runs on the machine around it, and not inside. False by default; of no account without a
   * container.
   */
  readonly host?: boolean
  /** Ends the command: SIGTERM, and SIGKILL a little later. */
  readonly signal?: AbortSignal
  /** For how long it may run, in milliseconds; no limit when left out. */
  readonly timeoutMs?: number
  /**
   * It goes on for as long as the worker is used. Above 256 workers connections of ssh take turns: its own is then not one of those.
   * False by default.
   */
  readonly isLasting?: boolean
}

export type Signal =
  | "SIGTERM"
  | "SIGKILL"
  | "SIGINT"
  | "SIGHUP"
  | "SIGQUIT"
  | "SIGUSR1"
  | "SIGUSR2"
  | "SIGCONT"
  | "SIGSTOP"

/** How a command ended: with an exit code, or by a signal. */
export interface Ended {
  /** 128 and the signal's number where a signal ended it, as shells have it. */
  readonly exitCode: number
  /** "SIGKILL" */
  readonly signal?: string
}

export interface RemoteProcess {
  readonly stdin: ByteSink
  readonly stdout: ByteSource
  readonly stderr: ByteSource
  /**
   * Settles when the command has ended and its output has been read to the end. Where nobody waits for it, its error ends no process.
   *
   * @throws TransientError when the connection was lost before; the reason of `signal`, a TimeoutError with code "CommandTimeout" after
   * `timeoutMs`, or what `stdin` has thrown, once the command was ended for it.
   */
  readonly ended: Promise<Ended>
  /** Sends a signal; "SIGTERM" by default. A command that has ended is left alone. */
  kill(signal?: Signal): void
}

/** A port of the worker on this machine. */
export interface Forward {
  /** On 127.0.0.1. */
  readonly port: number
  close(): Promise<void>
}

/** How this process talks to one worker. */
export interface Remote {
  spawn(command: Command, options?: SpawnOptions): Promise<RemoteProcess>
  /**
   * Listens on 127.0.0.1, and carries each connection to a port of the worker.
   *
   * @param port on the worker. @param at where to listen; a free port when left out.
   */
  forward(port: number, at?: number): Promise<Forward>
  close(): Promise<void>
}
