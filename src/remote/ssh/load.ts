/** Load: `ssh2`, which users install beside this library, at its first use. */
import type * as Ssh2 from "ssh2"
import { loadClient } from "../../client/package.js"

export type Ssh = typeof Ssh2

/** @throws SpecError that says what to install. */
export function loadSsh(): Ssh {
  const wanted = { provider: "access", name: "ssh2", called: "the SSH client", onNode20: "1.17.0" }
  return loadClient(wanted, (require) => require("ssh2") as Ssh)
}
