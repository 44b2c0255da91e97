/** Which requests go through which proxy, and what becomes of those whose tunnel does not open. */
import { createServer } from "node:http"
import { type Agent, get, request } from "node:https"
import { afterEach, describe, expect, test } from "vitest"
import { AuthError, RejectedError, SpecError, TransientError } from "../../../src/errors.js"
import { type Environment, proxyFor } from "../../../src/client/proxy.js"
import { proxyAgents } from "../../../src/client/tunnel.js"
import { AUTHORITY, connectProxy, type Listening, overTls, type ProxyOptions } from "../../support/proxy.js"

const EC2 = "ec2.us-east-1.amazonaws.com"
const HTTPS_PROXY = "http://proxy.example:3128"

const to = (host: string, port = 443) => ({ secure: true, host, port })

describe("the variables", () => {
  test.each<[string, Environment, string | undefined]>([
    ["none", {}, undefined],
    ["an empty one", { HTTPS_PROXY: " " }, undefined],
    ["the other scheme's", { HTTP_PROXY: HTTPS_PROXY }, undefined],
    ["in capitals", { HTTPS_PROXY }, "the proxy http://proxy.example:3128 (HTTPS_PROXY)"],
    [
      "in small letters first",
      { HTTPS_PROXY, https_proxy: "http://small:1" },
      "the proxy http://small:1 (https_proxy)",
    ],
    ["without a scheme", { HTTPS_PROXY: "proxy.example:3128" }, "the proxy http://proxy.example:3128 (HTTPS_PROXY)"],
    ["without a port", { HTTPS_PROXY: "http://proxy.example" }, "the proxy http://proxy.example:80 (HTTPS_PROXY)"],
    ["over TLS", { HTTPS_PROXY: "https://proxy.example/" }, "the proxy https://proxy.example:443 (HTTPS_PROXY)"],
    ["with IPv6", { HTTPS_PROXY: "http://[2001:db8::1]:8080" }, "the proxy http://[2001:db8::1]:8080 (HTTPS_PROXY)"],
  ])("%s", (_what, environment, name) => {
    expect(proxyFor(to(EC2), environment)?.name).toBe(name)
  })

  test("plain http has its own", () => {
    const target = { secure: false, host: "emulator.example", port: 80 }
    expect(proxyFor(target, { HTTPS_PROXY })).toBeUndefined()
    expect(proxyFor(target, { http_proxy: "proxy:1" })?.port).toBe(1)
  })

  test("user and password are sent decoded and shown nowhere", () => {
    const proxy = proxyFor(to(EC2), { HTTPS_PROXY: "http://a%40b:p%3Aw@proxy.example:3128" })
    expect(proxy?.authorization).toBe(`Basic ${Buffer.from("a@b:p:w").toString("base64")}`)
    expect(proxy?.name).toBe("the proxy http://proxy.example:3128 (HTTPS_PROXY)")
  })

  test.each([
    ["socks5://me:secret@proxy.example:1080", `"socks5://…@proxy.example:1080"`],
    ["me:secret@proxy example", `"//…@proxy example"`],
    ["http://", `"http://"`],
  ])("%s is no proxy, which is said with the variable's name and without its password", (value, shown) => {
    const error = errorIn(() => proxyFor(to(EC2), { HTTPS_PROXY: value }))
    expect(error).toBeInstanceOf(SpecError)
    expect(error.message).toContain("HTTPS_PROXY")
    expect(error.message).toContain(shown)
    expect(error.message).not.toContain("secret")
  })

  test.each([
    ["localhost"],
    ["api.localhost"],
    ["127.0.0.1"],
    ["127.8.9.1"],
    ["[::1]"],
    ["169.254.169.254"],
    ["169.254.170.2"],
    ["fe80::1"],
    ["[fd00:ec2::254]"],
    ["metadata.google.internal"],
    ["metadata.google.internal."],
  ])("%s is never asked through a proxy", (host) => {
    expect(proxyFor(to(host), { HTTPS_PROXY })).toBeUndefined()
    expect(proxyFor({ ...to(host), secure: false }, { HTTP_PROXY: HTTPS_PROXY })).toBeUndefined()
  })
})

describe("NO_PROXY", () => {
  test.each<[string, string, boolean]>([
    ["*", EC2, true],
    [EC2, EC2, true],
    [EC2.toUpperCase(), EC2, true],
    ["amazonaws.com", EC2, true],
    [".amazonaws.com", EC2, true],
    ["*.amazonaws.com", EC2, true],
    ["zonaws.com", EC2, false],
    ["example, amazonaws.com", EC2, true],
    ["example amazonaws.com", EC2, true],
    [`${EC2}:443`, EC2, true],
    [".amazonaws.com:443", EC2, true],
    [`${EC2}:8443`, EC2, false],
    ["sts.amazonaws.com", EC2, false],
    [", ,", EC2, false],
    ["10.0.0.0/8", "10.1.2.3", true],
    ["10.0.0.0/8", "11.1.2.3", false],
    ["10.0.0.0/8", EC2, false],
    ["10.0.0.0/99", "10.1.2.3", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["2.3", "10.1.2.3", false],
    ["2001:db8::/32", "2001:db8::7", true],
    ["[2001:db8::7]", "[2001:db8::7]", true],
    ["[2001:db8::7]:443", "2001:db8::7", true],
    ["2001:db8::7", "2001:db8::7", true],
    ["10.0.0.0/8", "2001:db8::7", false],
  ])("%s, asked for %s: excepted is %s", (NO_PROXY, host, isExempt) => {
    expect(proxyFor(to(host), { HTTPS_PROXY, NO_PROXY }) === undefined).toBe(isExempt)
    expect(proxyFor(to(host), { HTTPS_PROXY, no_proxy: NO_PROXY }) === undefined).toBe(isExempt)
  })
})

describe("agents", () => {
  const open: Listening[] = []
  const agents: Agent[] = []

  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.destroy()
    await Promise.all(open.splice(0).map((one) => one.close()))
  })

  async function behind(options: Omit<ProxyOptions, "to"> = {}, user = "") {
    const server = await overTls((asked, response) => {
      asked.resume()
      response.end(`${asked.headers.host} ${asked.url}`)
    })
    const proxy = await connectProxy({ to: server.port, ...options })
    open.push(server, proxy)
    const HTTPS_PROXY = `http://${user}127.0.0.1:${proxy.port}`
    const { httpsAgent } = proxyAgents({ keepAlive: true, ca: AUTHORITY }, { HTTPS_PROXY })
    agents.push(httpsAgent)
    return { proxy, agent: httpsAgent, server }
  }

  test("speak TLS to the target through a tunnel, and use the tunnel again", async () => {
    const { proxy, agent } = await behind()
    expect(await bodyOf(agent, `https://${EC2}/one`)).toBe(`${EC2} /one`)
    expect(await bodyOf(agent, `https://${EC2}/two`)).toBe(`${EC2} /two`)
    expect(await bodyOf(agent, "https://compute.googleapis.com/three")).toBe("compute.googleapis.com /three")
    expect(proxy.asked).toEqual([`${EC2}:443`, "compute.googleapis.com:443"])
  })

  test("do not trust a target that has another's certificate", async () => {
    const { agent } = await behind()
    const error = await errorOf(bodyOf(agent, "https://somewhere.example/"))
    expect(error).toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" })
  })

  test("tell the proxy who they are", async () => {
    const { agent } = await behind({ user: "me:a secret" }, "me:a%20secret@")
    expect(await bodyOf(agent, `https://${EC2}/`)).toBe(`${EC2} /`)
  })

  test.each([
    ["that wants a user", { user: "me:secret" }, AuthError, /answered 407 Refused .* wants a user/],
    [
      "that does not allow the target",
      { refusal: 403 },
      RejectedError,
      /answered 403 Refused to a tunnel to ec2.*NO_PROXY/,
    ],
    ["that does not find the target", { refusal: 502 }, TransientError, /answered 502 Refused/],
    ["that hangs up", { refusal: 0 }, TransientError, /does not open a tunnel: socket hang up; nothing was sent/],
  ])("fail by the words of a proxy %s", async (_what, options, kind, words) => {
    const { agent } = await behind(options, "other:wrong@")
    const error = await errorOf(bodyOf(agent, `https://${EC2}/`))
    expect(error).toBeInstanceOf(kind)
    expect(error.message).toMatch(words)
    expect(error.message).not.toMatch(/other|wrong/)
  })

  test("fail where no proxy is, or where the variable names none", async () => {
    const agentOf = (HTTPS_PROXY: string) => proxyAgents({}, { HTTPS_PROXY }).httpsAgent
    const gone = await errorOf(bodyOf(agentOf("http://127.0.0.1:1"), `https://${EC2}/`))
    expect(gone).toBeInstanceOf(TransientError)
    expect(gone.message).toMatch(/127\.0\.0\.1:1 \(HTTPS_PROXY\), through which ec2.* connect ECONNREFUSED/)
    expect(await errorOf(bodyOf(agentOf("socks5://127.0.0.1:1"), `https://${EC2}/`))).toBeInstanceOf(SpecError)
  })

  test("go straight to this machine", async () => {
    const { agent, proxy, server } = await behind()
    expect(await bodyOf(agent, `https://localhost:${server.port}/near`)).toBe(`localhost:${server.port} /near`)
    expect(proxy.asked).toEqual([])
  })

  test("tunnel plain http as well", async () => {
    const plain = createServer((_asked, response) => response.end("plain"))
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve))
    const address = plain.address()
    const port = typeof address === "object" ? (address?.port ?? 0) : 0
    const proxy = await connectProxy({ to: port })
    open.push(proxy, { url: "", port, close: async () => void plain.close() })
    const { httpAgent } = proxyAgents({}, { HTTP_PROXY: proxy.url })
    expect(await bodyOf(httpAgent, "http://emulator.example:4566/")).toBe("plain")
    expect(proxy.asked).toEqual(["emulator.example:4566"])
  })

  test("give up with the request that they connect for", async () => {
    const { agent } = await behind()
    const asking = request(`https://${EC2}/`, { agent })
    const failed = new Promise((resolve) => asking.once("error", resolve))
    asking.end()
    asking.destroy(new Error("enough"))
    expect(await failed).toMatchObject({ message: "enough" })
  })
})

function bodyOf(agent: Agent | ReturnType<typeof proxyAgents>["httpAgent"], url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { get: getPlainly } = process.getBuiltinModule("node:http")
    const ask = url.startsWith("https:") ? get : getPlainly
    ask(url, { agent }, (answer) => {
      let body = ""
      answer.setEncoding("utf8").on("data", (text: string) => (body += text))
      answer.once("end", () => resolve(body))
    }).once("error", reject)
  })
}

function errorIn(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    return error as Error
  }
  return expect.unreachable("nothing was thrown")
}

function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error: Error) => error,
  )
}
