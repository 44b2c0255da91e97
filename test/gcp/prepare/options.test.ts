import { expect, test } from "vitest"
import { type GcpOptions, gcp } from "../../../providers/gcp/index.js"

const region = "us-central1"

test.each([
  [{ region: "us-central1-a" }, /gcp\.region: is "us-central1-a"/],
  [{ region, project: "My Project" }, /gcp\.project: is "My Project"/],
  [{ region, zones: ["europe-west2-a"] }, /gcp\.zones: europe-west2-a is not in us-central1/],
  [{ region, apiEndpoint: "http://example.com" }, /gcp\.apiEndpoint.*loopback/],
  [{ region, network: "a", subnetwork: "b" }, /gcp\.network.*one of them/],
  [{ region, scopes: ["x"] }, /gcp\.scopes.*serviceAccount/],
  [{ region, overrides: { labels: {} } }, /gcp\.overrides\.labels: cannot be overridden/],
  [{ region, overrides: { scheduling: { terminationTime: "x" } } }, /terminationTime: cannot be overridden/],
  [{ region, image: "http://x" }, /gcp\.image/],
  [{ region, auth: {} }, /gcp\.auth/],
  [{ region, regoin: 1 }, /regoin: unknown option.*did you mean "region"/],
  [{ region, accelerator: { type: "nvidia-tesla-t4", count: 0 } }, /gcp\.accelerator\.count/],
] as const)("%o", (options, message) => {
  expect(() => gcp(options as unknown as GcpOptions)).toThrow(message)
})

test("all that is wrong is said at once", () => {
  const wrong = { region: "here", project: "!", overrides: { labels: {} } } as unknown as GcpOptions
  expect(() => gcp(wrong)).toThrow(/3 problems/)
})

test("an sdk that is not the client is found at the first request", async () => {
  const provider = gcp({ region, project: "muster-test", apiEndpoint: "http://127.0.0.1:9", sdk: async () => ({}) })
  const signal = new AbortController().signal
  const send = <T>(
    _api: string,
    _cost: unknown,
    fn: (attempt: { signal: AbortSignal; number: number; observed: () => void }) => Promise<T>,
  ) => fn({ signal, number: 1, observed: () => {} })
  const calls = { signal, now: () => 0, readOnly: false, send }
  await expect(provider.list({ zones: ["us-central1-a"] }, calls)).rejects.toThrow(/gcp\.sdk: has no InstancesClient/)
})
