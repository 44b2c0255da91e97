/**
 * A cluster without `access` asks its cloud for what one without any key asks, to the byte, but for the parts of the guest's program
 * that plant the key and let its user read the variables. And nothing of ssh is loaded for it.
 */
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { nonceOf } from "../../src/fleet/state/cluster-keys.js"
import { accessStep } from "../../src/guest/steps/access.js"
import { environmentStep } from "../../src/guest/steps/environment.js"
import { publicKeyIn, readPrivateFile } from "../../src/remote/ssh/keys.js"
import { ec2 } from "../aws/support/cloud.js"
import { azureCloud } from "../azure/support/cloud.js"
import { gce } from "../gcp/support/cloud.js"
import { recordExchange as recordEc2 } from "../aws/support/exchanges.js"
import { recordExchange as recordGce } from "../gcp/support/exchanges.js"
import { folderForEachTest } from "../support/folder.js"

let folder = ""
folderForEachTest((path) => {
  folder = path
})

type Record = (request: string) => void

const CLOUDS = {
  aws: async (record: Record) => ({
    ...(await ec2({
      wire: {
        onExchange: (exchange) => {
          recordEc2(exchange)
          record(`${exchange.action} ${decodeURIComponent(exchange.request)}`)
        },
      },
    })),
    instanceType: "m7i.large",
  }),
  gcp: async (record: Record) => ({
    ...(await gce({
      wire: {
        onExchange: (exchange) => {
          recordGce(exchange)
          record(`${exchange.method} ${exchange.url} ${JSON.stringify(exchange.body)}`)
        },
      },
    })),
    instanceType: "n2-standard-4",
  }),
  azure: async (record: Record) => ({
    ...(await azureCloud({
      onExchange: ({ method, path, request }) => record(`${method} ${path} ${JSON.stringify(request)}`),
    })),
    instanceType: "Standard_D2s_v5",
  }),
} as const

/** All requests of a life, and the words by which the key is planted in them. */
async function requestsOf(cloud: keyof typeof CLOUDS, journal: string | false, access: object) {
  const requests: string[] = []
  const { provider, clock, run, instanceType } = await CLOUDS[cloud]((request) => requests.push(request))
  const spec = { name: "render", provider, instanceType, startup: "true", ...access }
  const cluster = new Cluster(spec as ConstructorParameters<typeof Cluster>[0], { clock, journal })
  await run(cluster.scale(3))
  const planted = journal === false ? "" : plantedBy(journal)
  await run(cluster.close())
  return { requests: requests.map((request) => withText(request, planted)), planted }
}

/** What the guest's program has for the key that the journal's folder keeps. */
function plantedBy(journal: string): string {
  const file = readdirSync(journal).find((name) => name.endsWith(".key")) ?? ""
  const privateFile = readFileSync(join(journal, file), "utf8")
  const { publicKey } = readPrivateFile(privateFile) ?? {}
  expect(publicKeyIn(`${publicKey?.type} ${publicKey?.blob}`)).toEqual(publicKey)
  const plantedKey = `${publicKey?.type} ${publicKey?.blob} muster-render`
  return `${accessStep({ plantedKey, nonce: nonceOf(privateFile) }).join("\n")}\n`
}

/** The line of the guest's program that runs the step. */
const STEP = "muster_host access muster_access\n"
/** How the step that writes the variables ends, where somebody may read them over ssh and where nobody may. */
const [READ, UNREAD] = [true, false].map((hasReaders) => {
  const lines = environmentStep({}, {}, { hasReaders })
  return `${lines.slice(lines.lastIndexOf("done") + 1).join("\n")}\n`
}) as [string, string]

/** User data as text, without what plants the key. */
function withText(request: string, planted: string): string {
  const plain = request.replace(/[A-Za-z0-9+/]{400,}={0,2}/g, (base64) => {
    const bytes = Buffer.from(base64, "base64")
    return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString()
  })
  if (planted === "") return plain
  const pieces = [
    [planted, ""],
    [STEP, ""],
    [READ, UNREAD],
  ] as const
  const inJson = (text: string) => JSON.stringify(text).slice(1, -1)
  return pieces.reduce(
    (text, [piece, instead]) => text.replaceAll(piece, instead).replaceAll(inJson(piece), inJson(instead)),
    plain,
  )
}

describe.each(["aws", "gcp", "azure"] as const)("%s", (cloud) => {
  test("the requests of scale and close are the same but for the planted key", async () => {
    const bare = await requestsOf(cloud, false, {})
    const without = await requestsOf(cloud, join(folder, "one"), {})
    const refused = await requestsOf(cloud, join(folder, "two"), { access: false })
    expect(without.planted).toContain("ssh-ed25519")
    expect(bare.requests.length).toBeGreaterThan(3)
    expect(without.requests).toEqual(bare.requests)
    expect(refused.requests).toEqual(bare.requests)
  })
})

test("a cluster without access loads nothing of ssh", () => {
  const program = `
    import { createRequire } from "node:module"
    const { Cluster, local } = { ...(await import("./.cache/js/src/index.js")), ...(await import("./.cache/js/providers/local/index.js")) }
    const cluster = new Cluster({ name: "plain", provider: local({ root: process.argv[1] }) }, { journal: process.argv[1] + "/journal" })
    await cluster.scale(1)
    await cluster.close()
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes("/ssh2/"))
    process.stdout.write(JSON.stringify(loaded))`
  const root = fileURLToPath(new URL("../..", import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program, folder], {
    cwd: root,
    encoding: "utf8",
  })
  expect([stdout, stderr]).toEqual(["[]", ""])
})
