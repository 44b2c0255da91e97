/** What doctor makes of a cloud that answers badly, late or not at all; and of what it is asked. */
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { type DoctorOptions, type DoctorSpec, doctor } from "../../src/doctor.js"
import { AuthError, SpecError, TransientError } from "../../src/errors.js"
import type { Calls, Examination, Finding, Look, Offer, Provider } from "../../src/provider.js"
import { one, shown, told } from "./support.js"

/** Nothing is there, and whoever runs this might make it. */
const NOWHERE = join(tmpdir(), "muster-nowhere")

const OFFER: Offer = {
  ...{ provider: "toy", region: "here", zone: "here-a", instanceType: "t1", family: "t", arch: "x86_64" },
  ...{ market: "on-demand", vcpus: 2, memoryGiB: 4, pricePerHour: 0.1, priceSource: "a table" },
}

const LIMITS: Provider["limits"] = {
  ...{ account: "toy", buckets: {}, userDataBytes: 1000, consistencyMs: 0, goneStates: ["terminated"] },
  ...{ look: { firstMs: 1, everyMs: 1 }, attemptMs: 60_000, bootMs: 1, markets: ["on-demand"] },
}

const never = () => new Promise<never>(() => {})
const refuse = () => Promise.reject(new Error("doctor makes nothing"))

function toy(changes: Partial<Provider> = {}, examination: Partial<Examination> = {}): Provider {
  return {
    ...{ name: "toy", region: "here", limits: LIMITS },
    offers: () => Promise.resolve([OFFER]),
    prepare: refuse,
    split: () => [],
    launch: refuse,
    settle: refuse,
    terminate: refuse,
    list: () => Promise.resolve([]),
    examine: () => Promise.resolve({ packages: [], smallest: [], looks: [], ...examination }),
    ...changes,
  }
}

const saying = (name: string, look: (calls: Calls) => Promise<readonly Finding[]>): Look => ({
  name,
  look: (_examined, calls) => look(calls),
})

function run(provider: Provider | readonly Provider[], options: DoctorOptions = {}, spec: Partial<DoctorSpec> = {}) {
  const clock = new VirtualClock()
  const asked = { provider, ...spec } as DoctorSpec
  return clock.run(doctor(asked, { clock, journal: NOWHERE, env: {}, ...options }))
}

describe("a look", () => {
  test("that hangs is told after its time, and the others are there", async () => {
    const looks = [
      saying("image", never),
      saying("network", () => Promise.resolve([{ status: "ok", text: "a subnet" }])),
    ]
    const report = await run(toy({ list: never }, { looks }), { timeoutMs: 5_000 })
    expect(told(report, "image")).toEqual(["fail no answer within 5 s"])
    expect(told(report, "network")).toEqual(["ok a subnet"])
    expect(told(report, "leftovers")).toEqual(["warn no answer within 5 s"])
    expect(one(report, "image").remedy).toMatch(/HTTPS_PROXY/)
  })

  test.each([
    ["a string", "boo", "boo"],
    ["nothing", undefined, "undefined"],
    ["an error of the cloud", new TransientError("HTTP 500"), "HTTP 500"],
    ["a wrong option", new SpecError([{ option: "a.b", message: "is 1; use 2" }]), "a.b is 1; use 2"],
  ])("that throws %s is a line", async (_what, thrown, text) => {
    const report = await run(toy({}, { looks: [saying("image", () => Promise.reject(thrown as Error))] }))
    expect(one(report, "image")).toMatchObject({ status: "fail", text })
    expect(one(report, "leftovers").status).toBe("ok")
  })

  test("of a credential that fails ends what would be asked with it", async () => {
    const credential = saying("credential", () => Promise.reject(new AuthError("no keys; run login")))
    const report = await run(toy({}, { credential, looks: [saying("image", refuse)] }))
    expect(report.lines.filter(({ place }) => place !== undefined).map(({ check }) => check)).toEqual([
      "credential",
      "others",
    ])
    expect(one(report, "credential")).not.toHaveProperty("remedy")
  })

  test("asks 40 times at most, its retries among them", async () => {
    const often = saying("image", async (calls) => {
      for (;;) await calls.send("Ask", {}, () => Promise.resolve())
    })
    const report = await run(toy({}, { looks: [often] }))
    expect(one(report, "image").text).toBe("more than 40 requests: not asked")
    expect(report.requests).toEqual({ "toy here": 40 })
  })

  test("may only read", async () => {
    const look = saying("image", (calls) => Promise.resolve([{ status: "ok", text: String(calls.readOnly) }]))
    expect(told(await run(toy({}, { looks: [look] })), "image")).toEqual(["ok true"])
  })
})

describe("the clock", () => {
  const dated = (aheadMs: number) =>
    saying("image", (calls) =>
      calls.send("Ask", {}, (attempt) => {
        attempt.dated?.(calls.now() - 500 - aheadMs)
        return Promise.resolve([])
      }),
    )

  test.each([
    [1_000, "ok agrees with the cloud's"],
    [90_000, "warn this machine's clock is 90 s ahead of the cloud's"],
    [-600_000, "fail this machine's clock is 600 s behind the cloud's"],
  ])("%i ms ahead", async (aheadMs, line) => {
    const report = await run(toy({ name: "gcp" }, { looks: [dated(aheadMs)] }))
    expect(told(report, "clock"), shown(report)).toEqual([line])
  })
})

describe("packages", () => {
  const install = "npm install toy"

  test("that are missing: one that is needed ends it, one that is not is a warning", async () => {
    const needed = await run(toy({ offers: refuse }, { packages: [{ name: "toy", install }] }))
    expect(told(needed, "sdk")).toEqual(["fail toy is not installed: nothing works without it"])
    expect(told(needed, "types")).toEqual([])
    const wanted = await run(toy({}, { packages: [{ name: "toy", install, without: "there are no prices" }] }))
    expect(told(wanted, "sdk")).toEqual(["warn toy is not installed: without it there are no prices"])
    expect(told(wanted, "types")).toHaveLength(1)
  })
})

describe("what is asked", () => {
  test("of several groups and places each is told apart", async () => {
    const groups = { a: { instanceType: "t1" }, b: { instanceType: "t2" } }
    const offers: Provider["offers"] = ({ instanceTypes }) =>
      Promise.resolve(instanceTypes?.[0] === "t1" ? [OFFER] : [])
    const report = await run([toy({ offers }), toy({ region: "there", offers })], { workers: { a: 3 } }, { groups })
    expect(told(report, "types")).toEqual([
      ...["ok group a: t1 in here-a (on-demand)", "fail group b: nothing that toy here sells fits"],
      ...["ok group a: t1 in here-a (on-demand)", "fail group b: nothing that toy there sells fits"],
    ])
    expect(Object.keys(report.requests)).toEqual(["toy here", "toy there"])
  })

  test("a provider that has nothing for doctor is looked at as far as any is", async () => {
    const { examine: _none, ...bare } = toy()
    const report = await run(bare)
    expect(report.lines.filter(({ place }) => place !== undefined).map(({ check }) => check)).toEqual([
      "types",
      "prices",
      "leftovers",
    ])
    expect(report.status).toBe("ok")
  })

  test.each<[DoctorOptions, string]>([
    [{ workers: 1.5 }, "doctor.workers: is 1.5; use a whole number of workers"],
    [{ workers: { b: 1 } }, "doctor.workers.b: is 1; there is no such group; groups: default"],
    [{ timeoutMs: 0 }, "doctor.timeoutMs: is 0; use a number of milliseconds above 0"],
  ])("%o is refused", async (options, message) => {
    await expect(run(toy(), options)).rejects.toThrow(message)
  })

  test("ends with its signal", async () => {
    const abort = new AbortController()
    const reason = new Error("enough")
    const look = saying("image", () => {
      abort.abort(reason)
      return never()
    })
    await expect(run(toy({}, { looks: [look] }), { signal: abort.signal })).rejects.toBe(reason)
  })
})

describe("this machine", () => {
  test("a proxy is named without its user and password, and one that is none is told", async () => {
    const env = { HTTPS_PROXY: "http://me:planted@proxy.example:3128", NO_PROXY: ".internal" }
    const report = await run(toy(), { env })
    expect(told(report, "proxy")).toEqual([
      "ok requests go through the proxy http://proxy.example:3128 (HTTPS_PROXY), with a user of its own, but for .internal",
    ])
    const wrong = await run(toy(), { env: { HTTPS_PROXY: "socks5://me:planted@proxy" } })
    expect(one(wrong, "proxy")).toMatchObject({
      status: "fail",
      text: expect.stringMatching(/^HTTPS_PROXY is "socks5:/),
    })
    expect(JSON.stringify([report, wrong])).not.toContain("planted")
  })

  test("a state directory that nobody says, that is no directory, and none", async () => {
    const file = await run(toy(), { journal: import.meta.filename })
    expect(one(file, "state")).toMatchObject({ status: "fail", text: `${import.meta.filename} is no directory` })
    expect(one(await run(toy(), { journal: false }), "state").status).toBe("warn")
    const clock = new VirtualClock()
    const env = { XDG_STATE_HOME: NOWHERE }
    const named = await clock.run(doctor({ provider: toy() }, { clock, env }))
    expect(one(named, "state").text).toBe(`${NOWHERE}/muster/journal, made with the first launch`)
  })
})
