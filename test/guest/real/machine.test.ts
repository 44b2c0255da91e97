/** Whole machines: kernel, systemd, cloud-init and the guest's program, until they power themselves off. */
import { describe, expect, test } from "vitest"
import { userDataOf } from "../../../providers/aws/prepare/user-data.js"
import { systemClock } from "../../../src/calls/clock.js"
import { verdictOn } from "../../../src/guest/marks.js"
import type { GroupRequest } from "../../../src/provider.js"
import { machine } from "./apart.js"
import { group, HOSTILE, marksOf, owner } from "./request.js"
import { missing, titled } from "./there.js"

const absent = missing("qemu-system-x86_64", "debugfs", "ip")

/** A boot takes 40 seconds of a processor. On a busy machine it takes many more seconds of a clock. */
const MOST_S = 900

const userData = (more: Partial<GroupRequest>, deadline?: number) =>
  userDataOf(owner(deadline), group(more), "eu-west-2").bytes

const ON_FAILURE = { success: "keep", failure: "replace" } as const

/** Restarts the machine, and in its second boot, which does not finish, sets the clock to a little before the deadline. */
const LATER = `cat > /etc/systemd/system/later.service <<UNIT
[Unit]
After=muster-again.service cloud-final.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'cp /var/lib/muster/status /root/status; date -s @$((MUSTER_DEADLINE - 3)); sleep 1000'
[Install]
WantedBy=graphical.target
UNIT
systemctl -q enable later.service
(until grep -q ' done ' /var/lib/muster/status; do sleep 1; done; systemctl reboot) > /dev/null 2>&1 &`

describe.skipIf(absent !== undefined)(titled("an emulated machine", absent), { timeout: MOST_S * 1100 }, () => {
  test.concurrent("powers itself off when its startup has failed, and its console tells why", async () => {
    const startup = `printf '%s' "$HOSTILE" > /root/hostile
ulimit -n > /root/files
systemctl is-active apt-daily.timer > /root/apt
cloud-init status --wait > /root/cloud-init
echo no such data >&2
exit 3`
    const left = await machine({ userData: userData({ startup, whenDone: ON_FAILURE }) }, MOST_S)
    expect(left("code")).toBe("0\n")
    expect(verdictOn(left("console"), owner().uid)).toEqual({ step: "startup", exitCode: 3, tail: "no such data" })
    expect(marksOf(left("muster/status")).at(-1)).toBe("done startup 3")
    expect(left("root/hostile")).toBe(HOSTILE)
    expect(left("root/files")).toBe("65536\n")
    expect(left("root/apt")).toBe("inactive\n")
    expect(left("root/cloud-init")).toContain("status: done")
  })

  test.concurrent("goes on when its startup has succeeded, over a reboot, until its deadline", async () => {
    const startup = `echo ran >> /root/runs\n${LATER}\necho all is done`
    const onNotice = 'echo "$MUSTER_REASON" >> /root/notices'
    const tomorrow = Math.ceil(systemClock.now() / 1000) + 86_400
    const left = await machine({ userData: userData({ startup, onNotice }, tomorrow) }, MOST_S)
    expect(left("code")).toBe("0\n")
    expect(verdictOn(left("console"), owner().uid)).toEqual({ step: "startup", exitCode: 0, tail: "all is done" })
    expect(left("boots")).toBe("2\n")
    expect(left("root/runs")).toBe("ran\n")
    expect(left("root/notices")).toBe("deadline\n")
    expect(marksOf(left("root/status")).slice(-2)).toEqual(["done startup 0", "reboot ended 0"])
  })

  test.concurrent("that was restarted in the middle of its startup has failed, and powers itself off", async () => {
    const startup = "echo ran >> /root/runs\nsystemctl reboot\nsleep 1000"
    const left = await machine({ userData: userData({ startup, whenDone: ON_FAILURE }) }, MOST_S)
    expect(left("code")).toBe("0\n")
    const { step, exitCode, tail } = verdictOn(left("console"), owner().uid) ?? {}
    expect({ step, exitCode }).toEqual({ step: "startup", exitCode: 143 })
    expect(tail).toContain("the machine was restarted in the middle of startup")
    expect(left("root/runs")).toBe("ran\n")
  })
})
