/** How instances log in to their cloud's registry: checked before a launch, and run by a real shell against small servers. */
import { execFile } from "node:child_process"
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { promisify } from "node:util"
import { afterEach, describe, expect, test } from "vitest"
import * as aws from "../../providers/aws/prepare/registry.js"
import * as azure from "../../providers/azure/prepare/registry.js"
import * as gcp from "../../providers/gcp/prepare/registry.js"
import { archNamed, archNote, imageName, pullNotes } from "../../src/guest/image.js"
import type { Container } from "../../src/provider.js"
import { resolveSpec } from "../../src/spec.js"
import { folderForEachTest } from "../support/folder.js"
import { lacking, titled } from "../support/tools.js"

const run = promisify(execFile)

const noCurl = lacking("curl")

const ECR = "123456789012.dkr.ecr.eu-west-2.amazonaws.com"
const IDENTITY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker"

function groupOf(image: string, login?: "instance"): { readonly name: string; readonly container: Container } {
  return { name: "default", container: { image, dockerArgs: [], ...(login === undefined ? {} : { login }) } }
}

describe("names", () => {
  test.each([
    ["python:3.12", { registry: "docker.io", repository: "python", tag: "3.12" }],
    ["daskdev/dask", { registry: "docker.io", repository: "daskdev/dask" }],
    ["localhost:5000/a/b:c", { registry: "localhost:5000", repository: "a/b", tag: "c" }],
    [`${ECR}/team/app@sha256:00`, { registry: ECR, repository: "team/app", digest: "sha256:00" }],
    ["ghcr.io/a/b:1@sha256:00", { registry: "ghcr.io", repository: "a/b", tag: "1", digest: "sha256:00" }],
  ])("%s", (image, name) => {
    expect(imageName(image)).toEqual(name)
  })

  test.each([
    ["app:1-arm64", "arm64"],
    ["arm64v8/python", "arm64"],
    ["app:aarch64", "arm64"],
    ["app:1.2-amd64", "x86_64"],
    ["app:linux_x86_64", "x86_64"],
    ["amd64/python:3", "x86_64"],
    ["farm64/app:armada", undefined],
    ["python:3.12", undefined],
  ])("%s tells its architecture: %s", (image, arch) => {
    expect(archNamed(image)).toBe(arch)
  })

  test("an image of one architecture has a note where the group may get another", () => {
    expect(archNote("app:1-arm64", ["arm64"])).toBeUndefined()
    expect(archNote("app:1", ["arm64", "x86_64"])).toBeUndefined()
    expect(archNote("app:1-arm64", ["arm64", "x86_64"])).toMatch(
      /is for arm64 by its name, .* may get amd64: .*arch: "arm64"/,
    )
  })
})

test("many workers that pull from Docker Hub have a note", () => {
  expect(pullNotes(groupOf("python:3.12"), 100)).toEqual([])
  expect(pullNotes(groupOf("ghcr.io/a/b"), 1000)).toEqual([])
  expect(pullNotes({ container: undefined }, 1000)).toEqual([])
  expect(pullNotes(groupOf("python:3.12"), 101)).toEqual([
    expect.stringMatching(
      /^101 workers pull "python:3.12" from Docker Hub without a login, which allows 100 pulls in 6 hours/,
    ),
  ])
})

describe("a spec", () => {
  const problemOf = (container: string) => {
    try {
      resolveSpec({ provider: "local", container })
      return ""
    } catch (error) {
      return (error as Error).message
    }
  }
  test.each([
    "python",
    "python:3.12",
    "daskdev/dask",
    "localhost:5000/a/b:c",
    "GHCR.io:443/me/job.x__y--z:V1",
    "Host/job",
    `python:3@sha256:${"0a".repeat(32)}`,
    `${ECR}/team/app`,
  ])("takes %s", (image) => expect(problemOf(image)).toBe(""))

  test.each([
    "Python:3.12",
    "ghcr.io/Me/job",
    "https://ghcr.io/me/job",
    "a/b/../c",
    "python:",
    ":x",
    "-v",
    "python@sha256:12",
    `python:${"a".repeat(129)}`,
    "python 3",
  ])("refuses %s, which docker cannot read", (image) => {
    expect(problemOf(image)).toContain(`cluster.container: is ${JSON.stringify(image).slice(0, 20)}`)
  })
})

describe("before a launch", () => {
  const region = "eu-west-2"
  const place = { region, location: region, subscriptionId: "s" }
  test.each([
    ["aws", aws.registryProblems, `${ECR}/app:1`, { instanceProfile: "worker" }],
    [
      "gcp",
      gcp.registryProblems,
      "europe-west2-docker.pkg.dev/p/r/app",
      { serviceAccount: "w@p.iam.gserviceaccount.com" },
    ],
    ["azure", azure.registryProblems, "team.azurecr.io/app", { identity: IDENTITY }],
  ] as const)("%s takes its own registry with an identity, and nothing else", (_name, check, image, identity) => {
    const problems = check as (options: object, group: object) => readonly { readonly message: string }[]
    expect(problems({ ...place, ...identity }, groupOf(image, "instance"))).toEqual([])
    expect(problems(place, groupOf("python:3.12"))).toEqual([])
    expect(problems(place, groupOf(image, "instance"))[0]?.message).toMatch(/instances have no identity: give/)
    expect(problems({ ...place, ...identity }, groupOf("python:3.12", "instance"))[0]?.message).toMatch(
      /the image is in docker.io: an instance can log in to .* alone/,
    )
    expect(
      problems({ ...place, ...identity }, groupOf(`${image.replace("/", ".evil.com/")}`, "instance")),
    ).toHaveLength(1)
  })
})

let root = ""
folderForEachTest((path) => {
  root = path
})

let server: Server | undefined
afterEach(async () => {
  await new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)))
  server = undefined
})

async function serve(answer: (request: IncomingMessage, body: string) => string | undefined): Promise<string> {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const said = answer(request, body)
      response.writeHead(said === undefined ? 404 : 200).end(said)
    })
  })
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function loggedIn(
  lines: readonly string[] | undefined,
  env: Readonly<Record<string, string>>,
  before: readonly string[] = [],
): Promise<{ readonly said: string; readonly stderr: string }> {
  const script = [
    ...before,
    'muster_login_as() { printf "%s:%s" "$1" "$(cat)"; }',
    'muster_install() { echo "installed $*"; }',
    "muster_login() {",
    ...(lines ?? ["exit 99"]),
    "}",
    'muster_login "$REGISTRY"',
  ]
  await writeFile(join(root, "login"), script.join("\n"))
  return run("dash", [join(root, "login")], { env: { PATH: "/usr/bin:/bin", ...env } }).then(
    ({ stdout, stderr }) => ({ said: stdout, stderr }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ said: `exit ${code}`, stderr }),
  )
}

describe("on the instance", () => {
  test("aws asks the AWS CLI, or has Amazon's credential helper do it", async () => {
    const lines = aws.registryLogin(groupOf(`${ECR}/app`, "instance"))
    const env = { REGISTRY: ECR, DOCKER_CONFIG: root }
    expect((await loggedIn(lines, env)).said).toBe(
      "installed amazon-ecr-credential-helper amazon-ecr-credential-helper\n",
    )
    expect(JSON.parse(await readFile(join(root, "config.json"), "utf8"))).toEqual({
      credHelpers: { [ECR]: "ecr-login" },
    })
    await mkdir(join(root, "bin"))
    await writeFile(
      join(root, "bin/aws"),
      '#!/bin/sh\n[ "$*" = "ecr get-login-password --region eu-west-2" ] && echo secret\n',
    )
    await chmod(join(root, "bin/aws"), 0o755)
    expect((await loggedIn(lines, { ...env, PATH: `${join(root, "bin")}:/usr/bin:/bin` })).said).toBe("AWS:secret")
  })

  test("gcp gives the token of the service account, or says that there is none", async () => {
    const lines = gcp.registryLogin(groupOf("europe-west2-docker.pkg.dev/p/r/app", "instance"))
    const token = '{"access_token":"ya29.c.b0A-_x","expires_in":3599,"token_type":"Bearer"}'
    const read = (answer: string) => [`muster_read() { [ "$1" = service-accounts/default/token ] && ${answer}; }`]
    expect((await loggedIn(lines, {}, read(`printf %s '${token}'`))).said).toBe("oauth2accesstoken:ya29.c.b0A-_x")
    expect(await loggedIn(lines, {}, read("return 22"))).toEqual({
      said: "exit 1",
      stderr: expect.stringContaining("no token") as string,
    })
  })

  test.skipIf(noCurl !== undefined)(
    titled("azure exchanges the identity's token for the registry's", noCurl),
    async () => {
      const asked: string[] = []
      const url = await serve(({ url: path = "", headers, method }, body) => {
        asked.push(`${method} ${path} ${String(headers.metadata)} ${body}`)
        if (path.startsWith("/metadata/identity/oauth2/token?")) return '{"access_token":"aad.x-_","resource":"r"}'
        return body.endsWith("access_token=aad.x-_") ? '{"refresh_token":"acr.y-_"}' : undefined
      })
      const manager = "https://management.azure.com"
      const lines = azure.registryLogin(groupOf("team.azurecr.io/app", "instance"), { identity: IDENTITY, manager })
      const env = { REGISTRY: "team.azurecr.io", MUSTER_METADATA_URL: url, MUSTER_REGISTRY_URL: url }
      expect((await loggedIn(lines, env)).said).toBe("00000000-0000-0000-0000-000000000000:acr.y-_")
      expect(asked).toEqual([
        `GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F&msi_res_id=${encodeURIComponent(IDENTITY)} true `,
        "POST /oauth2/exchange undefined grant_type=access_token&service=team.azurecr.io&access_token=aad.x-_",
      ])
    },
  )

  test.skipIf(noCurl !== undefined)(
    titled("azure says that the identity may not read the registry", noCurl),
    async () => {
      const url = await serve(({ url: path = "" }) =>
        path.startsWith("/metadata") ? '{"access_token":"a"}' : undefined,
      )
      const manager = "https://management.azure.com"
      const lines = azure.registryLogin(groupOf("team.azurecr.io/app", "instance"), { identity: IDENTITY, manager })
      const env = { REGISTRY: "team.azurecr.io", MUSTER_METADATA_URL: url, MUSTER_REGISTRY_URL: url }
      const { said, stderr } = await loggedIn(lines, env)
      expect([said, stderr]).toEqual(["exit 1", expect.stringContaining("does it have the role AcrPull?")])
    },
  )
})
