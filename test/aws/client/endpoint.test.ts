/** What answers instead of EC2: each ends in an error a user can act on. */
import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach, describe, expect, test, vi } from "vitest"
import { aws } from "../../../providers/aws/index.js"
import { systemClock } from "../../../src/calls/clock.js"
import { bareCalls } from "../../../src/calls/send.js"
import { AuthError, SpecError, TransientError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import { connectProxy } from "../../support/proxy.js"
import { OWNER } from "../support/cloud.js"

const SELECTOR = { uid: OWNER.uid }

async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error: Error) => error,
  )
}

describe("an endpoint", () => {
  const servers: Server[] = []

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  async function listingFrom(answer: RequestListener, signal?: AbortSignal) {
    const server = createServer(answer)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return {
      url,
      error: await errorOf(
        listing(url, bareCalls({ clock: systemClock, ...(signal === undefined ? {} : { signal }) })),
      ),
    }
  }

  function listing(endpoint: string, calls: Calls) {
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" }
    return aws({ region: "us-east-1", endpoint, credentials }).list(SELECTOR, calls)
  }

  test("that nobody answers: unreachable, and where", async () => {
    const error = await errorOf(listing("http://127.0.0.1:1", bareCalls({ clock: systemClock })))
    expect(error).toBeInstanceOf(TransientError)
    expect(error.message).toMatch(/^listing instances: http:\/\/127\.0\.0\.1:1 is unreachable \(connect ECONNREFUSED/)
  })

  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<DescribeInstancesResponse><reservationSet><item>`

  test.each([
    [
      "HTML",
      200,
      "text/html",
      "<!DOCTYPE html><html><body>Sign in<br></body></html>",
      /not complete EC2 XML \(HTTP 200, text\/html\): "<!DOCTYPE html>/,
    ],
    [
      "HTML that is XML as well",
      200,
      "text/html",
      "<html><body>Sign in</body></html>",
      /not EC2's \(HTTP 200, without Reservations\); is there a proxy/,
    ],
    ["HTML for an error", 502, "text/html", "<html><body><hr>Bad gateway</body>", /not complete EC2 XML \(HTTP 502/],
    ["nothing", 200, "text/xml", "", /not EC2's \(HTTP 200/],
    ["nothing for an error", 503, "text/xml", "", /listing instances/],
    ["JSON", 200, "application/json", '{"ok": true}', /not complete EC2 XML/],
    ["XML that ends in the middle", 200, "text/xml", xml, /not complete EC2 XML/],
    [
      "another service's XML",
      200,
      "text/xml",
      "<ListBucketsResult><Buckets/></ListBucketsResult>",
      /without Reservations/,
    ],
  ])("that answers %s", async (_what, status, type, body, message) => {
    const { error } = await listingFrom((request, response) => {
      request.resume()
      response.writeHead(status, { "content-type": type }).end(body)
    })
    expect(error).toBeInstanceOf(TransientError)
    expect(error.message).toMatch(message)
  })

  test("that breaks off in the middle of an answer", async () => {
    const { url, error } = await listingFrom((request, response) => {
      request.resume()
      response.writeHead(200, { "content-length": "1000" })
      response.write(xml, () => response.destroy())
    })
    expect(error).toBeInstanceOf(TransientError)
    expect(error.message).toContain(`no complete answer from ${url}`)
    expect(error.message).toContain("the outcome is unknown")
  })

  test("that hangs up at once", async () => {
    const { error } = await listingFrom((request) => request.socket.destroy())
    expect(error).toBeInstanceOf(TransientError)
    expect(error.message).toContain("socket hang up")
  })

  test("that sends an instance without an id: no list", async () => {
    const instance = "<item><instancesSet><item><instanceType>m7i.large</instanceType></item></instancesSet></item>"
    const { error } = await listingFrom((request, response) => {
      request.resume()
      response.end(
        `<DescribeInstancesResponse><reservationSet>${instance}</reservationSet></DescribeInstancesResponse>`,
      )
    })
    expect(error).toBeInstanceOf(TransientError)
    expect(error.message).toContain("an instance without an id")
  })

  test("that gives the same page for ever: no list", async () => {
    const { error } = await listingFrom((request, response) => {
      request.resume()
      response.end(
        "<DescribeInstancesResponse><reservationSet/><nextToken>again</nextToken></DescribeInstancesResponse>",
      )
    })
    expect(error.message).toContain("the same page token twice")
  })

  test("that sends half an answer and then nothing, and the caller gives up", async () => {
    const controller = new AbortController()
    const reason = new Error("enough")
    const { error } = await listingFrom((request, response) => {
      request.resume()
      response.writeHead(200)
      response.write(xml, () => setImmediate(() => controller.abort(reason)))
    }, controller.signal)
    expect(error).toBe(reason)
  })
})

describe("a proxy that the environment names", () => {
  afterEach(() => vi.unstubAllEnvs())

  function listing() {
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" }
    return errorOf(aws({ region: "us-east-1", credentials }).list(SELECTOR, bareCalls({ clock: systemClock })))
  }

  test("is named with what it says when it does not let EC2 through", async () => {
    const proxy = await connectProxy({ to: 1, user: "me:secret" })
    vi.stubEnv("https_proxy", `http://127.0.0.1:${proxy.port}`)
    const error = await listing()
    expect(error).toBeInstanceOf(AuthError)
    expect(error.message).toMatch(/the proxy http:\/\/127\.0\.0\.1:\d+ \(https_proxy\) answered 407/)
    expect(proxy.asked).toEqual(["ec2.us-east-1.amazonaws.com:443"])
    await proxy.close()
  })

  test("and that is none is refused", async () => {
    vi.stubEnv("https_proxy", "socks5://127.0.0.1:1080")
    const error = await listing()
    expect(error).toBeInstanceOf(SpecError)
    expect(error.message).toContain('https_proxy: is "socks5://127.0.0.1:1080"')
  })
})
