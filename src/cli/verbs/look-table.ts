/** Verbs that look at clusters: they take over no cluster, and change nothing. */
import { SPEC_FLAGS } from "../spec/spec-flags.js"
import {
  CLUSTER_FLAGS,
  CLUSTER_FLAGS_FOLLOWING,
  COUNT_FLAG,
  DATA_FLAGS,
  PLACE_FLAGS,
  ROW_FLAGS,
  WIDE_DATA_FLAGS,
  YES_FLAG,
} from "../flag-tables.js"
import type { Verb } from "../surroundings.js"

export const LOOKING: readonly Verb[] = [
  {
    name: "doctor",
    group: "Look",
    words: ["[NAME]"],
    summary: "whether a burst would work from here; --live tries what Muster takes for true of the cloud",
    about:
      "Looks at this machine and at each place, and says ok, warn or fail of each thing, with what to do: packages, whose credentials there are, clock, region, what is sold and its price, image, network, rights, quotas for the workers that are asked for, and what clusters that are over have left. Only reads, 40 requests a place at most. Exit code 1 where something fails. With --live it then shows what it would make and what that costs, asks, makes nine of the smallest machines (three at once at most, 15 minutes), says of each thing that Muster takes for true of the cloud whether it is confirmed, refuted or not seen, and ends and sweeps what it has made.",
    flags: {
      ...CLUSTER_FLAGS,
      ...COUNT_FLAG,
      ...SPEC_FLAGS,
      timeout: { type: "string", value: "DURATION", help: "how long one look may take; 30s when left out" },
      live: { type: "boolean", help: "make machines for some minutes, in one place; shows the price and asks" },
      report: { type: "string", value: "DIR", help: "with --live: where its two files go; here when left out" },
      compare: { type: "string", value: "FILE", help: "what another report, named behind it, saw differently" },
      budget: { type: "string", value: "USD", help: "with --live: the most that may be spent; 0.20 when left out" },
      ...YES_FLAG,
      ...DATA_FLAGS,
    },
    examples: [
      "muster doctor --provider aws --region eu-west-2 --vcpus 2 -n 100",
      "muster doctor --live --provider aws --region eu-west-2",
      "muster doctor --compare muster-doctor-aws-eu-west-2-20260101T000000Z.json newer.json",
    ],
    load: () => import("./look/doctor.js"),
  },
  {
    name: "get",
    shorthands: { ps: ["workers"] },
    group: "Look",
    words: ["[clusters|workers|groups]", "[NAME]"],
    summary: "clusters, workers or groups, as they are now",
    about:
      "Shows the workers or groups of a cluster as its cloud lists them, or the clusters of a place. Clusters where no place is named, and everything with --offline, are shown as this machine's journals tell of them: no cloud is asked. With --watch each row that changes is shown again.",
    flags: {
      ...CLUSTER_FLAGS,
      ...ROW_FLAGS,
      watch: { type: "boolean", short: "w", help: "go on, and show each row that changes" },
      offline: { type: "boolean", help: "ask no cloud: what this machine's journals tell" },
    },
    examples: ["muster get workers render -o wide", "muster get clusters --offline"],
    load: () => import("./look/get.js"),
  },
  {
    name: "list",
    aliases: ["ls"],
    group: "Look",
    words: [],
    summary: "the clusters that live, with their size and age",
    about: "Every cluster that has instances in the region, as their tags tell.",
    flags: {
      ...PLACE_FLAGS,
      owner: { type: "string", value: "NAME", help: "only this owner's clusters; everybody's when left out" },
      ...ROW_FLAGS,
    },
    examples: ["muster list --provider aws --region eu-west-2"],
    load: () => import("./look/list.js"),
  },
  {
    name: "describe",
    group: "Look",
    words: ["[NAME]"],
    summary: "one cluster on a page, with what happened to it",
    about:
      "Shows where a cluster is, who holds it, when it ends, what it costs, its groups and workers, what is missing and why, and at the end the events that this machine has kept of it, alike ones together. Of a cluster that is gone it shows what this machine has kept: what was wanted, when it was closed, what it cost, its events.",
    flags: { ...CLUSTER_FLAGS, ...DATA_FLAGS },
    examples: ["muster describe render"],
    load: () => import("./look/describe.js"),
  },
  {
    name: "explain",
    group: "Look",
    words: ["[NAME]"],
    summary: "what there is, what is missing and why, what is waited for",
    about: "Says of each group what runs, what is missing and why, in the cloud's own words, and what comes next.",
    flags: { ...CLUSTER_FLAGS, ...DATA_FLAGS },
    examples: ["muster explain render"],
    load: () => import("./look/explain.js"),
  },
  {
    name: "events",
    group: "Look",
    words: ["[NAME]"],
    summary: "what happened to a cluster, also when its process is gone; --follow goes on",
    about:
      "Shows what the process that owns a cluster has written down on this machine, of the last 30 days at most: alike events together. With --follow each event is a line, and it goes on until the cluster is closed. No cloud is asked.",
    flags: {
      ...CLUSTER_FLAGS_FOLLOWING,
      follow: { type: "boolean", short: "f", help: "go on, and show each event as it is written down" },
      since: { type: "string", value: "DURATION", help: 'only what happened within this: "2h"' },
      last: { type: "string", value: "N", help: "only so many, the newest" },
      ...DATA_FLAGS,
    },
    examples: ["muster events render --since 2h"],
    load: () => import("./look/events.js"),
  },
  {
    name: "boots",
    group: "Look",
    words: ["[NAME]"],
    summary: "where the time of boots went, and what shortens them",
    about:
      "Shows for each place how long boots took, from the launch call until workers were ready: median, p90 and slowest of each part, the largest part, and what shortens it. With -o wide each worker follows, the slowest first. It is what the process that owns the cluster has written down on this machine, of the last 30 days at most, also when that is gone; of workers that boot now it says what the cloud and they tell.",
    flags: {
      ...CLUSTER_FLAGS,
      since: { type: "string", value: "DURATION", help: 'only boots that were over within this: "2h"' },
      ...WIDE_DATA_FLAGS,
    },
    examples: ["muster boots render", "muster boots render --since 1h -o json"],
    load: () => import("./look/boots.js"),
  },
  {
    name: "cost",
    group: "Look",
    words: ["[NAME]"],
    summary: "what a cluster costs an hour, has cost, and will have cost at its deadline",
    about:
      "An estimate in USD from list prices, without disks, traffic, addresses and taxes. What has ended before this machine's journals tell of it is not in it.",
    flags: { ...CLUSTER_FLAGS, ...DATA_FLAGS },
    examples: ["muster cost render"],
    load: () => import("./look/cost.js"),
  },
  {
    name: "audit",
    group: "Look",
    words: ["[NAME]"],
    summary: "everything that the cloud shows of a cluster, instances and others",
    about: "Asks the cloud for everything with the cluster's tags. No row proves that nothing is left.",
    flags: { ...CLUSTER_FLAGS, ...ROW_FLAGS },
    examples: ["muster audit render"],
    load: () => import("./look/audit.js"),
  },
]
