/** Logs: what a worker has written, by its own log where it can be reached, else by what its console keeps. */
import {
  type Console,
  followConsole,
  type FollowOptions,
  lastLines,
  type LogOptions,
  type LogSource,
} from "./logs/console.js"

/** How a worker's handle gives them. */
export interface Logs {
  (options: FollowOptions): AsyncIterable<string>
  (options?: LogOptions): Promise<string>
}

/** @param find looks the worker up at each call. */
export function logsOf(find: () => Promise<LogSource>): Logs {
  const all = async (tail: number | undefined) => {
    const source = await find()
    const own = source.own === undefined ? "" : await (await ownLog(source)).readOwn(source, source.own, tail)
    return own === "" ? lastLines(await source.read(), tail) : own
  }
  async function* follow(options: FollowOptions) {
    const source = await find()
    if (source.own === undefined) yield* followConsole(source, options)
    else yield* (await ownLog(source)).followOwn(source, source.own, options)
  }
  return ((options: LogOptions | FollowOptions = {}) =>
    "follow" in options && options.follow ? follow(options) : all(options.tail)) as Logs
}

/** Loaded where there is something to reach. */
function ownLog({ clock }: Console) {
  return clock.busy("loading the library", import("./logs/own.js"))
}
