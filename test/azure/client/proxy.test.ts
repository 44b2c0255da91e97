/** What a proxy that the environment names says instead of Azure: it is no answer of Azure's, and it is said whose it is. */
import { afterEach, expect, test, vi } from "vitest"
import { azure } from "../../../providers/azure/index.js"
import { systemClock } from "../../../src/calls/clock.js"
import { bareCalls } from "../../../src/calls/send.js"
import { connectProxy, type ProxyOptions } from "../../support/proxy.js"
import { CREDENTIAL, SUBSCRIPTION } from "../support/cloud.js"

afterEach(() => vi.unstubAllEnvs())

test.each([
  [{ user: "me:secret" }, "AuthError", "407"],
  [{ refusal: 403 }, "RejectedError", "403"],
  [{ refusal: 502 }, "TransientError", "502"],
  [{ refusal: 0 }, "TransientError", "proxy"],
] as const)("%o: %s", async (options: Omit<ProxyOptions, "to">, name, said) => {
  const proxy = await connectProxy({ to: 1, ...options })
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${proxy.port}`)
  const provider = azure({ subscriptionId: SUBSCRIPTION, location: "westeurope", credential: CREDENTIAL })
  const error = await provider.list({}, bareCalls({ clock: systemClock })).then(
    () => expect.unreachable("it was answered"),
    (thrown: Error) => thrown,
  )
  await proxy.close()
  expect(error.message).toContain(said)
  expect(error.message).toMatch(/the proxy http:\/\/127\.0\.0\.1:\d+ \(https_proxy\)/i)
  expect(error.name).toBe(name)
  expect(proxy.asked).toEqual(["management.azure.com:443"])
})
