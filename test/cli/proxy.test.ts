/** The program behind a proxy, with the SDK's own addresses: nothing is reached but through it. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import type { RequestListener } from "node:http"
import { createHash, generateKeyPairSync } from "node:crypto"
import { request } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { ec2Wire, ec2World } from "../../providers/aws/wire/index.js"
import { AZURE_WORLD, azureWire } from "../../providers/azure/wire/index.js"
import { gceWire, gceWorld, PROJECT } from "../../providers/gcp/wire/index.js"
import { systemClock } from "../../src/calls/clock.js"
import { World } from "../../src/simulator/index.js"
import { CERTIFICATE, connectProxy, overTls, passTo } from "../support/proxy.js"
import { startMuster } from "./bin.js"

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

type Others = Readonly<Record<string, RequestListener>>

/** A cloud behind a proxy, with what answers instead of it under other names. */
async function behindProxy(cloud: RequestListener, others: Others) {
  const front = await overTls((asked, response) => {
    const other = others[asked.headers.host ?? ""]
    ;(other ?? cloud)(asked, response)
  })
  const proxy = await connectProxy({ to: front.port, user: "me:secret" })
  closing.push(proxy.close, front.close)
  const env = { HTTPS_PROXY: `http://me:secret@127.0.0.1:${proxy.port}`, NODE_EXTRA_CA_CERTS: CERTIFICATE }
  return { proxy, env }
}

const listing = (cloud: string, region: string) => ["list", "--provider", cloud, "--region", region, "--json"]

function answer(body: object): RequestListener {
  return (asked, response) => {
    asked.resume()
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
  }
}

test("EC2 is asked through the proxy, and so is IAM Identity Center, where the keys come from", async () => {
  const home = await mkdtemp(join(tmpdir(), "muster-proxy-"))
  closing.push(() => rm(home, { recursive: true }))
  const start = "https://example.awsapps.com/start"
  await mkdir(join(home, ".aws/sso/cache"), { recursive: true })
  const profile = `sso_start_url = ${start}\nsso_region = us-east-1\nsso_account_id = 111122223333\nsso_role_name = burst`
  await writeFile(join(home, ".aws/config"), `[default]\n${profile}\n`)
  const token = { startUrl: start, region: "us-east-1", accessToken: "token", expiresAt: "2099-01-01T00:00:00Z" }
  const name = createHash("sha1").update(start).digest("hex")
  await writeFile(join(home, `.aws/sso/cache/${name}.json`), JSON.stringify(token))
  const roleCredentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret", sessionToken: "t", expiration: 4e12 }
  const wire = await ec2Wire({ world: new World({ ...ec2World(), clock: systemClock }), wallClock: systemClock })
  closing.push(wire.close)
  const { proxy, env } = await behindProxy(passTo(wire.url), {
    "portal.sso.us-east-1.amazonaws.com": answer({ roleCredentials }),
  })
  const ran = await startMuster(listing("aws", "us-east-1"), { ...env, HOME: home }).ended
  expect(ran).toMatchObject({ code: 0, said: "" })
  expect([...new Set(proxy.asked)]).toEqual([
    "portal.sso.us-east-1.amazonaws.com:443",
    "ec2.us-east-1.amazonaws.com:443",
  ])
})

test("Compute Engine is asked through the proxy, and so is who gives tokens", async () => {
  const home = await mkdtemp(join(tmpdir(), "muster-proxy-"))
  closing.push(() => rm(home, { recursive: true }))
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  const account = {
    type: "service_account",
    project_id: PROJECT,
    client_email: `burst@${PROJECT}.iam.gserviceaccount.com`,
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    token_uri: "https://oauth2.googleapis.com/token",
  }
  await writeFile(join(home, "account.json"), JSON.stringify(account))
  const wire = await gceWire({ world: new World({ ...gceWorld(), clock: systemClock }), token: "secret-token" })
  closing.push(wire.close)
  const token = { access_token: "secret-token", expires_in: 3599, token_type: "Bearer" }
  const { proxy, env } = await behindProxy(passTo(wire.url), {
    "oauth2.googleapis.com": answer(token),
    "www.googleapis.com": answer(token),
  })
  const own = { HOME: home, GOOGLE_APPLICATION_CREDENTIALS: join(home, "account.json") }
  const ran = await startMuster(listing("gcp", "us-central1"), { ...env, ...own }).ended
  expect(ran).toMatchObject({ code: 0, said: "" })
  expect(proxy.asked.at(-1)).toBe("compute.googleapis.com:443")
  expect(proxy.asked.some((authority) => /^(oauth2|www)\.googleapis\.com:443$/.test(authority))).toBe(true)
})

describe("Azure", () => {
  const TENANT = "aaaaaaaa-2222-3333-4444-555555555555"
  const directory = `https://login.microsoftonline.com/${TENANT}`
  const login: RequestListener = (asked, response) => {
    const isToken = asked.method === "POST"
    const token = { token_type: "Bearer", expires_in: 3599, access_token: "secret-token" }
    const endpoints = {
      issuer: `${directory}/v2.0`,
      authorization_endpoint: `${directory}/oauth2/v2.0/authorize`,
      token_endpoint: `${directory}/oauth2/v2.0/token`,
    }
    answer(isToken ? token : endpoints)(asked, response)
  }
  const secret = {
    AZURE_SUBSCRIPTION_ID: "11111111-2222-3333-4444-555555555555",
    AZURE_TENANT_ID: TENANT,
    AZURE_CLIENT_ID: "client",
    AZURE_CLIENT_SECRET: "secret",
  }

  async function azureBehindProxy() {
    const wire = await azureWire({ world: new World({ ...AZURE_WORLD, clock: systemClock }) })
    closing.push(wire.close)
    wire.quirks.tokens = new Set(["secret-token"])
    return behindProxy(passOn(wire.url, wire.ca), { "login.microsoftonline.com": login })
  }

  test("is asked through the proxy, and so is its login", async () => {
    const { proxy, env } = await azureBehindProxy()
    const ran = await startMuster(listing("azure", "westeurope"), { ...env, ...secret }).ended
    expect(ran).toMatchObject({ code: 0, said: "" })
    expect([...new Set(proxy.asked)]).toEqual(["login.microsoftonline.com:443", "management.azure.com:443"])
  })

  test("NO_PROXY counts, and a cloud of its own has its own login", async () => {
    const { proxy, env } = await azureBehindProxy()
    const option = ["--option", "cloud=AzureUSGovernment"]
    const near = { ...env, ...secret, NO_PROXY: "management.usgovcloudapi.net" }
    const ran = await startMuster([...listing("azure", "usgovvirginia"), ...option], near).ended
    expect(ran.code).not.toBe(0)
    expect([...new Set(proxy.asked)]).toEqual(["login.microsoftonline.us:443"])
  })
})

/** Passes a request on to a double over TLS. */
function passOn(url: string, ca: string): RequestListener {
  return (asked, response) => {
    // The name in it would be looked for in the double's certificate.
    const { host: _host, ...headers } = asked.headers
    const { method, url: path } = asked
    const passed = request(new URL(path ?? "/", url), { method, headers, ca }, (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(response)
    })
    passed.on("error", () => response.destroy())
    asked.pipe(passed)
  }
}
