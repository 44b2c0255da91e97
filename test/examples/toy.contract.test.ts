/** The provider of docs/write-a-provider.md keeps every promise that a cloud without left-overs can keep. */
import { expect, test } from "vitest"
import { ToyCloud, ToyError, type ToyOrder } from "../../examples/support/toy-cloud.js"
import { toy } from "../../examples/support/toy-provider.js"
import { contract, type FailKind, type FaultHooks, type Skip, type Subject, systemClock } from "../contract/index.js"

const CODES: Readonly<Record<FailKind, string>> = {
  throttled: "TOO_FAST",
  transient: "BUSY",
  capacity: "NO_STOCK",
  quota: "OVER_QUOTA",
  rejected: "BAD_ORDER",
  auth: "NOT_ALLOWED",
}

type Trouble = <T>(request: () => Promise<T>, signal: AbortSignal) => Promise<T>

/** A toy cloud on a bad day: one request goes wrong. */
class TroubledCloud extends ToyCloud {
  trouble: Trouble | undefined

  override create(order: ToyOrder, signal: AbortSignal) {
    return this.#meet(() => super.create(order, signal), signal)
  }

  override list(signal: AbortSignal) {
    return this.#meet(() => super.list(signal), signal)
  }

  override delete(machines: Parameters<ToyCloud["delete"]>[0], signal: AbortSignal) {
    return this.#meet(() => super.delete(machines, signal), signal)
  }

  #meet<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { trouble } = this
    this.trouble = undefined
    return trouble === undefined ? request() : trouble(request, signal)
  }
}

function hooksOf(cloud: TroubledCloud): FaultHooks {
  return {
    loseReply: () => {
      cloud.trouble = async (request) => {
        await request()
        throw new ToyError("NO_ANSWER", "the line went dead")
      }
    },
    hang: () => {
      cloud.trouble = (_request, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true })
        })
    },
    fail: (kind) => {
      cloud.trouble = () => Promise.reject(new ToyError(CODES[kind], "not today"))
    },
  }
}

function subjectOf(): Subject {
  const cloud = new TroubledCloud()
  return {
    provider: toy(cloud),
    clock: systemClock,
    bulk: 120,
    deadlineMs: 10_000,
    another: () => toy(cloud),
    foreign: async () => {
      const { signal } = new AbortController()
      const order = { token: "theirs", count: 1, site: "north", size: "toy-2", labels: { team: "others" } }
      const [machine] = await cloud.create(order, signal)
      const id = machine?.id ?? ""
      return { id, alive: async () => (await cloud.list(signal)).some((one) => one.id === id && one.status === "up") }
    },
    faults: hooksOf(cloud),
  }
}

const NOTHING_ELSE = "a toy cloud has nothing but machines: there is nothing that could be left over"

const SKIP: readonly Skip[] = [
  "prepare: doing it again makes nothing more",
  "prepare: read only makes and changes nothing",
  "leftovers: of everything that was made nothing remains but what is shared",
  "leftovers: removing twice is success",
  "leftovers: looking changes nothing",
  "leftovers: those of another cluster are not among them, and stay",
].map((promise) => ({ promise, reason: NOTHING_ELSE }))

for (const { name, run, skipped } of contract(subjectOf, { skip: SKIP })) {
  test(skipped === undefined ? name : `${name} (not here: ${skipped})`, { skip: skipped !== undefined }, run)
}

test("a code that is not in the table counts as an unknown outcome, so that the call is sent again", async () => {
  const { provider, faults } = subjectOf()
  faults?.loseReply()
  const { signal } = new AbortController()
  const calls = { signal, now: () => 0, readOnly: false, send: sendOnce }
  await expect(provider.list({}, calls)).rejects.toMatchObject({ name: "TransientError", code: "NO_ANSWER" })
})

function sendOnce<T>(_api: string, _cost: object, fn: (attempt: never) => Promise<T>): Promise<T> {
  const attempt = { signal: new AbortController().signal, number: 1, observed: () => {} }
  return fn(attempt as never)
}
