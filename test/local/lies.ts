/** Lies of this machine: what its provider answers otherwise than it is, one for each assumption. There is no wire to lie at. */
import { readHost } from "../../providers/local/client/host.js"
import { walkOf } from "../../providers/local/live/index.js"
import { systemClock } from "../../src/calls/clock.js"
import { TransientError } from "../../src/errors.js"
import { TAG } from "../../src/fleet/tags.js"
import type { Instance, Launched, Provider } from "../../src/provider.js"
import { brokenBy, type IsBroken, type LieMode } from "../../src/simulator/requests/lies.js"

type Method = "launch" | "list" | "terminate" | "consoleLog"

export interface LocalLie {
  readonly breaks: string
  /** The failure of which hides it. */
  readonly about: Method
  readonly changed: (provider: Provider, isBroken: IsBroken) => Partial<Provider>
}

/** The provider with a walk, lying. `hidden`: what the lie is about fails, but for what every walk needs of it. */
export function lyingProvider(provider: Provider, { about, changed }: LocalLie, mode: LieMode): Provider {
  const own: Provider = {
    ...provider,
    ...(mode === "hidden" ? failing(provider, about) : changed(provider, brokenBy(mode))),
  }
  return { ...own, walk: () => Promise.resolve(walkOf(own)) }
}

/** Launches are needed: only those that are sent again fail. */
function failing(provider: Provider, about: Method): Partial<Provider> {
  const fail = () => Promise.reject(new TransientError("EIO"))
  if (about !== "launch") return { [about]: fail }
  return again(provider, () => fail())
}

/** Lists as they are shown, each running instance with the number of lists that have shown it so. */
function listing(
  breaks: string,
  tell: (instance: Instance, shown: number, isBroken: IsBroken) => Instance | undefined,
): LocalLie {
  const changed: LocalLie["changed"] = ({ list }, isBroken) => {
    const counts = new Map<string, number>()
    const told = (instance: Instance) => {
      const shown = (counts.get(instance.id) ?? 0) + 1
      if (instance.state === "running") counts.set(instance.id, shown)
      return tell(instance, instance.state === "running" ? shown : 0, isBroken) ?? []
    }
    return { list: async (...asked) => (await list(...asked)).flatMap(told) }
  }
  return { breaks, about: "list", changed }
}

/** In which of the lists that show it what lives until its deadline is lied about, each in a list of its own. */
const LATE_LIST = 6

/** Whether it is one of those that live until their deadline, which comes soon. */
function isTimed({ tags, launchedAt }: Instance): boolean {
  return Number(tags[TAG.deadline]) * 1000 - launchedAt < 8_000
}

/** Other words in the place of what follows `doctor NAME` in what has been written whole. */
function writing(breaks: string, name: string, words: (own: string) => string): LocalLie {
  const changed: LocalLie["changed"] = ({ consoleLog }, isBroken) => ({
    consoleLog: async (instance, calls) => {
      const text = (await consoleLog?.(instance, calls)) ?? ""
      if (!/ done startup /.test(text) || !isBroken(instance.id)) return text
      return text.replaceAll(
        new RegExp(`(doctor ${name}) (.*)`, "g"),
        (_, head: string, own: string) => `${head} ${words(own)}`,
      )
    },
  })
  return { breaks, about: "consoleLog", changed }
}

/** @param tell what is answered to a call that is sent so often. */
function again(
  provider: Provider,
  tell: (
    times: number,
    token: string,
    first: () => Promise<Launched>,
    call: Parameters<Provider["launch"]>,
  ) => Promise<Launched>,
): Pick<Provider, "launch"> {
  const sent = new Map<string, number>()
  return {
    launch: (...asked) => {
      const [{ token }] = asked
      const times = (sent.get(token) ?? 0) + 1
      sent.set(token, times)
      const asItIs = () => provider.launch(...asked)
      return times === 1 ? asItIs() : tell(times, token, asItIs, asked)
    },
  }
}

const replay: LocalLie = {
  breaks: "local.replay",
  about: "launch",
  changed: (provider, isBroken) =>
    again(provider, (times, token, asItIs, [call, calls]) => {
      if (times > 2 || !isBroken(token)) return asItIs()
      return provider.launch({ ...call, count: 1, names: [`${call.names?.[0] ?? "doctor"}x`] }, calls)
    }),
}

const spent: LocalLie = {
  breaks: "local.spent",
  about: "launch",
  changed: (provider, isBroken) =>
    again(provider, async (times, token, asItIs) => {
      const launched = await asItIs()
      if (times === 2 || !isBroken(token)) return launched
      return { ...launched, instances: launched.instances.map((one) => ({ ...one, state: "running" as const })) }
    }),
}

/** What is told to end alone is told so while it is made. */
const endWhileMade: LocalLie = {
  breaks: "local.end-while-made",
  about: "terminate",
  changed: ({ terminate }, isBroken) => {
    const told = new Set<string>()
    return {
      terminate: (instances, calls) => {
        const [only, ...more] = instances
        if (only === undefined || more.length > 0 || told.has(only.id) || !isBroken(only.id))
          return terminate(instances, calls)
        told.add(only.id)
        return Promise.resolve({ accepted: [{ id: only.id, state: "terminating" as const }], failures: [] })
      },
    }
  },
}

/** Lists go on showing those that have ended by themselves, until somebody else ends them. */
const deadline: LocalLie = {
  breaks: "local.deadline",
  about: "list",
  changed: ({ list, terminate }, isBroken) => {
    const seen = new Map<string, Instance>()
    return {
      list: async (...asked) => {
        const found = await list(...asked)
        const timed = found.filter(isTimed)
        for (const one of timed) if (one.state === "running") seen.set(one.id, one)
        const missing = [...seen.values()].filter(
          ({ id }) => !found.some((one) => one.id === id && one.state === "running"),
        )
        const shown = missing.filter(
          ({ id, tags }) => systemClock.now() > Number(tags[TAG.deadline]) * 1000 - 500 && isBroken(id),
        )
        return [...found.filter(({ id }) => !shown.some((one) => one.id === id)), ...shown]
      },
      terminate: (instances, calls) => {
        for (const { id } of instances) seen.delete(id)
        return terminate(instances, calls)
      },
    }
  },
}

export const LIES: readonly LocalLie[] = [
  listing("local.tags", ({ tags, ...one }, _shown, isBroken) => {
    const { [TAG.group]: _group, ...rest } = tags
    return { ...one, tags: isBroken(one.id) ? rest : tags }
  }),
  listing("local.listed", (one, shown, isBroken) =>
    isTimed(one) && shown === LATE_LIST + turnOf(one) && isBroken(one.id) ? undefined : one,
  ),
  // Twice in a row: one list alone may lag.
  listing("local.states", (one, shown, isBroken) =>
    isTimed(one) && Math.floor((shown - LATE_LIST) / 2) === turnOf(one) && isBroken(one.id)
      ? { ...one, state: "pending" }
      : one,
  ),
  replay,
  spent,
  endWhileMade,
  deadline,
  writing("local.console", "hello", () => "nobody"),
  writing("local.address", "address", () => "127.9.9.9:1"),
  writing("local.identity", "process", (own) => own.replace(/ (\d+)@/, (_, start: string) => ` ${Number(start) + 1}@`)),
  writing("local.all-ended", "process", () => readHost().self),
  writing("local.environment", "variables", (own) => `${own} AWS_PROFILE`),
  writing("local.limits", "limits", (own) => `${own}1`),
]

const turns = new Map<string, number>()

/** Never two in one list: those that are there at once have turns of their own. */
function turnOf({ id }: Instance): number {
  const turn = turns.get(id) ?? turns.size % 3
  turns.set(id, turn)
  return turn
}
