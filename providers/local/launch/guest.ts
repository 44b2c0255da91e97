/** Guest: the program of every cloud, and the files that it finds here. */
import { join } from "node:path"
import { NOTICE_FILE } from "../../../src/guest/notice.js"
import { type GuestCloud, programOf } from "../../../src/guest/program.js"
import { exportLines } from "../../../src/guest/steps/environment.js"
import { SENT_HERE, sentLines } from "../../../src/guest/steps/sent.js"
import { scriptsOf } from "../../../src/guest/steps/work.js"
import { PROVIDER, REGION } from "../client/record.js"
import type { LaunchBody } from "../prepare/body.js"

/** What tells an instance of itself is in its file of variables. The supervisor ends it, at its deadline and with its lease too. */
const CLOUD: GuestCloud = { provider: PROVIDER, region: REGION, identity: [], isShared: true }

/** Names and texts of the files in the guest's directory before it runs. @param home where that directory will be. */
export function guestFiles(
  { owner, group }: LaunchBody,
  variables: Readonly<Record<string, string>>,
  home: string,
): readonly (readonly [string, string])[] {
  const { onNotice, awaits } = group
  const lines = [...exportLines(variables), ...sentLines(awaits, join(home, SENT_HERE))]
  return [
    ["guest", programOf(CLOUD, owner, group)],
    ["environment", `${lines.join("\n")}\n`],
    ...scriptsOf(group),
    ...(onNotice === undefined ? [] : [[NOTICE_FILE, onNotice] as const]),
  ]
}
