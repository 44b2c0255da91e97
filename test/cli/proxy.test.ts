/** The program behind a proxy, with the SDK's own addresses: nothing is reached but through it. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import type { RequestListener } from "node:http"
import { createHash } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { ec2Wire, ec2World } from "../../providers/aws/wire/index.js"
import { systemClock } from "../../src/calls/clock.js"
import { World } from "../../src/simulator/index.js"
import { CERTIFICATE, connectProxy, overTls, passTo } from "../support/proxy.js"
import { startMuster } from "./bin.js"

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** EC2 behind a proxy, with what answers instead of it under other names. */
async function behindProxy(others: Readonly<Record<string, RequestListener>> = {}) {
  const wire = await ec2Wire({ world: new World({ ...ec2World(), clock: systemClock }), wallClock: systemClock })
  const toEc2 = passTo(wire.url)
  const front = await overTls((asked, response) => {
    const other = others[asked.headers.host ?? ""]
    ;(other ?? toEc2)(asked, response)
  })
  const proxy = await connectProxy({ to: front.port, user: "me:secret" })
  closing.push(proxy.close, front.close, wire.close)
  const env = { HTTPS_PROXY: `http://me:secret@127.0.0.1:${proxy.port}`, NODE_EXTRA_CA_CERTS: CERTIFICATE }
  return { proxy, env, list: ["list", "--provider", "aws", "--region", "us-east-1", "--json"] }
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
  const { proxy, env, list } = await behindProxy({
    "portal.sso.us-east-1.amazonaws.com": (asked, response) => {
      asked.resume()
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ roleCredentials }))
    },
  })
  const ran = await startMuster(list, { ...env, HOME: home }).ended
  expect(ran).toMatchObject({ code: 0, said: "" })
  expect([...new Set(proxy.asked)]).toEqual([
    "portal.sso.us-east-1.amazonaws.com:443",
    "ec2.us-east-1.amazonaws.com:443",
  ])
})
