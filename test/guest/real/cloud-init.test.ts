/** The user data of the clouds, carried out by the real cloud-init and by Google's own script runner. */
import { gunzipSync, gzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { userDataOf } from "../../../providers/aws/prepare/user-data.js"
import { guestScript } from "../../../providers/gcp/prepare/guest.js"
import { verdictOn } from "../../../src/guest/marks.js"
import { boot, type Left } from "./apart.js"
import { group, HOSTILE, marksOf, owner } from "./request.js"
import { missing, titled } from "./there.js"

const absent = missing("script", "ip")

/** Goes on until cloud-init has ended, and fails then. */
const STARTUP = `printf '%s' "$HOSTILE" > /root/hostile
printf '%s|' "$MUSTER_PROVIDER" "$MUSTER_REGION" "$MUSTER_NAME" "$MUSTER_ID" "$HOME" > /root/known
echo "one line; $0"
until [ -e /go ]; do sleep 0.1; done
echo the last words >&2
exit 3`

const FAILED = { step: "startup", exitCode: 3, tail: "one line; /var/lib/muster/startup\nthe last words" }

const AWS = "aws|eu-west-2|cpu-9abcdef0|i-0123456789abcdef0|/root|"
const GCP = "gcp|europe-west2|render-cpu-0a1b2c3d4e5f|europe-west2-a/render-cpu-0a1b2c3d4e5f|/root|"

/** The boot was over, and said so, while the startup went on; then the startup's own end was told. */
function expectWhole(left: Left, known: string): void {
  expect(left("failed")).toBe("")
  const before = marksOf(left("status.before"))
  expect(before.at(-1)).toBe("startup begun")
  expect(marksOf(left("muster/status")).slice(before.length)).toEqual(["startup ended 3", "done startup 3"])
  expect(verdictOn(left("console"), owner().uid)).toEqual(FAILED)
  expect(left("muster/boot.log")).toContain("the last words")
  expect(left("root/hostile")).toBe(HOSTILE)
  expect(left("root/known")).toBe(known)
  expect(left("pwned.there")).toBe("")
}

const ec2 = (startup: string, setup?: string) =>
  userDataOf(owner(), group({ startup, ...(setup === undefined ? {} : { setup }) }), "eu-west-2").bytes

describe.skipIf(absent !== undefined)(titled("cloud-init", absent), { timeout: 400_000 }, () => {
  test("EC2: a script, whose startup goes on when the boot is over", async () => {
    const left = await boot("ec2", { userData: ec2(STARTUP) })
    expectWhole(left, AWS)
    expect(left("cloud-init")).toContain("status: done")
  })

  test("EC2: compressed, with a setup before the startup", async () => {
    // What does not compress, and is nothing to a shell.
    const noise = Array.from({ length: 20_000 }, (_, n) => `# ${(n * 2_654_435_761) % 4_294_967_296}`).join("\n")
    const userData = ec2(`${STARTUP}\n${noise.slice(0, 17_000)}`, "echo prepared > /root/prepared")
    expect(gunzipSync(userData).length).toBeGreaterThan(userData.length)
    const left = await boot("ec2", { userData })
    expectWhole(left, AWS)
    expect(left("root/prepared")).toBe("prepared\n")
    expect(marksOf(left("muster/status"))).toEqual(expect.arrayContaining(["setup begun", "setup ended 0"]))
  })

  test("EC2: a cloud-config of the user's own, beside the program", async () => {
    const left = await boot("ec2", { userData: gzipSync(beside(CLOUD_CONFIG)) })
    expect(left("failed")).toBe("")
    expect(left("root/from-user")).toBe("hi")
    expect(marksOf(left("muster/status")).at(-1)).toBe("environment ended 0")
  })

  test("EC2: a cloud-config that is none keeps the program from nothing", async () => {
    const left = await boot("ec2", { userData: beside("#cloud-config\nruncmd: [ [sh\n") })
    expect(left("cloud-init")).toContain("status: done")
    expect(marksOf(left("muster/status")).at(-1)).toBe("environment ended 0")
  })

  test("Compute Engine: as user-data, where an image has cloud-init", async () => {
    const script = guestScript(owner(), group({ startup: STARTUP }), "europe-west2")
    expectWhole(await boot("gce", { attributes: { "user-data": script } }), GCP)
  })
})

describe.skipIf(absent !== undefined)(titled("Google's script runner", absent), { timeout: 400_000 }, () => {
  test("runs it at every boot, and the startup runs once", async () => {
    const script = guestScript(owner(), group({ startup: `echo run >> /root/runs\n${STARTUP}` }), "europe-west2")
    const left = await boot("google", { attributes: { "startup-script": script } })
    expect(left("runner.log")).toContain("startup-script exit status 0")
    expect(left("runner.again.log")).toContain("startup-script exit status 0")
    expect(left("root/runs")).toBe("run\n")
    expectWhole(left, GCP)
    expect(left("status.again").slice(left("muster/status").length)).toMatch(/^\d+ reboot ended 0\n$/)
  })
})

const CLOUD_CONFIG = "#cloud-config\nwrite_files: [{ path: /root/from-user, content: hi }]\n"

const beside = (startup: string) => userDataOf(owner(), group({ startup, environment: {} }), "eu-west-2").bytes
