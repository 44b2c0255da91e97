/**
 * The seam between the core and a cloud: types only.
 *
 * What the core believes of any cloud, and what an adapter may rely on the core to respect:
 *
 * - Reads are eventually consistent: an instance that a create call has returned may be missing from lists for
 *   `limits.consistencyMs`, and one empty answer proves nothing.
 * - A reply can be lost. A create call whose outcome is unknown is sent again with the same token or names and the same
 *   body, and then returns what the first one made, never more.
 * - Ids are unique and never used again.
 * - A create call may give fewer than asked; that is a result with reasons, not an exception.
 * - Ownership is written as tags inside the create call, so every instance that exists is found by its tags.
 * - A list is complete or it throws.
 * - Terminating what is unknown or finished is success.
 * - A launch that is reported as settled does not change any more.
 */

/** Plain JSON: what may be stored in a journal and sent again after a restart. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

export type Market = "on-demand" | "spot"
export type Arch = "x86_64" | "arm64"

/**
 * `pending`: made, not yet running. `running`: the cloud says it runs. `stopped`: halted but still there, and still paid
 * for in part. `terminating`: on its way out. `terminated`: gone for good.
 */
export type InstanceState = "pending" | "running" | "stopped" | "terminating" | "terminated"

export interface Gpu {
  readonly name: string
  readonly count: number
  /** Memory of one GPU in GiB, where known. */
  readonly memoryGiB?: number
}

export interface Range {
  readonly min?: number
  readonly max?: number
}

/** One thing a cloud sells: a type in a zone on a market. `family` is the cloud's quota family. */
export interface Offer {
  readonly provider: string
  readonly region: string
  readonly zone: string
  readonly instanceType: string
  readonly market: Market
  readonly family: string
  /** Absent only where the cloud may not be asked what a named type is. */
  readonly vcpus?: number
  readonly memoryGiB?: number
  readonly gpu?: Gpu
  /** Local (not network) disk in GiB; absent: none. */
  readonly localDiskGiB?: number
  readonly arch: Arch
  /** USD; absent when no price is known. */
  readonly pricePerHour?: number
  /** Where the price is from, in the cloud's words ("Price List API", "spot price history", "your table"). */
  readonly priceSource?: string
}

/** What may be asked of offers; a field left out does not filter. */
export interface OfferQuery {
  readonly instanceTypes?: readonly string[]
  readonly vcpus?: Range
  readonly memoryGiB?: Range
  readonly gpu?: { readonly name?: string; readonly count?: number }
  readonly localDiskGiB?: Range
  readonly arch?: Arch
  readonly markets: readonly Market[]
  readonly zones?: readonly string[]
  /** Only what can boot this image, or the provider's own where none is named; left out: whatever it boots. */
  readonly boots?: { readonly image?: string }
}

/** A partial offer. Fields that are given must match; `{}` matches everything the provider sells. */
export type Scope = {
  readonly [K in "provider" | "region" | "zone" | "instanceType" | "market" | "family"]?: Offer[K]
}

/** Who asks: what goes into the tags of everything that is made. `deadline` is in seconds since 1970, as a string. */
export interface Owner {
  readonly cluster: string
  readonly uid: string
  readonly owner: string
  readonly generation: number
  readonly deadline: string
  /** A nonce of the one object that claims this generation; tells two claimants of the same generation apart. */
  readonly claim: string
  /** Which process that is, on which machine, and since when: the value of a tag. */
  readonly holder?: string
}

/** What the workers of one group need besides an offer. */
export interface GroupRequest {
  readonly name: string
  /** Shell script run once when the instance has started. */
  readonly startup?: string
  /** Shell script run once before `startup`. */
  readonly setup?: string
  /** What the guest does with itself when `startup` has ended; left out: nothing. */
  readonly whenDone?: WhenDone
  readonly container?: Container
  /** Where the instance's own disks are mounted; an absolute path. */
  readonly scratch?: string
  /** Shell script run before an end that has time. */
  readonly onNotice?: string
  /** What the guest looks at until all of it is so: then it is ready. Left out: nobody asks. */
  readonly ready?: ReadyRequest
  /** What the guest looks at from then on. */
  readonly health?: HealthRequest
  readonly environment: Readonly<Record<string, string>>
  readonly image?: string
  readonly publicAddress: "auto" | boolean
  /** The user's own tags, beside Muster's; and the one that tells of a container. */
  readonly tags: Readonly<Record<string, string>>
  /** The architectures and GPUs of the offers that may be used, so that an image can be found for each. */
  readonly archs: readonly Arch[]
  readonly gpu?: { readonly name?: string; readonly count?: number }
  /** The markets and types of the offers that may be used, so that what only some of them need is made before the first. */
  readonly markets?: readonly Market[]
  readonly instanceTypes?: readonly string[]
  /** What the user asked of the group, for a process that attaches by name later. Where the cloud has room, `recall` returns it. */
  readonly spec?: GroupSpecText
  /** What the guest waits for before its work; left out: for nothing. */
  readonly awaits?: Awaits
  /** The guest ends itself so long after the last renewal, in seconds; left out: there is no lease. */
  readonly leaseSeconds?: number
  /** What is to be open for ssh; left out: nobody asked, and nothing is opened. */
  readonly access?: AccessRequest
  /** Every port is open to the cluster's other workers that have it, and to nobody else by it. */
  readonly peers?: true
  /**
   * The line of the cluster's own public key, for the guest's `authorized_keys`. It is there also where `access` is not, so that access
   * can be opened later.
   */
  readonly plantedKey?: string
  /** By which the guest proves that its host keys are its own: 64 characters of lower-case hex. */
  readonly nonce?: string
  /** The numeric private address of the head of the engine whose worker it is. */
  readonly headAddress?: string
  /** More lines of `authorized_keys`. */
  readonly authorizedKeys?: readonly string[]
  /** Whom the keys let in; "muster" when left out. */
  readonly user?: string
}

/** What the owner brings to a worker, over the way by which it is reached. */
export interface Awaits {
  readonly files?: true
  /** The names of variables. Their values are nowhere but on the worker. */
  readonly secrets?: readonly string[]
}

/** Who may reach the workers' ssh. */
export interface AccessRequest {
  /** Address ranges: "192.0.2.7/32", "2001:db8::/48". */
  readonly from: readonly string[]
  readonly port: 22
  /** Workers are reached at their private addresses: a public one is of no use. */
  readonly isPrivate: boolean
}

/** Something that lets ssh in to workers of a cluster. */
export interface Opening {
  /** What it is called on the cloud: a rule's name, a group's id. */
  readonly rule: string
  readonly from: readonly string[]
}

/**
 * Who may reach the ssh of a cluster that lives already. What it makes is what `prepare` makes for a group with `access`, and goes in the
 * same way. All three may be called again, and by a process that does not own the cluster: nothing is claimed.
 */
export interface AccessControl {
  /** What lets ssh in to these instances. Reads only. */
  openings(owner: Owner, instances: readonly Instance[], calls: Calls): Promise<readonly Opening[]>
  /** Opens `access.from` to these instances, beside what is open already. */
  open(owner: Owner, access: AccessRequest, instances: readonly Instance[], calls: Calls): Promise<readonly Opening[]>
  /** Takes away what Muster has opened to these instances. What the user has set up stays. */
  close(owner: Owner, instances: readonly Instance[], calls: Calls): Promise<void>
}

/** `keep`: the instance stays. `end`, `replace`: it ends itself, and is not, or is, made again. */
export type Action = "keep" | "end" | "replace"

/** By how the startup ended: with exit code 0, or another. */
export interface WhenDone {
  readonly success: Action
  readonly failure: Action
}

/** The container that `setup` and `startup` run in. */
export interface Container {
  readonly image: string
  /** The words of the command that the container runs; left out: it is held open. */
  readonly command?: readonly string[]
  readonly login?: "instance"
  readonly dockerArgs: readonly string[]
}

/**
 * One thing that a worker can look at by itself: a port that takes connections, an address that answers, a command that ends with 0,
 * a text in what `startup` has written, a startup that has succeeded, GPUs that the driver names.
 */
export type Check =
  | { readonly tcp: number }
  | { readonly http: string }
  /** In the container, where there is one, unless `host` is true. */
  | { readonly command: string; readonly host?: boolean }
  | { readonly log: string }
  | { readonly startup: "succeeded" }
  | { readonly gpu: true }

/** All of them must pass, in one round. */
export interface ReadyRequest {
  readonly checks: readonly Check[]
  /** The guest gives up so long after its start. */
  readonly timeoutSeconds: number
}

export interface HealthRequest {
  readonly checks: readonly Check[]
  readonly everySeconds: number
  /** So many failures in a row are told. */
  readonly failures: number
}

/** A group's spec as JSON text, and the digest that goes into its instances' `muster-spec` tag. */
export interface GroupSpecText {
  readonly text: string
  /** 16 characters of lower-case hex. */
  readonly digest: string
}

/**
 * What `prepare` found or made for one group: image, network, tags, template. Plain JSON, kept in the journal by digest.
 * `notes` are sentences for the user, shown by `plan` (what could not be read, what an address costs).
 */
export interface Prepared {
  readonly notes: readonly string[]
  readonly body: JsonObject
  /**
   * From when on `refresh` is asked before the next launch, in milliseconds since 1970; left out: what was found does not change
   * by itself.
   */
  readonly freshUntil?: number
  /**
   * Of a `readOnly` one: what making the rest will draw on, by what is made, so that groups that need the same count it once. Left
   * out: there is nothing left to make.
   */
  readonly toMake?: Readonly<Record<string, Cost>>
}

/** One provider, one group, an id never used before: what to start, from which offers, best first. */
export interface Wish {
  readonly id: string
  readonly uid: string
  readonly group: string
  readonly count: number
  readonly offers: readonly Offer[]
  readonly market: Market
  readonly arch: Arch
  readonly spread: "one-zone" | "zones"
}

/** Bucket levels and launches under way, as data for `split`. */
export interface Room {
  readonly levels: Readonly<Record<string, number>>
  readonly launches: readonly { readonly api: string; readonly zone?: string; readonly count: number }[]
}

/** One exact create request. `token` is also its `muster-launch` tag, at most 32 characters of lower-case hex. */
export interface LaunchCall {
  readonly api: string
  readonly zone?: string
  readonly group: string
  readonly offers: readonly Offer[]
  readonly count: number
  readonly token: string
  readonly names?: readonly string[]
  readonly body: JsonObject
  readonly cost: Cost
}

/**
 * `rejected`: this offer was refused, and another may not be. `transient`: the cloud could not do it just now, and the same may
 * go well after `ttlMs`. `startup`: what the instance was to run has failed on it.
 */
export type FailureReason =
  | "capacity"
  | "quota"
  | "rejected"
  | "transient"
  | "boot"
  | "startup"
  | "interrupted"
  | "budget"

/** Why `count` instances were not created, or ended. */
export interface Failure {
  readonly reason: FailureReason
  readonly count: number
  readonly scope: Scope
  /** How long the offers in scope count as unavailable, in milliseconds; 0: not at all. */
  readonly ttlMs: number
  /** The cloud's own code, message and request id. */
  readonly code: string
  readonly message: string
  readonly requestId?: string
  /** What the user can do, where the cloud's answer tells more of it than reason and scope do. */
  readonly advice?: string
  /** The cloud gave fewer without saying why; the adapter shared the shortfall over the offers asked. */
  readonly inferred?: true
}

export interface Instance {
  readonly id: string
  readonly provider: string
  readonly name: string
  readonly state: InstanceState
  readonly region: string
  readonly zone: string
  readonly instanceType: string
  readonly market: Market
  readonly privateIp?: string
  readonly publicIp?: string
  /** Milliseconds since 1970. */
  readonly launchedAt: number
  readonly endedAt?: number
  readonly tags: Readonly<Record<string, string>>
  /** Why it failed to start or was taken away, where the cloud says so. */
  readonly failure?: Failure
  /** Who ended it, where the cloud says so. Left out: the cloud or the guest ended it, or it is unknown. */
  readonly endedBy?: EndedBy
}

/** `request`: a request of any program. `muster`: a request that only Muster makes, of this process or another. */
export type EndedBy = "request" | "muster"

/**
 * `settled`: no further instance or failure can come of this call. When not, `ref` is what `settle` needs to look again
 * (an operation, a fleet), plain JSON.
 */
export interface Launched {
  readonly instances: readonly Instance[]
  readonly failures: readonly Failure[]
  readonly settled: boolean
  readonly ref?: Json
  /**
   * Why nothing more should be asked of this provider for the group, whichever the offer: an AuthError, a RejectedError, or a
   * NotFoundError. `failures` count what is missing because of it.
   */
  readonly problem?: Error
}

/** All given fields must match. `ids` asks for these directly: absent instances are left out of the answer, and are no error. */
export interface Selector {
  readonly cluster?: string
  readonly uid?: string
  readonly owner?: string
  readonly states?: readonly InstanceState[]
  readonly zones?: readonly string[]
  readonly launch?: string
  readonly ids?: readonly string[]
}

export interface Termination {
  /** What the cloud accepted, with the state it reported then. */
  readonly accepted: readonly { readonly id: string; readonly state: InstanceState }[]
  readonly failures: readonly { readonly id: string; readonly code: string; readonly message: string }[]
}

export interface Interruptions {
  /** Notices in force: the instance will be taken away at `at` (milliseconds since 1970). */
  readonly notices: readonly { readonly id: string; readonly at: number }[]
  /** Why instances that vanished did. */
  readonly reasons: readonly { readonly id: string; readonly failure: Failure }[]
  /** Who ended instances that vanished, where lists do not say it. */
  readonly endings?: readonly { readonly id: string; readonly by: EndedBy }[]
}

export interface Headroom {
  readonly name: string
  readonly scope: Scope
  readonly unit: string
  readonly limit: number
  readonly used: number
}

/** Something that Muster made and that is not an instance: a disk, a NIC, an address, a template, a group, a directory. */
export interface Leftover {
  readonly kind: string
  readonly id: string
  readonly region: string
  readonly tags: Readonly<Record<string, string>>
  /** Set-up that clusters share and that outlives them. */
  readonly shared: boolean
}

/** A token bucket fills by `perSecond` up to `capacity`; `reserve` tokens are left for fail-over by first batches. */
export interface TokenBucket {
  readonly kind: "token"
  readonly capacity: number
  readonly perSecond: number
  readonly reserve?: number
  /** Units are instances that come of a request: instances that an answer reports as not created cost nothing. */
  readonly byOutcome?: boolean
}

/** `count` units in each `perMinute` minutes; `aligned` windows start on the minute, others with their first unit. */
export interface WindowBucket {
  readonly kind: "window"
  readonly count: number
  readonly perMinute: number
  readonly aligned: boolean
}

/** At most `max` units in use at once. A launch call keeps its units until it is settled. */
export interface ConcurrencyBucket {
  readonly kind: "concurrency"
  readonly max: number
}

export type Bucket = TokenBucket | WindowBucket | ConcurrencyBucket

/** What differs between clouds, as data. */
export interface Limits {
  /** Whose buckets these are: clusters of one process with the same account share them. */
  readonly account: string
  readonly buckets: Readonly<Record<string, Bucket>>
  /** A `startup` of more bytes has no chance. What fits beside the rest, compressed where images unpack it, `prepare` tells. */
  readonly userDataBytes: number
  /** Most instances that one launch call asks for; 1 when left out. */
  readonly launchBatch?: number
  /** For how long a list may miss what exists, in milliseconds. */
  readonly consistencyMs: number
  /**
   * Instances of one zone can be asked for by `ids` and that one of `zones`, many in one request, and are answered also while
   * another zone has an outage, when no list is complete.
   */
  readonly listsByZone?: boolean
  /** The states with no way back and no bill; an instance absent from a complete list counts as well. */
  readonly goneStates: readonly InstanceState[]
  /**
   * When to poll first after a launch of a type that this process has not seen boot yet, or after a termination; how often while
   * something is on its way; and how often when nothing is (30 s when left out, 5 s with spot instances), in milliseconds.
   * `eachMs`: the least time between two polls for each living instance, where polling is this machine's work; 0 when left out.
   */
  readonly look: {
    readonly firstMs: number
    readonly everyMs: number
    readonly watchMs?: number
    readonly eachMs?: number
  }
  /** For how long one attempt of a request may stay on the wire, in milliseconds. */
  readonly attemptMs: number
  /**
   * For how long a request may still arrive once its process has ended, in milliseconds; `attemptMs` when left out. 0 where the
   * process itself does the work.
   */
  readonly arrivalMs?: number
  /** A launch is refused once a later generation is claimed: claiming one stops a process that goes on launching. */
  readonly launchesNeedClaim?: true
  /** How long an instance may stay pending before it counts as failed, in milliseconds. */
  readonly bootMs: number
  /** For how long what `offers` says may be used without asking again, in milliseconds; left out: it is cheap to ask. */
  readonly offersFreshMs?: number
  /** What beside region and account decides what `offers` says: a digest of the options that change it. */
  readonly offersKey?: string
  /** The least time that an instance is billed for once it has run, in seconds; 0 when left out. */
  readonly leastBilledSeconds?: number
  /** The market of every offer where a cloud has no other; a request for another market is refused. */
  readonly markets: readonly Market[]
  /** Neither the cloud nor the guest ends an instance at its cluster's deadline: only Muster does. */
  readonly outlivesDeadline?: true
  /** What becomes of an instance that its own guest ends while no owner lives, in words for the user: `plan` says it. */
  readonly ownEnd?: string
  /**
   * Why no guest can end its own instance here, and what would let it. A `whenDone` that asks for an end is then refused, and where it
   * is only the default every worker is kept. Left out: guests can.
   */
  readonly keepsEnded?: string
  /** Instances are part of this process, and end with it. */
  readonly endsWithProcess?: true
  /** Instances are machines that are reached over ssh: their guests take the cluster's key. */
  readonly takesKeys?: true
}

export type Cost = Readonly<Record<string, number>>

/** One try of one request: pass `signal` on to it, and tell `observed` what the answer says of the buckets. */
export interface Attempt {
  readonly signal: AbortSignal
  /** 1 for the first. */
  readonly number: number
  observed(remaining: Readonly<Record<string, number>>): void
  /**
   * When the cloud gave its answer, by its own clock: the header Date as it is, or milliseconds since 1970. Tell it of each answer
   * that says so; where none does, this machine's clock decides what is over. What is no date tells nothing.
   */
  dated?(date: string | number | undefined): void
}

/**
 * What a verb is given. Every single request (one page, one PUT, one poll) goes through `send`, which paces, journals,
 * limits in time, counts and retries it; `fn` throws only classes of `errors.ts`.
 */
export interface Calls {
  readonly signal: AbortSignal
  /**
   * By the cloud's clock, as its answers have told it (`Attempt.dated`), else by this machine's; in milliseconds since 1970. Compare
   * with it what the cloud says, and write by it what others read there.
   */
  readonly now: () => number
  /** Nothing may be made or changed. */
  readonly readOnly: boolean
  /**
   * For the user: why an answer is without something that was asked for. An answer of which this was told is not all there is,
   * and is not kept.
   */
  note?(words: string): void
  /** Lets so many milliseconds pass, or ends with the signal's reason. Left out: nobody waits. */
  pause?(ms: number): Promise<void>
  send<T>(api: string, cost: Cost, fn: (attempt: Attempt) => Promise<T>): Promise<T>
}

/**
 * `ok`: as a burst wants it. `warn`: a burst works, with less than there could be; or whether it does is not known. `fail`: it would
 * not work.
 */
export type FindingStatus = "ok" | "warn" | "fail"

/** One thing that `doctor` has found out. */
export interface Finding {
  readonly status: FindingStatus
  /** In words, without a full stop. Nothing secret is in it. */
  readonly text: string
  /** What to do. */
  readonly remedy?: string
  /** The same for programs. */
  readonly data?: JsonObject
}

/** What would be launched, for `doctor` to ask about. */
export interface Examined {
  readonly owner: Owner
  readonly group: GroupRequest
  /** What fits and is sold; none where that is not known. */
  readonly offers: readonly Offer[]
}

/** One look at one thing. Reads only. */
export interface Look {
  /** What is looked at, in one word: "image". */
  readonly name: string
  /** A burst works without: what it throws is a warning. */
  readonly isAdvisory?: true
  look(examined: Examined, calls: Calls): Promise<readonly Finding[]>
}

/** Whether the principal has a right. */
export interface SeenRight {
  /** "ec2:RunInstances" */
  readonly name: string
  /** What it is for, as the table of rights names it. */
  readonly for: readonly string[]
  /** Left out: it cannot be known. */
  readonly isAllowed?: boolean
  /** Why it is not, or cannot be known, in the cloud's words where it has some. */
  readonly why?: string
}

/** What is known when rights are asked for. */
export interface SeenBefore {
  /** What requests of other looks came to, by api: "ok", or the code of a refusal. */
  readonly answers: ReadonlyMap<string, string>
  /** What Muster has here, whosever it is: what rights with conditions can be tried on. */
  readonly instances: readonly Instance[]
  readonly leftovers: readonly Leftover[]
}

/** A package that users install beside Muster. */
export interface ExaminedPackage {
  readonly name: string
  /** Left out: it is not installed. */
  readonly version?: string
  /** The command that installs it. */
  readonly install: string
  /** What does not work without it; left out: nothing does. */
  readonly without?: string
}

/** What `doctor` asks of a cloud beside what every burst asks. Nothing of it makes or changes anything. */
export interface Examination {
  readonly packages: readonly ExaminedPackage[]
  /** A small type of each kind to look for where the user describes no workers, the best known first. */
  readonly smallest: readonly string[]
  /** Whose credentials there are, and that they are accepted: the other looks are not begun where it fails. */
  readonly credential?: Look
  /** In the order in which they are told. */
  readonly looks: readonly Look[]
  /** What the options and the group need rights for, and whether a launch is refused without them. */
  readonly purposes?: (group: GroupRequest) => readonly { readonly name: string; readonly isNeeded: boolean }[]
  /** The rights for these purposes. */
  readonly rights?: (
    purposes: readonly string[],
    examined: Examined,
    seen: SeenBefore,
    calls: Calls,
  ) => Promise<readonly SeenRight[]>
}

/** A request as it was sent. */
export interface SentRequest {
  readonly method: string
  readonly url: string
  /** Names in lower case. Credentials are not in it. */
  readonly headers: Readonly<Record<string, string>>
  /** "" where there is none. */
  readonly body: string
}

/** An answer as it came. */
export interface ReceivedAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Is told of each request before it is sent. What it returns is told of the answer; of none where none came. */
export type Tap = (api: string, request: SentRequest) => (answer?: ReceivedAnswer) => void

/** One request of a walk, with its answer. */
export interface Exchange {
  /** Its place in the walk, from 0. */
  readonly number: number
  readonly api: string
  /** When it was sent, in milliseconds since the walk began. */
  readonly at: number
  /** How long its answer took, in milliseconds. */
  readonly ms: number
  readonly request: SentRequest
  /** Left out: none came. */
  readonly answer?: ReceivedAnswer
}

/** Something that Muster takes for true of a cloud. Plain data. */
export interface Assumption {
  /** "aws.token-replay" */
  readonly id: string
  /** In one sentence. */
  readonly says: string
  /** Where it is from: the vendor's page by its title, or who has seen it. */
  readonly source: string
  /** `documented`: the vendor says so. `reported`: users or other programs do. `unverified`: nobody is known to. */
  readonly basis: "documented" | "reported" | "unverified"
  /** The files that rest on it, from the root of the source. */
  readonly code: readonly string[]
  /** How it is tried, in one sentence. */
  readonly probe: string
  /** How often it must be seen to hold; 3 when left out. */
  readonly tries?: number
  /** Of each of these kinds it must be seen to hold at least once: what it says of spot is not shown on demand. */
  readonly kinds?: readonly string[]
}

/** What Muster takes for true of a cloud, and a walk of small machines cannot try without cost or risk. Plain data. */
export interface Untried extends Pick<Assumption, "id" | "says" | "source" | "code"> {
  /** Why not. */
  readonly why: string
}

/** A list that was complete, and when it was begun, in milliseconds since the walk began. */
export interface Sight {
  readonly at: number
  readonly instances: readonly Instance[]
}

/**
 * `brief`: ended while it is made, one after the other. `batch`: three at once on demand, which boot and are then ended. `timed`: three
 * that their own guests end at their deadline.
 */
export type Wave = "brief" | "batch" | "timed"

/** A machine of a walk. Moments are in milliseconds since the walk began. */
export interface WalkWorker {
  /** From 1 within its wave. */
  readonly number: number
  readonly wave: Wave
  readonly owner: Owner
  readonly call: LaunchCall
  /** As the answer to the launch had it. */
  readonly made: Instance
  /** As the last list, or the answer to the launch, had it. */
  readonly instance: Instance
  /** When its launch was sent. */
  readonly sentAt: number
  /** When an answer first named it: lists may show it later. */
  readonly toldAt: number
  /** When it was first seen to run. */
  readonly runningAt?: number
  /** When its end was asked for; left out: it was not. */
  readonly endedAt?: number
  /** When it was first seen to be gone. */
  readonly goneAt?: number
  /** When its guest ends it. */
  readonly deadlineAt: number
  /** What its console said when it was last read; "" where it was not. */
  readonly console: string
  /** Its guest's startup has ended. */
  readonly isBooted: boolean
  /** When its console was first seen to say so. */
  readonly bootedAt?: number
}

/** What a walk has seen so far, and the way to say what it means. */
export interface WalkStage {
  /** Paced and limited in time as every burst's; three tries. */
  readonly calls: Calls
  readonly owner: Owner
  readonly group: GroupRequest
  readonly prepared: Prepared
  /** Of the chosen type, the best first. */
  readonly offers: readonly Offer[]
  readonly exchanges: readonly Exchange[]
  readonly sights: readonly Sight[]
  readonly workers: readonly WalkWorker[]
  /** Milliseconds since the walk began. */
  now(): number
  wait(ms: number): Promise<void>
  /**
   * A hook is about to make this instance on purpose: it counts, and is ended before the next machines are made, and nobody is told of it.
   * A walk that ends waits for it as for a launch without an answer, until a list shows it or `settled` says that nothing more comes of it.
   */
  makes(id: string): void
  /** Nothing more comes of what `makes` has named: it was not made, or is told to end. */
  settled(id: string): void
  /** What some requests came to, with their exchanges. Throws nothing but the signal's reason. */
  watch<T>(requests: (calls: Calls) => Promise<T>): Promise<Watched<T>>
  /**
   * One try of an assumption: it held, or it did not.
   *
   * @param words what was seen.
   * @param evidence the exchanges that show it.
   * @param kind of which of the assumption's kinds this was.
   */
  saw(assumption: string, held: boolean, words: string, evidence?: readonly Exchange[], kind?: string): void
}

/** `value` or `error`. */
export interface Watched<T> {
  readonly value?: T
  readonly error?: Error
  readonly exchanges: readonly Exchange[]
}

/** When the machines of a walk end, and how long they are waited for. */
export interface WalkTimes {
  /** When a machine's guest ends it, in seconds after its launch. */
  readonly deadlineS: Readonly<Record<Wave, number>>
  /** For how long a machine is likely paid, in seconds; 0: it is ended before it runs. */
  readonly likelyS: Readonly<Record<Wave, number>>
  /** How often a console is read, in milliseconds. */
  readonly consoleEveryMs: number
  /** A guest that has not ended its machine by so long after its deadline does not, in milliseconds. */
  readonly slackMs: number
  /** A machine whose startup has not ended so long after its launch has not booted, in milliseconds. */
  readonly bootedWithinMs: number
  /** A machine that was told to end and is not gone after this is told of, in milliseconds. */
  readonly goneWithinMs: number
}

/** What `doctor --live` tries on a cloud, beside the life of its machines. Each hook may throw: then it saw no more. */
export interface Walk {
  readonly assumptions: readonly Assumption[]
  /** The provider itself, each of whose exchanges is told. */
  readonly provider: Provider
  /** What its machines run: it writes lines that their consoles show. */
  readonly startup: string
  /** Rights without which no machine could be ended; any of them missing is enough to refuse. */
  readonly endsBy: readonly string[]
  /** USD an hour of one machine beside its own price: its disk, its address. */
  readonly besides: (offer: Offer) => number
  /** Its machines cost nothing, whether or not their price is known. */
  readonly isFree?: true
  /** How many machines its looks make on purpose beside each launch of a wave, by the wave; none where it is left out. */
  readonly extras?: Partial<Readonly<Record<Wave, number>>>
  /** What differs from the times of most clouds. */
  readonly times?: Partial<WalkTimes>
  /** Before anything is made: nothing that it sends can make anything. */
  readonly free?: (stage: WalkStage) => Promise<void>
  /** A launch call was answered for the first time; these came of it. */
  readonly launched?: (stage: WalkStage, workers: readonly WalkWorker[]) => Promise<void>
  /** Its guest's startup has ended. */
  readonly booted?: (stage: WalkStage, worker: WalkWorker) => Promise<void>
  /** Its end was asked for. */
  readonly ended?: (stage: WalkStage, worker: WalkWorker) => Promise<void>
  /** It is gone. */
  readonly gone?: (stage: WalkStage, worker: WalkWorker) => Promise<void>
  /** When all machines are gone: what lists and exchanges show together. */
  readonly judge?: (stage: WalkStage) => Promise<void>
}

/** How an instance is reached: plain data. */
export type Route =
  /**
   * By the words that stand before a command to have it run in the instance; servers there listen at `address`. `log`: the file of this
   * machine in which its guest's output is.
   */
  | { readonly kind: "local"; readonly words: readonly string[]; readonly address: string; readonly log?: string }
  /** Over ssh, at the first address that answers: the public one is before the private one. */
  | { readonly kind: "ssh"; readonly addresses: readonly string[]; readonly port: number }

/** One cloud in one region. */
export interface Provider {
  readonly name: string
  readonly region: string
  readonly limits: Limits

  /**
   * The options it was made with, for another process to make the same one; undefined where they are not plain JSON. A
   * function, so that a provider that is printed shows none of them.
   */
  recipe?(): JsonObject | undefined

  /** Of those options, beside the region, what tells where its instances are: texts that may be shown to anybody. Pure. */
  whereabouts?(): Readonly<Record<string, string>>

  /** Everything sold that fits the query, available now or not, priced where a price is known. */
  offers(query: OfferQuery, calls: Calls): Promise<readonly Offer[]>

  /**
   * Resolves and pins the image; finds network, security group, template or resource group, or makes them, tagged, unless
   * `calls.readOnly`. Claims the owner's generation where a name that can be created only once is free; throws
   * OwnershipError if another process owns it.
   */
  prepare(owner: Owner, group: GroupRequest, calls: Calls): Promise<Prepared>

  /** Reads anew what changes by itself of what was prepared (how many addresses are free); nothing else becomes another. */
  refresh?(prepared: Prepared, calls: Calls): Promise<Prepared>

  /** The exact create requests for a wish. Pure. */
  split(wish: Wish, prepared: Prepared, room: Room): readonly LaunchCall[]

  /** Sends ONE launch call: its create request through `calls.send` under the name `call.api`, what is asked beside it under others. */
  launch(call: LaunchCall, calls: Calls): Promise<Launched>

  /** Polls an unsettled launch once. */
  settle(call: LaunchCall, ref: Json, calls: Calls): Promise<Launched>

  /**
   * Looks up the outcome of a launch call whose answer was lost, without sending it again: at a target of zero, a replay could be the
   * call that makes the instances. Undefined where nothing shows that the call arrived. Clouds whose launches can go on making instances for longer
   * than `consistencyMs` need it.
   */
  find?(call: LaunchCall, calls: Calls): Promise<Launched | undefined>

  /** Complete, or it throws. */
  list(selector: Selector, calls: Calls): Promise<readonly Instance[]>

  /** Batched as the cloud wants. Unknown or finished is success. */
  terminate(instances: readonly Instance[], calls: Calls): Promise<Termination>

  /**
   * Claims the owner's generation, as `prepare` does, for a process that takes a cluster over without launching anything.
   * Throws OwnershipError if another process owns it.
   *
   * The first generation is claimed by the names of owner and cluster, not by the uid, because no other cluster can have the
   * same uid. So of two new clusters with one name exactly one gets the claim. The other gets an OwnershipError with code
   * NAME_TAKEN, before anything is launched. Beside a claim older than `YOUNG_CLAIM_MS` another is made: the core has found
   * nothing alive under the name.
   */
  claim?(owner: Owner, calls: Calls): Promise<void>
  /**
   * Writes `takenTags(owner)` onto one of these instances at least, which live and are of an earlier generation: the process that had
   * the cluster before finds them in its next list. Left out where lists show a claim on the instances by themselves.
   */
  mark?(owner: Owner, instances: readonly Instance[], calls: Calls): Promise<void>
  /** Asked of spot instances that live, and of all that have just vanished: these are given as `terminated`. */
  interruptions?(instances: readonly Instance[], calls: Calls): Promise<Interruptions>
  /** Quota, addresses, disks: advisory. */
  headroom?(wish: Wish, calls: Calls): Promise<readonly Headroom[]>
  /** Reads only. */
  leftovers?(selector: Selector, calls: Calls): Promise<readonly Leftover[]>
  remove?(leftovers: readonly Leftover[], calls: Calls): Promise<void>
  consoleLog?(instance: Instance, calls: Calls): Promise<string>
  /**
   * The instance's ssh host keys, in base64, where its guest tells them to the cloud itself: they go before what its console says. None
   * while it has not.
   */
  hostKeys?(instance: Instance, calls: Calls): Promise<readonly string[]>
  /** How a running instance is reached; undefined while that is not known. Pure. */
  route?(instance: Instance): Route | undefined
  /** Left out: no firewall stands before its instances that Muster could open. */
  readonly access?: AccessControl
  /** The text of the group's spec with which `prepare` was called, as the instance, or what it was made from, keeps it. */
  recall?(instance: Instance, calls: Calls): Promise<string | undefined>
  /**
   * Puts off the end of these instances' leases to `until` (seconds since 1970), in as few requests as the cloud allows.
   * Only clouds whose guests can read their own tags without credentials have it.
   */
  renew?(instances: readonly Instance[], until: number, calls: Calls): Promise<void>
  /** What `doctor` asks here; loaded when it is asked for. */
  examine?(): Promise<Examination>
  /** What `doctor --live` tries here, by exchanges that are told to `tap`; loaded when it is asked for. */
  walk?(tap: Tap): Promise<Walk>
  /** Where a person can look at the instance: the address of its page in the cloud's console. Pure. */
  consoleUrl?(instance: Instance): string
}
