/** What a proxy that the environment names says instead of Google: it is named, with what to do. */
import { afterEach, expect, test, vi } from "vitest"
import { gcp } from "../../../providers/gcp/index.js"
import { systemClock } from "../../../src/calls/clock.js"
import { bareCalls } from "../../../src/calls/send.js"
import { connectProxy, type ProxyOptions } from "../../support/proxy.js"

afterEach(() => vi.unstubAllEnvs())

const auth = { getRequestHeaders: () => Promise.resolve({ authorization: "Bearer token" }) }

function listing(): Promise<Error> {
  const provider = gcp({ region: "us-central1", project: "muster-test", zones: ["us-central1-a"], auth })
  return provider.list({ zones: ["us-central1-a"] }, bareCalls({ clock: systemClock })).then(
    () => expect.unreachable("it was answered"),
    (error: Error) => error,
  )
}

test.each([
  [{ user: "me:secret" }, "AuthError", "answered 407"],
  [{ refusal: 403 }, "RejectedError", "answered 403"],
  [{ refusal: 502 }, "TransientError", "answered 502"],
  [{ refusal: 0 }, "TransientError", "does not open a tunnel"],
] as const)("%o: %s", async (options: Omit<ProxyOptions, "to">, name, said) => {
  const proxy = await connectProxy({ to: 1, ...options })
  vi.stubEnv("https_proxy", `http://127.0.0.1:${proxy.port}`)
  const error = await listing()
  await proxy.close()
  expect(error.name).toBe(name)
  expect(error.message).toMatch(
    /^listing instances in us-central1-a: the proxy http:\/\/127\.0\.0\.1:\d+ \(https_proxy\)/,
  )
  expect(error.message).toContain(said)
  expect(proxy.asked).toEqual(["compute.googleapis.com:443"])
})

test("one that is none is refused, and the variable named", async () => {
  vi.stubEnv("https_proxy", "socks5://127.0.0.1:1080")
  expect((await listing()).message).toContain('https_proxy: is "socks5://127.0.0.1:1080"')
})
