/** Remote module: the functions that a module exports, as tasks for workers. */
import { SpecError } from "../errors.js"
import type { Task } from "./types.js"

/** Functions take the input and what is told beside it. */
type Callable = (input: never, ...rest: never[]) => unknown

/** One task for each function that a module exports. */
export type RemoteModule<M> = {
  readonly [K in keyof M as M[K] extends Callable ? K : never]: M[K] extends (
    input: infer In,
    ...rest: never[]
  ) => infer Out
    ? Task<In, Awaited<Out>>
    : never
}

/**
 * The functions of a module as tasks, without loading it here. The module is bundled when the first of them is started, and runs on
 * workers.
 *
 * @example
 * const { thumb } = remote<typeof import("./thumb.js")>(new URL("./thumb.js", import.meta.url))
 * const all = await cluster.map(urls, thumb).all()
 *
 * @param module the address of its file, "file:///…": `.js`, `.mjs`, `.cjs` or `.ts`. Where there is no `thumb.js`, it is that of `thumb.ts`.
 * @throws SpecError when it is no address of a file.
 */
export function remote<M extends object>(module: URL | string): RemoteModule<M> {
  const address = String(module)
  if (!URL.canParse(address) || new URL(address).protocol !== "file:") {
    const message = `is "${address}"; use the address of a file: new URL("./work.js", import.meta.url)`
    throw new SpecError([{ option: "remote", value: address, message }])
  }
  const tasks = new Map<string, Task<unknown, unknown>>()
  const taskOf = (name: string) => {
    const task = tasks.get(name) ?? Object.freeze({ module: address, name })
    tasks.set(name, task)
    return task
  }
  // "then" is asked of whatever is awaited.
  const isName = (name: string | symbol): name is string => typeof name === "string" && name !== "then"
  return new Proxy(Object.freeze({}), {
    get: (_target, name) => (isName(name) ? taskOf(name) : undefined),
    has: (_target, name) => isName(name),
  }) as RemoteModule<M>
}
