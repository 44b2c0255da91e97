/** Ssh ways: how a cluster's workers are reached over ssh: by which key, at which address, and with which host keys. */
import { onAbort } from "../calls/aborts.js"
import { wallAheadMs } from "../calls/clock.js"
import { AuthError, HostKeyError, RejectedError, SpecError, TransientError } from "../errors.js"
import type { WorkerRecord } from "../fleet/roster/worker-record.js"
import { workerName } from "../fleet/reports/worker.js"
import { nonceOf } from "../fleet/state/cluster-keys.js"
import { type Fleet, fleetCalls } from "../fleet/state/context.js"
import { markPrefix } from "../guest/marks.js"
import type { Route } from "../provider.js"
import type { Command, Remote } from "../remote/remote.js"
import type { Connection, Server } from "../remote/ssh/connect.js"
import { Connections } from "../remote/ssh/connections.js"
import { proveHostKey } from "../remote/ssh/first-sight.js"
import { hostKeysOn } from "../remote/ssh/host-keys.js"
import { readKeyFile } from "../remote/ssh/key-file.js"
import { fingerprint } from "../remote/ssh/keys.js"
import { meet, type SshPlace, sshRemote, type Way } from "../remote/ssh/remote.js"
import { argumentOf } from "../remote/shell.js"
import type { ResolvedAccess } from "../spec/access.js"
import { accessAt } from "./access/openings.js"
import { hopsOf, writeConfiguration } from "./access/system-ssh.js"
import { HostPins } from "./host-pins.js"

export type SshRoute = Extract<Route, { kind: "ssh" }>

/** What a server is shown. */
interface Login extends Pick<Server, "privateKey" | "keyPath" | "agent"> {
  /** By which guests prove their host keys: the cluster's own, and that of a key file; none where this machine knows none. */
  readonly nonces: readonly string[]
}

const known = new WeakMap<Fleet, SshWays>()

/** Those of a cluster; they end with its session. */
export function sshWaysOf(fleet: Fleet): SshWays {
  const ways = known.get(fleet) ?? new SshWays(fleet)
  known.set(fleet, ways)
  return ways
}

export class SshWays {
  readonly #fleet: Fleet
  readonly #connections: Connections
  readonly #pins: HostPins
  #login: Promise<Login> | undefined

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#connections = new Connections({ workers: () => fleet.roster.living().length })
    this.#pins = new HostPins(fleet.keys.path?.replace(/\.key$/, ".hosts"))
    if (fleet.signal.aborted) this.#connections.close()
    else onAbort(fleet.signal, () => this.#connections.close())
  }

  /**
   * @param isPatient waits where the worker may still be booting.
   * @throws SpecError where access is not given, or its key cannot be used.
   * @throws AuthError where this machine has no key.
   * @throws TransientError where the worker has no address yet.
   */
  async remoteOf(
    worker: WorkerRecord,
    route: SshRoute,
    { isPatient = false }: { readonly isPatient?: boolean } = {},
  ): Promise<Remote> {
    const place = await this.#placeOf(worker, route)
    return sshRemote(isPatient ? this.#patient(worker, place) : place, this.#connections, this.#fleet.clock)
  }

  /**
   * The words of the system's `ssh`, with a configuration of ours in which every server on the way has its pinned keys.
   *
   * @param command left out: a shell. @throws what `remoteOf` throws, and what a first connection does where a key is not known yet.
   */
  async systemWords(worker: WorkerRecord, route: SshRoute, command?: Command): Promise<readonly string[]> {
    const place = await this.#placeOf(worker, route)
    const { path } = this.#fleet.keys
    if (path === undefined)
      throw new RejectedError(
        `${nameOf(worker)}: a shell needs a journal directory, beside which its configuration is kept`,
      )
    const hops = hopsOf(place)
    const unknown = await Promise.all(hops.map(async ({ id }) => (await this.#pins.of(id)) === undefined))
    if (unknown.includes(true)) await meet(this.#patient(worker, place), this.#connections, this.#fleet.clock)
    const pinned = await Promise.all(hops.map(async (hop) => ({ ...hop, keys: (await this.#pins.of(hop.id)) ?? [] })))
    const writing = writeConfiguration(path.replace(/\.key$/, ""), pinned)
    const words = await this.#fleet.clock.busy("writing a configuration for ssh", writing)
    return command === undefined ? words : [...words, argumentOf(command)]
  }

  /** One that still boots is waited for. */
  #patient({ instance }: WorkerRecord, place: SshPlace): SshPlace {
    return { ...place, youngUntil: instance.launchedAt + LONGEST_BOOT_MS - wallAheadMs(this.#fleet.clock) }
  }

  async #placeOf(worker: WorkerRecord, route: SshRoute, as?: "head"): Promise<SshPlace> {
    const access = await accessAt(this.#fleet, worker.provider)
    const { id } = worker.instance
    const head = access.via === "head" && as === undefined ? headOf(this.#fleet) : undefined
    const isOutside = as === "head" || head?.instance.id === id
    const host = addressOf(worker, route, isOutside ? { ...access, via: "public" } : access)
    const { nonces, ...login } = await this.#loginOf(access)
    const hostKeys = (await this.#pins.of(id)) ?? (await this.#keysTold(worker))
    const server: Server = {
      ...{ name: nameOf(worker), host, port: route.port, user: access.user, ...login },
      ...(hostKeys === undefined ? {} : { hostKeys }),
    }
    const way = isOutside ? DIRECT : await this.#wayOf(access, login, head)
    const prove = (connection: Connection) => this.#prove(id, server, connection, nonces)
    return { id, server, way, ...(hostKeys === undefined ? { connected: prove } : {}) }
  }

  async #wayOf({ via, user }: ResolvedAccess, login: Partial<Server>, head: WorkerRecord | undefined): Promise<Way> {
    if (head !== undefined) {
      const route = head.provider.route?.(head.instance)
      if (route?.kind !== "ssh") throw new TransientError(`${nameOf(head)}: it has no address yet`)
      return { kind: "jump", place: await this.#placeOf(head, route, "head") }
    }
    if (typeof via === "string") return DIRECT
    if ("proxyCommand" in via) return { kind: "command", command: via.proxyCommand }
    // It is the user's own: their agent may have what it takes, where the cluster's key is not enough.
    const agent = process.env.SSH_AUTH_SOCK
    const own = agent === undefined ? {} : { agent }
    const server = { name: via.jump, ...own, ...login, ...jumpServer(via.jump, user) }
    const id = `jump:${via.jump}`
    const hostKeys = await this.#pins.of(id)
    // Nobody can prove it; what goes through it is sealed for the worker, whose own key is checked.
    const connected = ({ hostKey }: Connection) => this.#pins.pin(id, [hostKey])
    return {
      kind: "jump",
      place: { id, way: DIRECT, server: { ...server, ...(hostKeys === undefined ? {} : { hostKeys }) }, connected },
    }
  }

  #loginOf(access: ResolvedAccess): Promise<Login> {
    this.#login ??= findLogin(this.#fleet, access).catch((error: unknown) => {
      this.#login = undefined
      throw error
    })
    return this.#login
  }

  /** Asked once for each worker: then its keys are known, or are proven at first sight. */
  async #keysTold(worker: WorkerRecord): Promise<readonly string[] | undefined> {
    const { provider, instance } = worker
    const told = (await provider.hostKeys?.(instance, fleetCalls(this.#fleet, provider)).catch(() => [])) ?? []
    const keys = told.length > 0 ? told : await this.#keysOnConsole(worker)
    if (keys.length === 0) return undefined
    await this.#pins.pin(instance.id, keys)
    return keys
  }

  async #keysOnConsole({ provider, instance }: WorkerRecord): Promise<readonly string[]> {
    const text = (await provider.consoleLog?.(instance, fleetCalls(this.#fleet, provider)).catch(() => "")) ?? ""
    return hostKeysOn(text, markPrefix(this.#fleet.owner.uid)).map(({ blob }) => blob)
  }

  async #prove(id: string, server: Server, connection: Connection, nonces: readonly string[]): Promise<void> {
    const pinned = await this.#pins.of(id)
    if (pinned?.includes(connection.hostKey) === true) return
    const shown = fingerprint(connection.hostKey)
    if (nonces.length === 0) {
      const message = `${server.name}: its host key is not known, its console does not tell it, and it cannot be proven without the cluster's key: give access.keyFile the file ${this.#fleet.keys.path ?? "of the cluster's key"} of the machine that made the cluster; nothing secret was sent`
      throw new HostKeyError(message, { known: [], shown })
    }
    await proveHostKey(server, connection, { nonces, clock: this.#fleet.clock })
    await this.#pins.pin(id, [connection.hostKey])
  }
}

/**
 * From its launch to the planted key, in milliseconds: sshd answers after 17 to 26 s (EC2), and user data is run after that, when an
 * image's own first boot is over.
 */
const LONGEST_BOOT_MS = 180_000

const DIRECT: Way = { kind: "direct" }

function nameOf({ instance, group }: WorkerRecord): string {
  return workerName(instance, group)
}

function addressOf(worker: WorkerRecord, { addresses }: SshRoute, { via }: ResolvedAccess): string {
  const { publicIp, privateIp } = worker.instance
  const inside = privateIp ?? addresses.at(-1)
  const address = via === "public" ? publicIp : via === "auto" ? addresses[0] : inside
  if (address !== undefined) return address
  if (via === "public") {
    throw new TransientError(
      `${nameOf(worker)}: it has no public address; give publicAddress: true, or another way: access: { from, via: "private" }`,
    )
  }
  throw new TransientError(`${nameOf(worker)}: it has no address yet`)
}

/** The oldest running worker that has a public address. */
function headOf({ roster }: Fleet): WorkerRecord {
  const outside = roster
    .living()
    .filter(({ state, instance }) => state === "running" && instance.publicIp !== undefined)
  const [head] = outside.sort(
    (a, b) => a.instance.launchedAt - b.instance.launchedAt || (a.instance.id < b.instance.id ? -1 : 1),
  )
  if (head !== undefined) return head
  throw new TransientError(
    `no running worker has a public address to go through (access.via: "head"); give publicAddress: true to a group`,
  )
}

/** @param text "user@host:port", of which the host alone must be there; a host in brackets is IPv6. */
function jumpServer(text: string, ownUser: string): Pick<Server, "host" | "port" | "user"> {
  const [, user = ownUser, bracketed, plain = "", port = "22"] =
    /^(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
  return { host: bracketed ?? plain, port: Number(port), user }
}

async function findLogin({ keys, owner }: Fleet, { keyFile }: ResolvedAccess): Promise<Login> {
  const agent = process.env.SSH_AUTH_SOCK
  const own = await keys.found()
  if (keyFile !== undefined) {
    const { path: keyPath, text, isLocked } = await readKeyFile(keyFile)
    const nonces = [...(own === undefined ? [] : [own.nonce]), nonceOf(text)]
    if (!isLocked) return { privateKey: text, keyPath, nonces }
    if (agent !== undefined) return { agent, nonces }
    const message = "asks for a passphrase; add it to an ssh agent (ssh-add), or name one without"
    throw new SpecError([{ option: "cluster.access.keyFile", value: keyFile, message }])
  }
  if (own !== undefined) {
    return {
      privateKey: own.privateFile,
      nonces: [own.nonce],
      ...(keys.path === undefined ? {} : { keyPath: keys.path }),
    }
  }
  if (agent !== undefined) return { agent, nonces: [] }
  throw new AuthError(
    `reaching workers of "${owner.cluster}": this machine has no key of the cluster${keys.path === undefined ? "" : ` (${keys.path})`}; copy it from the machine that made the cluster and name it in access.keyFile, or run an ssh agent that has a key of access.authorizedKeys`,
  )
}
