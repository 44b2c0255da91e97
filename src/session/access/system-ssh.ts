/**
 * System ssh: a configuration for the machine's own `ssh`, in which every server on the way to one worker has the keys that are pinned for
 * it, and nothing of the user's own configuration counts (`ssh -F`, which leaves out /etc/ssh/ssh_config too: ssh(1)). The directives
 * are those of ssh_config(5).
 */
import { createHash } from "node:crypto"
import { createWhole } from "../../fleet/journal/draft.js"
import { plainWord } from "../../guest/text.js"
import { SpecError } from "../../errors.js"
import type { Server } from "../../remote/ssh/connect.js"
import { KEX } from "../../remote/ssh/connect.js"
import type { SshPlace } from "../../remote/ssh/remote.js"
import { strings } from "../../remote/ssh/wire-format.js"
import { commandText } from "../../remote/ssh/via.js"

/** One server on the way, by what its connection is called. */
export interface Hop {
  readonly id: string
  readonly server: Server
  readonly proxyCommand?: string
}

/** The worker, then what it is reached through. */
export function hopsOf({ id, server, way }: SshPlace): readonly Hop[] {
  if (way.kind === "command") return [{ id, server, proxyCommand: way.command }]
  return [{ id, server }, ...(way.kind === "jump" ? hopsOf(way.place) : [])]
}

/** A server with the blobs of its keys, in base64. */
export type PinnedHop = Hop & { readonly keys: readonly string[] }

/**
 * Writes the configuration and the known hosts of one worker, for this user alone. Their names begin as the cluster's key does, with which
 * they go.
 *
 * @param prefix of the files: what stands before ".key". @returns the words that open a shell.
 */
export async function writeConfiguration(prefix: string, hops: readonly PinnedHop[]): Promise<readonly string[]> {
  const [worker] = hops
  const own = `${prefix}.${digestOf(worker?.id ?? "")}`
  const [configuration, known] = [`${own}.ssh`, `${own}.known`]
  await createWhole(known, knownHosts(hops))
  await createWhole(configuration, configurationText(hops, { configuration, known }))
  return ["ssh", "-F", configuration, nameOf(worker, 0)]
}

/** A line for each key: `HostKeyAlias` stands in place of a name or an address ("SSH_KNOWN_HOSTS FILE FORMAT", sshd(8)). */
function knownHosts(hops: readonly PinnedHop[]): string {
  return hops.flatMap(({ id, keys }) => keys.map((blob) => `${aliasOf(id)} ${typeOf(blob)} ${blob}\n`)).join("")
}

function configurationText(
  hops: readonly PinnedHop[],
  { configuration, known }: { readonly configuration: string; readonly known: string },
): string {
  const [worker] = hops
  const lines = [
    ...hops.flatMap((hop, at) => hostLines(hop, at, at + 1 < hops.length ? configuration : undefined)),
    "Host *",
    ...identityLines(worker?.server),
    `UserKnownHostsFile ${quoted(known)}`,
    ...["GlobalKnownHostsFile /dev/null", "StrictHostKeyChecking yes", "UpdateHostKeys no", "CheckHostIP no"],
    ...["BatchMode yes", "ForwardAgent no", "LogLevel ERROR", `KexAlgorithms ${KEX.join(",")}`],
    ...["ConnectTimeout 30", "ServerAliveInterval 15", "ServerAliveCountMax 3"],
  ]
  return `${lines.join("\n")}\n`
}

/**
 * A jump host has a section of its own. `ProxyJump` would do as well, but for the path of the configuration, which it hands to a shell
 * without quotes (ssh.c of OpenSSH 9.2).
 *
 * @param through the configuration by which the next hop is reached; undefined for the last one.
 */
function hostLines(hop: Hop, at: number, through: string | undefined): readonly string[] {
  const { id, server, proxyCommand } = hop
  const { host, port, user } = server
  const command = proxyCommand === undefined ? undefined : commandText(proxyCommand, server)
  if (command?.includes("\n") === true)
    throw unwritable("cluster.access.via.proxyCommand", command, "has several lines")
  return [
    `Host ${nameOf(hop, at)}`,
    ...[`HostName ${host.replaceAll("%", "%%")}`, `Port ${port}`, `User ${user}`, `HostKeyAlias ${aliasOf(id)}`],
    ...(through === undefined ? [] : [`ProxyCommand ${jumpCommand(through, nameOf(undefined, at + 1))}`]),
    ...(command === undefined ? [] : [`ProxyCommand ${command.replaceAll("%", "%%")}`]),
    "",
  ]
}

/** For the user's own shell; `%h` and `%p` are of the server behind the jump host. */
function jumpCommand(configuration: string, jump: string): string {
  return `ssh -F ${plainWord(configuration).replaceAll("%", "%%")} -W '[%h]:%p' ${jump}`
}

/** The worker's own name is what ssh says in its messages. */
function nameOf(hop: Hop | undefined, at: number): string {
  const name = hop?.server.name ?? ""
  if (at > 0) return `jump-${at}`
  return /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(name) ? name : "worker"
}

function identityLines(server: Server | undefined): readonly string[] {
  const { keyPath, agent } = server ?? {}
  const file = keyPath === undefined ? [] : [`IdentityFile ${quoted(keyPath)}`]
  if (agent !== undefined) return [...file, `IdentityAgent ${quoted(agent)}`]
  return [...file, "IdentitiesOnly yes", "IdentityAgent none"]
}

/** ssh itself reads "%h", "${HOME}" and quotes in a path. */
function quoted(path: string): string {
  if (/["\n\\]|\$\{/.test(path)) throw unwritable("journal", path, "cannot be written in a configuration of ssh")
  return `"${path.replaceAll("%", "%%")}"`
}

function unwritable(option: string, value: string, message: string): SpecError {
  return new SpecError([{ option, value, message: `is ${JSON.stringify(value)}, which ${message}; use another` }])
}

/** The id where it may stand in a file of known hosts, which knows patterns and lists. */
function aliasOf(id: string): string {
  return /^[a-z0-9][a-z0-9.-]*$/.test(id) ? id : digestOf(id)
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16)
}

function typeOf(blob: string): string {
  return strings(Buffer.from(blob, "base64"))?.[0]?.toString() ?? ""
}
