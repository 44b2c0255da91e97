/** SSH route: the way to an instance of any cloud, by its addresses. Pure. */
import type { Instance, Route } from "../provider.js"

/** The port of an image's sshd. */
const SSH_PORT = 22

/** The public address is before the private one; undefined while it has none. */
export function sshRoute({ publicIp, privateIp }: Instance): Route | undefined {
  const addresses = [publicIp, privateIp].filter((address) => address !== undefined)
  return addresses.length === 0 ? undefined : { kind: "ssh", addresses, port: SSH_PORT }
}
