/** Messages between a process that has work and its runner on a worker. */

/** To the runner. */
export type ToRunner =
  /** It comes before the first task of that module. */
  | { readonly type: "module"; readonly digest: string; readonly code: string }
  | {
      readonly type: "task"
      readonly id: number
      readonly slot: number
      /** The digest of the module. */
      readonly module: string
      /** The name of the module's export. */
      readonly name: string
      readonly index: number
      readonly attempt: number
      /** As `serialize` of node:v8 has it. */
      readonly input: Uint8Array
      /** It gets an empty directory. */
      readonly hasOutputs: boolean
      /** What it writes to its console is told. */
      readonly isHeard: boolean
      /** For so long it may run. */
      readonly seconds?: number
    }
  /** `hard`: its process is ended; else its signal is aborted. */
  | { readonly type: "stop"; readonly id: number; readonly hard: boolean }
  | ({ readonly type: "notice" } & Notice)
  | { readonly type: "beat" }
  | { readonly type: "end" }

/** The worker ends in so many seconds. */
export interface Notice {
  readonly seconds: number
  /** Signals are aborted so long before that; left out: at once. */
  readonly abortBeforeS?: number
}

/** How a task failed, in words that travel. */
export interface Failed {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly code?: string
  readonly exitCode?: number
  readonly tail?: string
}

/** From the runner. */
export type FromRunner =
  | { readonly type: "hello"; readonly vcpus: number; readonly node: string }
  | { readonly type: "value"; readonly id: number; readonly value: Uint8Array; readonly files?: string }
  | { readonly type: "failed"; readonly id: number; readonly failure: Failed }
  | { readonly type: "log"; readonly id: number; readonly text: string }
  | { readonly type: "beat" }

/** What the runner is told with its first words. */
export interface Setting {
  /** The name of the worker. */
  readonly worker: string
  /** Each side says so often that it lives, and takes the other for gone after so long; in milliseconds. */
  readonly beatMs: number
  readonly silentMs: number
}

/** From the runner to the process of a slot. */
export type ToSlot =
  | (Omit<Extract<ToRunner, { readonly type: "task" }>, "slot" | "module" | "hasOutputs" | "isHeard"> & {
      readonly files?: string
    })
  | { readonly type: "stop" }
  | ({ readonly type: "notice" } & Notice)

/** From the runner's slot to the runner. `isClean`: its process may have the next task. */
export type FromSlot =
  | { readonly type: "value"; readonly id: number; readonly value: Uint8Array; readonly isClean: boolean }
  | { readonly type: "failed"; readonly id: number; readonly failure: Failed; readonly isClean: boolean }
  | { readonly type: "log"; readonly id: number; readonly text: string }
