/** A container of the guest's, in a real Docker. */
import { describe, expect, test } from "vitest"
import { guestScript } from "../../../providers/aws/prepare/guest.js"
import { verdictOn } from "../../../src/guest/marks.js"
import type { GroupRequest } from "../../../src/provider.js"
import { docker } from "./apart.js"
import { group, HOSTILE, marksOf, owner } from "./request.js"
import { missing, titled } from "./there.js"

const absent = missing("ip")

const program = (more: Partial<GroupRequest>) => guestScript(owner(), group(more), "eu-west-2")

const IMAGE = { image: "box:1", dockerArgs: [] }

describe.skipIf(absent !== undefined)(titled("Docker", absent), { timeout: 400_000 }, () => {
  test("setup and startup run inside a container that is held open", async () => {
    // The image has neither of /etc/os-release and /usr.
    const startup = `cat /prepared; ls / | grep -c -x -e usr -e etc/os-release
printf '<%s>' "$HOSTILE" "$MUSTER_NAME"; exit 7`
    const left = await docker(program({ container: IMAGE, setup: "echo prepared > /prepared", startup }))
    const marks = marksOf(left("muster/status"))
    expect(marks.filter((mark) => /^(?:container|setup|startup|done) /.test(mark))).toEqual([
      "container begun",
      expect.stringMatching(/^container digest sha256:[0-9a-f]{64}$/),
      "container ended 0",
      "setup begun",
      "setup ended 0",
      "startup begun",
      "startup ended 7",
      "done startup 7",
    ])
    expect(left("muster/boot.log")).toContain(`prepared\n0\n<${HOSTILE}><cpu-9abcdef0>`)
    expect(left("containers")).toMatch(/^\S+ box:1 Up /)
  })

  test("a command alone is the work, and its exit code the guest's", async () => {
    const command = ["sh", "-c", "echo I am $MUSTER_NAME; exit 5"]
    const left = await docker(program({ container: { ...IMAGE, command } }))
    expect(verdictOn(left("console"), owner().uid)).toEqual({
      step: "container",
      exitCode: 5,
      tail: "I am cpu-9abcdef0",
    })
    expect(left("containers")).toMatch(/^\S+ box:1 Exited \(5\)/)
  })

  test("a startup beside a command that goes on counts", async () => {
    const container = { ...IMAGE, command: ["sleep", "1000"] }
    const left = await docker(program({ container, startup: "echo beside" }))
    expect(verdictOn(left("console"), owner().uid)).toEqual({ step: "startup", exitCode: 0, tail: "beside" })
    expect(left("containers")).toMatch(/^\S+ box:1 Up /)
  })

  test("an image that cannot be had ends the work with Docker's own words", async () => {
    const left = await docker(program({ container: { ...IMAGE, image: "nowhere.invalid/none:1" }, startup: "true" }))
    const { step, exitCode = 0, tail } = verdictOn(left("console"), owner().uid) ?? {}
    expect({ step, failed: exitCode > 0 }).toEqual({ step: "container", failed: true })
    expect(tail).toContain("nowhere.invalid")
    expect(tail).toContain("the image nowhere.invalid/none:1 could not be pulled in 3 tries")
  })
})
