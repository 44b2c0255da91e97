/** Messages between a process that has work and its runner on a worker. */

/** To the runner. */
export type ToRunner =
  | {
      readonly type: "task"
      readonly id: number
      readonly slot: number
      /** The name of the module's export. */
      readonly name: string
      readonly index: number
      readonly attempt: number
      /** As `serialize` of node:v8 has it. */
      readonly input: Uint8Array
    }
  /** `hard`: its process is ended; else its signal is aborted. */
  | { readonly type: "stop"; readonly id: number; readonly hard: boolean }
  /** The worker ends in so many seconds. */
  | { readonly type: "notice"; readonly seconds: number }
  | { readonly type: "beat" }
  | { readonly type: "end" }

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

/** What the runner is told of its work with its first words. */
export interface Setting {
  /** Which process it is for. */
  readonly owner: string
  readonly worker: string
  /** Each task gets an empty directory. */
  readonly hasOutputs: boolean
  /** What tasks write to their console is told. */
  readonly isHeard: boolean
}

/** From the runner to the process of a slot. */
export type ToSlot =
  | (Omit<Extract<ToRunner, { readonly type: "task" }>, "slot"> & { readonly files?: string })
  | { readonly type: "stop" }
  | { readonly type: "notice"; readonly seconds: number }

/** From the process of a slot to the runner. `isClean`: it may have the next task. */
export type FromSlot =
  | { readonly type: "value"; readonly id: number; readonly value: Uint8Array; readonly isClean: boolean }
  | { readonly type: "failed"; readonly id: number; readonly failure: Failed; readonly isClean: boolean }
  | { readonly type: "log"; readonly id: number; readonly text: string }
