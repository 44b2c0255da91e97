/**
 * A metadata service for real guests, as EC2 and Compute Engine have it: run in a network namespace that has its address.
 *
 *     node test/tools/run.mjs test/guest/real/metadata.ts ADDRESS FOLDER
 *
 * The file `user-data` in the folder is EC2's, byte for byte; `attributes.json` has those of Compute Engine. The requests come
 * line by line in `requests`; the file `listening` is written when it answers.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { join } from "node:path"

/** A folder of the service, or the value at the end of a path. */
type Tree = { readonly [name: string]: Tree } | string | number

const [, , address = "169.254.169.254", folder = "."] = process.argv
const MAC = "52:54:00:aa:00:01"
const TOKEN = "token-of-this-session"

const EC2: Tree = {
  "ami-id": "ami-00000000000000001",
  "instance-id": "i-0123456789abcdef0",
  "instance-type": "t3.micro",
  "local-hostname": "ip-10-77-0-15",
  hostname: "ip-10-77-0-15",
  "local-ipv4": "10.77.0.15",
  mac: MAC,
  placement: { "availability-zone": "eu-west-2a", region: "eu-west-2" },
  network: { interfaces: { macs: { [MAC]: { "device-number": "0", "local-ipv4s": "10.77.0.15", mac: MAC } } } },
}

/** A document of an instance's identity: cloud-init asks for it with everything else, and asks again where it is not there. */
const DYNAMIC: Tree = { "instance-identity": { document: JSON.stringify({ region: "eu-west-2" }) } }

const GCE: Tree = {
  instance: {
    id: 4211,
    name: "render-cpu-0a1b2c3d4e5f",
    hostname: "render-cpu-0a1b2c3d4e5f.c.p.internal",
    zone: "projects/12345/zones/europe-west2-a",
    attributes: attributes(),
    "network-interfaces": { 0: { ip: "10.77.0.15", mac: MAC } },
  },
  project: { "project-id": "p", "numeric-project-id": 12345, attributes: {} },
}

function attributes(): Tree {
  const path = join(folder, "attributes.json")
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Tree) : {}
}

function at(tree: Tree, path: string): Tree | undefined {
  let found: Tree | undefined = tree
  for (const name of path.split("/").filter((part) => part !== "")) {
    found = typeof found === "object" ? found[name] : undefined
  }
  return found
}

function listing(tree: Tree): string {
  if (typeof tree !== "object") return String(tree)
  return Object.entries(tree)
    .map(([name, value]) => (typeof value === "object" ? `${name}/` : name))
    .join("\n")
}

interface Answer {
  readonly status: number
  readonly body?: string | Buffer
}

/** "Metadata-Flavor: Google" is asked for in each request, and stands in each answer. */
function google(url: URL): Answer {
  const found = at(GCE, url.pathname.replace(/^\/computeMetadata\/v1/, ""))
  if (found === undefined) return { status: 404 }
  const isWhole = /^true$/i.test(url.searchParams.get("recursive") ?? "")
  return { status: 200, body: isWhole ? JSON.stringify(found) : listing(found) }
}

/** IMDSv2: a token first, by PUT; without it no value is told. */
function amazon(request: IncomingMessage, url: URL): Answer {
  if (url.pathname === "/latest/api/token")
    return request.method === "PUT" ? { status: 200, body: TOKEN } : { status: 405 }
  if (request.headers["x-aws-ec2-metadata-token"] !== TOKEN) return { status: 401 }
  const [, part, path = ""] = /^\/[^/]+\/(meta-data|user-data|dynamic)\/?(.*)$/.exec(url.pathname) ?? []
  if (part === "user-data") return { status: 200, body: readFileSync(join(folder, "user-data")) }
  const found = part === undefined ? undefined : at(part === "dynamic" ? DYNAMIC : EC2, path)
  return found === undefined ? { status: 404 } : { status: 200, body: listing(found) }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://metadata")
  const isGoogle = request.headers["metadata-flavor"] === "Google"
  const { status, body } = isGoogle ? google(url) : amazon(request, url)
  appendFileSync(join(folder, "requests"), `${request.method} ${request.url} ${status}\n`)
  response.writeHead(status, isGoogle ? { "metadata-flavor": "Google", etag: "1" } : {}).end(body)
}

createServer(answer).listen(80, address, () => writeFileSync(join(folder, "listening"), ""))
