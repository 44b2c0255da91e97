/** The permissions on Compute Engine: each with what it is for. IAM can be asked for all of them (testIamPermissions). */
import type { NeededRight, Purpose } from "../../../src/rights.js"

export const PURPOSES: readonly Purpose[] = [
  {
    name: "launch",
    what: "launching, listing and ending workers",
    when: "always",
    without: "nothing can be launched, or nothing be ended",
  },
  {
    name: "types",
    what: "choosing types by size",
    when: "usual",
    without: "sizes are unknown, so that types must be named",
  },
  {
    name: "zones",
    what: "finding the region's zones, and its quotas",
    when: "usual",
    without: "zones must be named (zones), and quotas are only known once a launch is refused",
  },
  {
    name: "images",
    what: "using images of the project's own",
    when: "usual",
    without: "only public images can be used",
  },
  {
    name: "network",
    what: "giving public addresses, and finding Cloud NAT",
    when: "usual",
    without: "publicAddress must be said, or is refused",
  },
  {
    name: "subnetwork",
    what: "reading a subnetwork that is named",
    when: "usual",
    without: "the way out of a subnetwork of yours, and its network, are unknown",
  },
  {
    name: "causes",
    what: "reading why a launch came to less, and what was preempted",
    when: "usual",
    without: "a lack is put down to capacity, and zero goes by lists alone",
  },
  {
    name: "regions",
    what: "launching in whichever zone of the region has room",
    when: "usual",
    without: "the outcome of a launch over several zones cannot be read",
  },
  {
    name: "attach",
    what: "reading what the workers of a cluster that lives are",
    when: "usual",
    without: "the spec must be given again",
  },
  {
    name: "console",
    what: "reading the consoles of workers that failed",
    when: "usual",
    without: "failed boots are told without the last lines of their consoles",
  },
  {
    name: "close",
    what: "looking for disks that stayed behind",
    when: "usual",
    without: "disks that stayed behind are not seen",
  },
  {
    name: "sweep",
    what: "removing disks that stayed behind",
    when: "usual",
    without: "disks that stayed behind must be removed by somebody else",
  },
  {
    name: "access",
    what: "access: firewall rules for port 22, and host keys",
    when: "asked",
    without: "workers cannot be opened to ssh",
  },
  {
    name: "peers",
    what: "peers: firewall rules among a cluster's workers",
    when: "asked",
    without: "a cluster with peers cannot be made",
  },
  {
    name: "account",
    what: "giving workers a service account",
    when: "asked",
    without: "launches with serviceAccount are refused",
  },
]

const row = (name: string, purposes: string, ask: NeededRight["ask"] = "alone"): NeededRight => ({
  name: name.startsWith("iam.") ? name : `compute.${name}`,
  for: purposes.split(" "),
  ask,
})

export const RIGHTS: readonly NeededRight[] = [
  row("disks.create", "launch"),
  row("disks.setLabels", "launch"),
  row("instances.create", "launch"),
  row("instances.delete", "launch"),
  row("instances.list", "launch"),
  row("instances.setLabels", "launch"),
  row("instances.setMetadata", "launch"),
  row("subnetworks.use", "launch"),
  row("zoneOperations.get", "launch"),

  row("machineTypes.list", "types"),
  row("regions.get", "zones"),
  row("images.get", "images"),
  row("images.getFromFamily", "images"),
  row("images.useReadOnly", "images"),
  row("routers.list", "network"),
  row("subnetworks.useExternalIp", "network"),
  row("subnetworks.get", "subnetwork"),
  row("zoneOperations.list", "causes"),
  row("regionOperations.get", "regions"),
  row("regionOperations.list", "regions"),
  row("instances.get", "attach access peers"),
  row("instances.getSerialPortOutput", "console"),
  row("disks.list", "close sweep"),
  row("disks.delete", "sweep"),

  row("firewalls.create", "access peers"),
  row("firewalls.delete", "access peers"),
  row("firewalls.get", "access peers"),
  row("firewalls.list", "access peers"),
  row("firewalls.update", "access peers"),
  row("networks.updatePolicy", "access peers"),
  row("globalOperations.get", "access peers"),
  row("instances.getGuestAttributes", "access"),
  row("instances.setTags", "access peers"),

  row("instances.setServiceAccount", "account"),
  // Of the account itself it may be granted where it is not of the project.
  row("iam.serviceAccounts.actAs", "account", "never"),
]
