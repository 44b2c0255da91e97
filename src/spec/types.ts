/**
 * The request as a user writes it. A compiler finds what the constructor would refuse: a cloud without its region, a type beside
 * sizes. The interfaces hold every field there is; the types that users write are made of them.
 */
import type { Budget } from "../money/budget.js"
import type { Provider } from "../provider.js"
import type { EngineChoice } from "./engine/engine-data.js"
import type { ProviderData } from "./provider-data.js"
import type { ProviderName } from "./provider-schema.js"
import type { Duration, WorkerFields } from "./worker/worker-fields.js"

export type * from "./worker/worker-fields.js"

/** One cloud: its name, its name with options as plain data, or what its factory returns. */
export type ProviderChoice = ProviderName | ProviderData | Provider

/** On which way workers are reached: see `AccessFields.via`. */
export type Via =
  | "auto"
  | "public"
  | "private"
  | "head"
  /** Through a server of yours: "user@host:port". */
  | { readonly jump: string }
  /** Through the standard input and output of a command, in which %h, %p and %r stand for host, port and user. */
  | { readonly proxyCommand: string }

/** "here" is the address that this machine is seen by. */
export type AddressRange = "here" | (string & {})

/** Who may reach the workers over ssh, and how. */
export interface AccessFields {
  /** From where: "here", or address ranges. */
  readonly from: AddressRange | readonly AddressRange[]
  /**
   * `auto` (the default): at the public address where a worker has one, else at the private one. `head`: through the oldest running
   * worker that has a public address.
   */
  readonly via?: Via
  /** Whom the keys let in: "muster" by default, who may use `sudo` without a password. */
  readonly user?: string
  /** A private key in place of the cluster's own, which is beside the cluster's journal. */
  readonly keyFile?: string
  /** Who else is let in: lines as `authorized_keys` has them. */
  readonly authorizedKeys?: readonly string[]
}

/** All that may be said of a cluster. */
export interface ClusterFields extends WorkerFields {
  /** Re-attach by this name from anywhere; random when left out. */
  readonly name?: string
  /** A name, a name with its options (`{ aws: { region: "eu-west-2" } }`), an object made by a factory, or a list of these. */
  readonly provider: ProviderChoice | readonly ProviderChoice[]
  readonly region?: string | readonly string[]
  /** Whose cluster it is, as a tag: "default" by default. */
  readonly owner?: string
  /** What to do when a cluster of this name lives already; `refuse` by default. */
  readonly existing?: "refuse" | "connect"
  /** The cluster's own deadline, counted from its creation: "12h" by default. */
  readonly maxLifetime?: Duration
  readonly maxLifetimeMs?: number
  /**
   * Each instance ends itself so long after this process last renewed it ("30s" at least); none by default. Only where
   * instances can read their own tags without credentials (AWS, local).
   */
  readonly lease?: Duration
  readonly leaseMs?: number
  /**
   * The first SIGINT, SIGTERM or SIGHUP, or an uncaught exception, closes the cluster within a minute before the process ends.
   * After a second signal, and after `process.exit()`, a separate process closes it. Off by default, but on in `withCluster`.
   */
  readonly closeOnExit?: boolean
  /** What the cluster may cost, in USD, estimated from the prices of its instances; no limit by default. */
  readonly budget?: Budget
  /** The most instances at any moment, of all groups together, those on their way and on their way out counted. */
  readonly maxWorkers?: number
  /**
   * Who may reach the workers over ssh: "here" (this machine's own address), an address range, or that and how. Left out, or `false`:
   * nothing is opened. This machine needs none.
   */
  readonly access?: AddressRange | false | AccessFields
  /**
   * `true`: every port of a worker is open to the other workers of this cluster, and to nobody else by it. Left out: what the cloud's
   * network lets through. On this machine it changes nothing.
   */
  readonly peers?: boolean
  /**
   * What makes one computer of all workers (Dask): an object made by its factory, or its name with options. It has a head, one on-demand worker more, and implies
   * `peers: true` and, on a cloud, `access: "here"`. [What it does](docs/engines.md).
   */
  readonly engine?: EngineChoice
  /**
   * What follows when the engine's head is lost: its machine is gone, what it runs has ended, or it has not answered for half a minute.
   * `close` (the default): all is ended. `restart`: another head takes its place, and the workers join it.
   */
  readonly whenHeadLost?: "close" | "restart"
  /** All is ended when nobody has had anything to do for so long, timed by the engine's head: "1m" at least. Left out: never. */
  readonly idleTimeout?: Duration
  /**
   * A directory of this machine: what the workers write is followed into `DIRECTORY/WORKER.log` while this process holds the cluster. Over
   * ssh where `access` is given, else from consoles.
   */
  readonly keepLogs?: string
  /** Groups of workers, each with what differs from the fields above. One group named `default` when left out. */
  readonly groups?: Readonly<Record<string, WorkerFields>>
}

/** The fields that describe a machine, in place of its type's name. */
type Size = "vcpus" | "memoryGiB" | "gpu" | "localDisk"

/** By the names of types, or by what a type must have. */
export type Machine =
  | (Pick<WorkerFields, "instanceType"> & { readonly [K in Size]?: never })
  | (Pick<WorkerFields, Size> & { readonly instanceType?: never })

/** What the workers of a group are. Fields given at the top of a spec are the defaults of every group. */
export type WorkerSpec = Omit<WorkerFields, "instanceType" | Size> & Machine

/** A provider that knows its region: an object made by a factory, options that say it, and this machine. */
type Settled = "local" | ProviderData | Provider

/** Where: clouds that are named need a region beside them. */
export type Place =
  | { readonly provider: Settled | readonly Settled[]; readonly region?: string | readonly string[] }
  | {
      readonly provider: ProviderChoice | readonly ProviderChoice[]
      readonly region: string | readonly string[]
    }

/** What a spec says that depends on nothing else in it. */
export type Common = Omit<ClusterFields, "provider" | "region" | "groups" | "instanceType" | Size>

export interface Groups<Names extends string = string> {
  /** Groups of workers, each with what differs from the fields above. One group named `default` when left out. */
  readonly groups?: Readonly<Record<Names, WorkerSpec>>
}

/**
 * What `new Cluster` is made from.
 *
 * @typeParam Names of its groups: inferred from `groups`, so that `scale` and `group` know them.
 */
export type ClusterSpec<Names extends string = string> = Common & Place & Machine & Groups<Names>

/** What `rehearse` plays: no cloud is asked, so that none needs a region. */
export type RehearsedSpec = Common & Machine & Groups & Pick<ClusterFields, "provider" | "region">
