/** What a user may say to `gcp()`, and what follows from it without a question to anybody. */
import type { Arch, JsonObject, Market } from "../../src/provider.js"

/** What this adapter needs of credentials: a `GoogleAuth` or any client of google-auth-library fits. */
export interface GcpAuth {
  getRequestHeaders(url?: string): Promise<Headers | Readonly<Record<string, string>>>
  getProjectId?(): Promise<string | null | undefined>
}

export interface GcpDisk {
  readonly type?: string
  readonly sizeGb?: number
  /** A key of Cloud KMS: "projects/P/locations/L/keyRings/R/cryptoKeys/K", with a version behind it or the key's newest one. */
  readonly kmsKeyName?: string
}

/** Capacity that was reserved ahead of time. Its name, or "projects/P/reservations/NAME", with a block of it behind that. */
export interface GcpReservation {
  readonly name: string
  /** For reservations of accelerators that are deployed densely or by the calendar: what they hold is sold by them alone. */
  readonly provisioningModel?: "RESERVATION_BOUND"
}

export interface GcpOptions {
  /** For example "europe-west2". */
  readonly region: string
  /** By default GOOGLE_CLOUD_PROJECT, or the credentials' own. */
  readonly project?: string
  /** Where instances may go; all zones of the region when left out, which takes one request to find out. */
  readonly zones?: readonly string[]
  /** A network's name; "default" when neither it nor a subnetwork is given. */
  readonly network?: string
  /** A subnetwork's name, or "projects/P/regions/R/subnetworks/S" of a shared VPC. */
  readonly subnetwork?: string
  /**
   * Labels of everything that is made, such as cost centres that a policy wants: lower-case letters, digits, `_` and `-`, 56 at
   * most beside Muster's own. A group's tag of the same key goes before it.
   */
  readonly labels?: Readonly<Record<string, string>>
  /** The account that instances act as; none by default. */
  readonly serviceAccount?: string
  /** Of that account; all that its roles allow by default. */
  readonly scopes?: readonly string[]
  /** The image of groups that name none; the newest Debian 12 by default. One for each architecture where both are used. */
  readonly image?: string | { readonly [A in Arch]?: string }
  /** GPUs for N1 machine types, which have none built in: `{ type: "nvidia-tesla-t4", count: 1 }`. */
  readonly accelerator?: { readonly type: string; readonly count: number }
  /** The boot disk: by default the kind that the machine series takes, the image's size, and encrypted by a key of Google's. */
  readonly disk?: GcpDisk
  /** Local SSDs of 375 GB to attach, for series that do not bring their own. */
  readonly localSsds?: number
  /** Boot only signed code; false by default because it stops unsigned GPU drivers. */
  readonly secureBoot?: boolean
  /** Log in with IAM instead of keys in metadata. */
  readonly osLogin?: boolean
  /** "any" (the default), "none", or one reservation. Spot instances use none. */
  readonly reservation?: string | GcpReservation
  /** End instances without their shutdown scripts: they are gone up to two minutes sooner. */
  readonly skipGuestOsShutdown?: boolean
  /** USD per hour by machine type, for budgets and choices; goes before Google's list prices. */
  readonly prices?: Readonly<Record<string, { readonly [M in Market]?: number }>>
  /** Where Compute Engine answers, when not at Google's own address; plain http only on this machine, without credentials. */
  readonly apiEndpoint?: string
  /** Where the Cloud Billing Catalog answers: Google's own address, or nowhere when `apiEndpoint` is another's. */
  readonly billingEndpoint?: string
  /** Where Cloud Resource Manager answers, which `doctor` asks for rights: Google's own address, or nowhere when `apiEndpoint` is another's. */
  readonly resourceManagerEndpoint?: string
  /** Credentials; Application Default Credentials by default. */
  readonly auth?: GcpAuth
  /** Another version of the client: `() => import("@google-cloud/compute")`. */
  readonly sdk?: () => Promise<unknown>
  /**
   * How many requests a minute this project may make in this region, where its quotas are not the usual ones: writes (1200),
   * reads (1200), waits and lists of the whole project (600). Google's refusals hold requests back in any case.
   */
  readonly requestsPerMinute?: { readonly writes?: number; readonly reads?: number; readonly waits?: number }
  /** Merged into each request's instanceProperties last, in its own words: `{ canIpForward: true }`. */
  readonly overrides?: JsonObject
}

/** A server on this machine is asked without credentials. */
export function needsCredentials({ apiEndpoint }: Pick<GcpOptions, "apiEndpoint">): boolean {
  return apiEndpoint === undefined || !apiEndpoint.startsWith("http:")
}

/** Variables that name a project, in the order of Google's own libraries. */
const PROJECT_VARIABLES = ["GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"]

/** What says whose quotas are used, before anything is asked. */
export function accountOf(options: GcpOptions): string {
  return namedProject(options) ?? "default"
}

/** The project that is known without asking the credentials. */
export function namedProject({ project }: GcpOptions): string | undefined {
  return project ?? PROJECT_VARIABLES.map((name) => process.env[name]).find((value) => value)
}
