/** The suite is worth what it finds: each of these providers breaks one promise, and must be found out by it. */
import { expect, test } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { TAG } from "../../src/fleet/tags.js"
import type { Instance, LaunchCall, Provider } from "../../src/provider.js"
import { simulate } from "../../src/simulator/index.js"
import { contract, type Subject } from "./index.js"

interface Mutant {
  readonly title: string
  /** The promise that finds it out, or how that begins. */
  readonly found: string
  readonly broken: (good: Provider) => Partial<Provider>
}

const withTags = (instance: Instance, tags: Readonly<Record<string, string>>): Instance => ({ ...instance, tags })

const freshToken = (call: LaunchCall, token: string): LaunchCall => ({ ...call, body: { ...call.body, token } })

let serial = 0

const MUTANTS: readonly Mutant[] = [
  {
    title: "ignores the architecture",
    found: "offers: the query's architecture",
    broken: (good) => ({ offers: ({ arch: _arch, ...query }, calls) => good.offers(query, calls) }),
  },
  {
    title: "names an offer twice",
    found: "offers: none is named twice",
    broken: (good) => ({
      offers: async (query, calls) => [...(await good.offers(query, calls)), ...(await good.offers(query, calls))],
    }),
  },
  {
    title: "makes a new token for each split",
    found: "split: pure",
    broken: (good) => ({
      split: (wish, prepared, room) => good.split({ ...wish, id: `${wish.id}/${serial++}` }, prepared, room),
    }),
  },
  {
    title: "rounds a wish up",
    found: "split: the calls add up",
    broken: (good) => ({
      split: (wish, prepared, room) =>
        good.split(wish, prepared, room).map((call) => ({ ...call, count: call.count + 1 })),
    }),
  },
  {
    title: "uses the same tokens for every wish",
    found: "split: another wish",
    broken: (good) => ({ split: (wish, prepared, room) => good.split({ ...wish, id: "same" }, prepared, room) }),
  },
  {
    title: "ignores the spread",
    found: "split: one-zone",
    broken: (good) => ({ split: (wish, prepared, room) => good.split({ ...wish, spread: "zones" }, prepared, room) }),
  },
  {
    title: "sends a new token with each try",
    found: "replay: the same call again",
    broken: (good) => ({ launch: (call, calls) => good.launch(freshToken(call, `fresh-${serial++}`), calls) }),
  },
  {
    title: "forgets a tag",
    found: "launch: every instance carries exactly the core's tags",
    broken: (good) => ({
      launch: (call, calls) => {
        const { [TAG.deadline]: _deadline, ...tags } = call.body.tags as Record<string, string>
        return good.launch({ ...call, body: { ...call.body, tags } }, calls)
      },
    }),
  },
  {
    title: "says nothing of what did not come",
    found: "launch: instances and failures of a settled call",
    broken: (good) => ({
      launch: async (call, calls) => {
        const { instances, ...rest } = await good.launch(call, calls)
        return { ...rest, instances: instances.slice(1) }
      },
    }),
  },
  {
    title: "claims to be settled too early",
    found: "replay: the same call twice at once",
    broken: (good) => ({
      launch: async (call, calls) => ({
        ...(await good.launch(freshToken(call, `${serial++}`), calls)),
        settled: true,
      }),
    }),
  },
  {
    title: "reads the first page only",
    found: "list: is read to its end",
    broken: (good) => ({ list: async (selector, calls) => (await good.list(selector, calls)).slice(0, 10) }),
  },
  {
    title: "lists every cluster of the account",
    found: "list: a selector's uid",
    broken: (good) => ({ list: ({ uid: _uid, ...selector }, calls) => good.list(selector, calls) }),
  },
  {
    title: "ignores states",
    found: "list: a selector's states",
    broken: (good) => ({ list: ({ states: _states, ...selector }, calls) => good.list(selector, calls) }),
  },
  {
    title: "returns a short list when a page fails",
    found: "errors: a list that cannot be read",
    broken: (good) => ({ list: (selector, calls) => good.list(selector, calls).catch(() => []) }),
  },
  {
    title: "throws for an id that is not there",
    found: "list: ids that are not there",
    broken: (good) => ({
      list: async (selector, calls) => {
        const found = await good.list(selector, calls)
        if (found.length < (selector.ids?.length ?? 0)) throw new Error("InvalidInstanceID.NotFound")
        return found
      },
    }),
  },
  {
    title: "shows somebody else's instance as ours",
    found: "ownership: an instance that is not ours is in none",
    broken: (good) => ({
      list: async (selector, calls) => {
        const all = await good.list({}, calls)
        const foreign = all.filter(({ tags }) => tags[TAG.uid] === undefined)
        return [...(await good.list(selector, calls)), ...foreign.map((instance) => withTags(instance, {}))]
      },
    }),
  },
  {
    title: "ends the whole account",
    found: "ownership: an instance that is not ours lives on",
    broken: (good) => ({
      terminate: async (instances, calls) => {
        if (instances.length > 0) await good.terminate(await good.list({}, calls), calls)
        return good.terminate(instances, calls)
      },
    }),
  },
  {
    title: "ends nothing of a batch with an unknown id",
    found: "terminate: an id that never was does not keep the others",
    broken: (good) => ({
      terminate: async (instances, calls) => {
        const known = await good.list({ ids: instances.map(({ id }) => id) }, calls)
        return known.length === instances.length ? good.terminate(instances, calls) : { accepted: [], failures: [] }
      },
    }),
  },
  {
    title: "makes things when it may only read",
    found: "prepare: read only makes and changes nothing",
    broken: (good) => ({ prepare: (owner, group, calls) => good.prepare(owner, group, { ...calls, readOnly: false }) }),
  },
  {
    title: "takes a generation over without asking",
    found: "prepare: a generation that somebody else claimed",
    broken: (good) => ({
      prepare: (owner, group, calls) => good.prepare({ ...owner, claim: "anybody" }, group, calls),
    }),
  },
  {
    title: "leaves its templates behind",
    found: "leftovers: of everything that was made",
    broken: () => ({ remove: async () => {} }),
  },
  {
    title: "throws an error of its own for an aborted signal",
    found: "abort: a signal that is aborted before list",
    broken: (good) => ({
      list: (selector, calls) =>
        good.list(selector, calls).catch(() => {
          throw new Error("aborted")
        }),
    }),
  },
  {
    title: "throws a cloud's own error",
    found: "errors: a launch refused as auth",
    broken: (good) => ({
      launch: (call, calls) =>
        good.launch(call, calls).catch(() => {
          throw new Error("UnauthorizedOperation")
        }),
    }),
  },
]

function subjectOf({ broken }: Mutant): Subject {
  const clock = new VirtualClock()
  const { world, provider } = simulate({ clock })
  return {
    provider: { ...provider, ...broken(provider) },
    clock,
    run: (promise) => clock.run(promise),
    deadlineMs: 60_000,
    foreign: async () => {
      const pool = { zone: "sim-1a", instanceType: "m1.large", market: "on-demand" } as const
      const made = world.create({ ...pool, min: 1, max: 1, tags: { name: "database" } })
      const id = made.kind === "created" ? (made.instances[0]?.id ?? "") : ""
      return { id, alive: async () => ["pending", "running"].includes(world.instance(id)?.state ?? "") }
    },
    faults: {
      loseReply: () => world.faults.loseReply("*"),
      hang: () => world.faults.hang("*"),
      fail: (error) => world.faults.fail("*", { error }),
    },
  }
}

test.each(MUTANTS)("without the fault, a provider that $title keeps that promise", async (mutant) => {
  const whole = { ...mutant, broken: () => ({}) }
  const cases = contract(() => subjectOf(whole)).filter(({ name }) => name.startsWith(mutant.found))
  expect(cases).toHaveLength(1)
  await cases[0]?.run()
})

test.each(MUTANTS)("a provider that $title is found out", async (mutant) => {
  const cases = contract(() => subjectOf(mutant)).filter(({ name }) => name.startsWith(mutant.found))
  expect(cases).toHaveLength(1)
  await expect(cases[0]?.run()).rejects.toThrow()
})

test("a provider without the hooks that a promise needs is told which", async () => {
  const clock = new VirtualClock()
  const bare = contract(() => ({ provider: simulate({ clock }).provider, clock, run: (promise) => clock.run(promise) }))
  const foreign = bare.find(({ name }) => name.startsWith("ownership: an instance that is not ours lives on"))
  await expect(foreign?.run()).rejects.toThrow(/needs subject.foreign/)
})
