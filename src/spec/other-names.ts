/** Other names: the options of other tools, and what to use here. Pure data, by the option's letters in lower case. */
import type { OptionHints } from "../input/parse.js"

const TYPE = "instanceType"
const SCRIPT = "startup"
const HOW_MANY =
  "how many is an argument, cluster.scale(n), and target: in a file; the most there may ever be is maxWorkers"
const SPOT = 'use market: "spot", or "spot-with-fallback"'
const OF_FACTORY = "it is an option of the cloud's own factory: provider: "

/** Of a cluster and of its groups. */
export const OTHER_NAMES: OptionHints = {
  ...{ memory: "memoryGiB", mem: "memoryGiB", ram: "memoryGiB", memorygb: "memoryGiB", memorymb: "memoryGiB" },
  ...{ cpu: "vcpus", cpus: "vcpus", cores: "vcpus", vcpu: "vcpus" },
  ...{ env: "environment", envs: "environment", environmentvariables: "environment", variables: "environment" },
  ...{ spot: SPOT, preemptible: SPOT, usespot: SPOT, spotprice: `${SPOT}, and budget` },
  ...{ workers: HOW_MANY, count: HOW_MANY, replicas: HOW_MANY, instances: HOW_MANY, nodes: HOW_MANY, size: HOW_MANY },
  target: HOW_MANY,
  ...{ numworkers: HOW_MANY, minworkers: HOW_MANY, desiredcapacity: HOW_MANY, maxinstances: "maxWorkers" },
  ...{ script: SCRIPT, command: SCRIPT, cmd: SCRIPT, run: SCRIPT, entrypoint: SCRIPT, userdata: SCRIPT },
  ...{ startupscript: SCRIPT, customdata: SCRIPT, cloudinit: SCRIPT },
  ...{ type: TYPE, types: TYPE, instancetypes: TYPE, machinetype: TYPE, vmsize: TYPE, machine: TYPE, flavor: TYPE },
  ...{ cloud: "provider", providers: "provider", regions: "region", location: "region" },
  ...{ secret: "secrets", secretenv: "secrets", file: "files", workdir: "files", filemounts: "files", syncs: "files" },
  ...{ zone: "zones", availabilityzone: "zones", availabilityzones: "zones", az: "zones" },
  ...{ ami: "image", imageid: "image", architecture: "arch", gpus: "gpu", accelerator: "gpu", labels: "tags" },
  ...{ ttl: "maxLifetime", timeout: "maxLifetime", maxduration: "maxLifetime", deadline: "maxLifetime" },
  ...{
    ssh: "access",
    sshfrom: 'access: { from: "192.0.2.7/32" }',
    sshcidr: "access",
    bastion: "access: { from, via: { jump } }",
    ...{ internal: "peers", selfreferencing: "peers", betweenworkers: "peers" },
  },
  ...{ maxprice: "budget", maxcost: "budget", publicip: "publicAddress", disk: "localDisk", id: "name" },
  ...{ project: `${OF_FACTORY}gcp({ project, region })`, projectid: `${OF_FACTORY}gcp({ project, region })` },
  subscriptionid: `${OF_FACTORY}azure({ subscriptionId, location })`,
  resourcegroup: `${OF_FACTORY}azure({ resourceGroup, subscriptionId, location })`,
  credentials: `${OF_FACTORY}aws({ credentials, region })`,
  profile: "set AWS_PROFILE, or give aws({ credentials, region })",
  ...{ subnet: `${OF_FACTORY}aws({ subnetIds, region })`, subnetids: `${OF_FACTORY}aws({ subnetIds, region })` },
  ...{ keyname: `${OF_FACTORY}aws({ keyName, region })`, sshkey: `${OF_FACTORY}aws({ keyName, region })` },
}
