/** What an image's licenses say of it: whether it is Windows, and whether more is paid for it than for the machine. */
import type { NativeImage } from "../client/native.js"

export interface ImageKind {
  readonly isWindows: boolean
  /** Paid for beside the machine, or it is not known whether it is: "Premium images", and what the Marketplace sells. */
  readonly isLicensed: boolean
}

export const FREE: ImageKind = { isWindows: false, isLicensed: false }

/** Google's own projects of images for which nothing is paid ("Operating system details", public images), and of mere features. */
const FREE_PROJECTS = new Set([
  "debian-cloud",
  "ubuntu-os-cloud",
  "ubuntu-os-accelerator-images",
  "centos-cloud",
  "rocky-linux-cloud",
  "rocky-linux-accelerator-cloud",
  "almalinux-cloud",
  "fedora-cloud",
  "fedora-coreos-cloud",
  "opensuse-cloud",
  "oracle-linux-cloud",
  "cos-cloud",
  "vm-options",
  "compute-image-tools",
  "compute-image-import",
  "deeplearning-platform-release",
  "cloud-hpc-image-public",
])
const WINDOWS_PROJECTS = new Set(["windows-cloud", "windows-sql-cloud"])

/** By the project of an image alone; undefined where its licenses must be read. */
export function kindByProject(project: string | undefined): ImageKind | undefined {
  if (project === undefined) return undefined
  if (FREE_PROJECTS.has(project)) return FREE
  return WINDOWS_PROJECTS.has(project) ? { isWindows: true, isLicensed: true } : undefined
}

/** Licenses are URLs: "https://www.googleapis.com/compute/v1/projects/rhel-cloud/global/licenses/rhel-9-server". */
export function kindOf({ licenses = [], guestOsFeatures = [] }: NativeImage): ImageKind {
  const named = licenses.map((url) => /projects\/([^/]+)\/global\/licenses\/([^/]+)$/.exec(url))
  const isWindows =
    guestOsFeatures.some(({ type }) => type === "WINDOWS") || named.some((one) => WINDOWS_PROJECTS.has(one?.[1] ?? ""))
  const isFree = (one: RegExpExecArray | null) => FREE_PROJECTS.has(one?.[1] ?? "") || /byo[sl]/.test(one?.[2] ?? "")
  return { isWindows, isLicensed: isWindows || !named.every(isFree) }
}
