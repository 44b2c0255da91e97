/** Strings that want to be more than strings: in scripts, filters, request bodies, URLs. */
import { execFile } from "node:child_process"
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import * as fc from "../../support/property.js"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { guestScript } from "../../../providers/aws/prepare/guest.js"
import { subnetOf } from "../../../providers/aws/wire/index.js"
import { SpecError } from "../../../src/errors.js"
import type { Instance, Owner } from "../../../src/provider.js"
import { type Cloud, ec2, GROUP, launchMany, NO_ROOM, offersOf, OWNER, prepareOf, wishFor } from "../support/cloud.js"
import { isLong } from "../../support/long.js"

const run = promisify(execFile)
const SEED = 20_260_101

/** What has broken out of quotes, forms, filters, XML and paths before. */
const KNOWN = [
  "'; touch pwned; '",
  '"$(touch pwned)"',
  "`touch pwned`",
  "$((touch pwned))",
  "a\nMUSTER_STARTUP\ntouch pwned",
  "\\",
  "%27%3B",
  "&Action=TerminateInstances&InstanceId.1=i-0",
  "x&Filter.9.Name=vpc-id",
  "*",
  "i-?*",
  "\\*",
  "</item><item>",
  "]]>&lt;&#10;",
  "../../etc/passwd",
  "a;b|c>pwned<d",
  "-rf",
  "#",
  "größer 💥 \u202e",
]

/** What XML can carry: EC2's answers are of it. */
const carried = fc
  .oneof(
    fc.constantFrom(...KNOWN),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.tuple(fc.constantFrom(...KNOWN), fc.string({ maxLength: 10 })).map((both) => both.join("")),
  )
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
  .filter((text) => text !== "" && !/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/.test(text))

describe("in the guest's script", () => {
  let root: string

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "muster-hostile-"))
    for (const folder of ["bin", "run/systemd/system", "var/lib/cloud/data"]) {
      await mkdir(join(root, folder), { recursive: true })
    }
    await writeFile(join(root, "var/lib/cloud/data/instance-id"), "i-0123456789abcdef0")
    for (const command of ["systemctl", "shutdown", "poweroff", "curl"]) {
      await writeFile(join(root, "bin", command), "#!/bin/sh\nexit 1\n")
      await chmod(join(root, "bin", command), 0o755)
    }
  })

  afterAll(() => rm(root, { recursive: true }))

  async function boot(script: string): Promise<string> {
    // Another machine each time: the same one would not run its startup again.
    await rm(join(root, "var/lib/muster"), { recursive: true, force: true })
    await writeFile(join(root, "user-data"), script)
    const env = { PATH: `${join(root, "bin")}:${process.env.PATH ?? ""}`, MUSTER_ROOT: root, MUSTER_HOST: "skip" }
    await run("/bin/sh", [join(root, "user-data")], { env, cwd: root })
    return readFile(join(root, "var/lib/muster/boot.log"), "utf8")
  }

  const PRINT = 'printf "%s\\000" "$VALUE" "$MUSTER_CLUSTER" "$MUSTER_UID" "$MUSTER_GROUP"'

  test("names and environment are what they are, and nothing else is run", async () => {
    const before = await readdir(root)
    const arbitrary = fc.record({ value: carried, cluster: carried, uid: carried, name: carried })
    const property = fc.asyncProperty(arbitrary, async ({ value, cluster, uid, name }) => {
      const group = { ...GROUP, name, environment: { VALUE: value }, startup: PRINT, leaseSeconds: 600 }
      const printed = await boot(guestScript({ ...OWNER, cluster, uid }, group, "us-east-1"))
      expect(printed.split("\0")).toEqual([value, cluster, uid, name, ""])
    })
    await fc.assert(property, { seed: SEED, numRuns: isLong ? 25 : 5, examples: KNOWN.map((text) => [same(text)]) })
    expect((await readdir(root)).sort()).toEqual([...new Set([...before, "user-data", "var"])].sort())
  })

  function same(text: string) {
    return { value: text, cluster: text, uid: text, name: text }
  }

  test("a startup is written as it is, whatever it says", async () => {
    const property = fc.asyncProperty(fc.array(carried, { maxLength: 5 }), async (lines) => {
      // `true` reads none of it.
      const startup = ["#!/bin/true", ...lines].join("\n")
      await boot(guestScript(OWNER, { ...GROUP, startup }, "us-east-1"))
      expect(await readFile(join(root, "var/lib/muster/startup"), "utf8")).toBe(`${startup.replace(/\n$/, "")}\n`)
    })
    await fc.assert(property, { seed: SEED, numRuns: isLong ? 15 : 5, examples: [[KNOWN]] })
    expect(await readdir(root)).not.toContain("pwned")
  })
})

describe("what is no name, and no number", () => {
  test("is refused where a script or a template would say it bare", async () => {
    const cloud = await ec2()
    const refused = async (owner: Owner, environment: Readonly<Record<string, string>>) =>
      cloud.run(cloud.provider.prepare(owner, { ...GROUP, environment }, cloud.bare())).then(
        () => false,
        (error: unknown) => error instanceof SpecError,
      )
    const property = fc.asyncProperty(carried, async (text) => {
      expect(await refused({ ...OWNER, deadline: text }, {})).toBe(!/^\d{1,12}$/.test(text))
      expect(await refused(OWNER, { [text]: "x" })).toBe(!/^(?!muster_)[a-z_]\w*$/i.test(text))
    })
    await fc.assert(property, {
      seed: SEED,
      numRuns: 25,
      examples: [["muster_root"], ["MUSTER_UID"], ["a[$(touch x)]"]],
    })
  })
})

describe("in requests", () => {
  let cloud: Cloud
  let one: Instance

  beforeEach(async () => {
    cloud = await ec2({ world: { buckets: {} } })
    const [made] = await launchMany(cloud, 1)
    if (made === undefined) throw new Error("nothing was launched")
    one = made
  })

  const list = (selector: object) => cloud.run(cloud.provider.list(selector, cloud.bare()))
  const ids = (instances: readonly Instance[]) => instances.map(({ id }) => id)

  test("a tag's value comes back as it went, and only its own filter finds it", async () => {
    const property = fc.asyncProperty(carried, carried, async (value, other) => {
      cloud.world.retag(one.id, { ...one.tags, "muster-cluster": value, "muster-owner": value, team: value })
      const [found] = await list({ cluster: value, owner: value })
      expect(found?.tags.team).toBe(value)
      expect(ids(await list({ cluster: other }))).toEqual(other === value ? [one.id] : [])
      expect(ids(await list({ uid: OWNER.uid, zones: [other] }))).toEqual([])
      expect(ids(await list({ ids: [other] }))).toEqual([])
      expect(ids(await list({ ids: [one.id], zones: [one.zone], owner: other }))).toEqual(
        other === value ? [one.id] : [],
      )
    })
    await fc.assert(property, { seed: SEED, numRuns: 20, examples: KNOWN.map((text) => [text, "*"]) })
  })

  test("a launch says what it was told, and no more", async () => {
    const offers = await offersOf(cloud)
    const property = fc.asyncProperty(carried, async (text) => {
      const prepared = await prepareOf(cloud, { tags: { team: text }, environment: { VALUE: text } })
      const owner = { ...OWNER, cluster: text, owner: text }
      const body = { ...prepared.body, owner: { ...owner } }
      const [call] = cloud.provider.split(wishFor(offers, 1, { group: text }), { ...prepared, body }, NO_ROOM)
      if (call === undefined) throw new Error("no launch call")
      const { instances } = await cloud.run(cloud.provider.launch(call, cloud.bare()))
      const { tags, zone } = instances[0] as Instance
      expect([tags.team, tags["muster-cluster"], tags["muster-owner"], tags["muster-group"]]).toEqual([
        text,
        text,
        text,
        text,
      ])
      expect(zone).toBe("us-east-1a")
      const { attributes } = cloud.world.resources.get("subnet", subnetOf(zone)) ?? {}
      expect(attributes?.zone).toBe(zone)
      const request = cloud.world.ledger.of("RunInstances").at(-1)?.parameters as Record<string, unknown>
      expect([request.MaxCount, request.InstanceInitiatedShutdownBehavior]).toEqual(["1", "terminate"])
    })
    await fc.assert(property, { seed: SEED, numRuns: 10, examples: KNOWN.map((text) => [text]) })
  })

  test("an instance's page is in AWS's console, whatever its id", () => {
    const property = fc.property(carried, (id) => {
      const url = new URL(cloud.provider.consoleUrl?.({ ...one, id }) ?? "")
      expect([url.hostname, url.pathname, url.search]).toEqual([
        "us-east-1.console.aws.amazon.com",
        "/ec2/home",
        "?region=us-east-1",
      ])
      expect(decodeURIComponent(url.hash)).toBe(`#InstanceDetails:instanceId=${id}`)
    })
    fc.assert(property, { seed: SEED, numRuns: 50 })
  })
})
