/** Rows as this machine's journals tell them: no cloud is asked, and nothing that asks one is loaded. */
import { hostname } from "node:os"
import { wallAheadMs } from "../../../calls/clock.js"
import { readJournals } from "../../../fleet/journal/history.js"
import { journalDirectory, type KnownCluster, knownClusters } from "../../local-state.js"
import { single } from "../../parse.js"
import { namedTarget } from "../../spec/target.js"
import type { Given, Surroundings } from "../../surroundings.js"
import type { Kind, Row, Rows } from "./rows.js"

/** What this machine's journals tell. */
export async function knownRows(kind: Kind, given: Given, surroundings: Surroundings): Promise<Rows> {
  const { clock } = surroundings
  const directory = journalDirectory(given, surroundings)
  const known = await knownClusters(directory, clock)
  const note = "from this machine's state alone; --provider and --region ask the cloud"
  if (kind === "clusters") {
    const [name, owner] = [given.words[0], single(given, "owner")]
    const chosen = known.filter((one) => (name ?? one.name) === one.name && (owner ?? one.owner) === one.owner)
    return { rows: await Promise.all(chosen.map((one) => knownRow(one, directory, surroundings))), note }
  }
  const { name, owner } = await namedTarget(given, surroundings, "optional")
  const workers = await knownWorkers(name, owner, directory, surroundings)
  if (kind === "workers") return { rows: workers, note }
  const groups = [...new Set(workers.map(({ group }) => String(group)))]
  const rows = groups.map((group) => ({
    cluster: name,
    group,
    running: workers.filter((one) => one.group === group).length,
  }))
  return { rows, note }
}

async function knownRow(known: KnownCluster, directory: string, surroundings: Surroundings): Promise<Row> {
  const { name, places, ...others } = known
  const workers = await knownWorkers(name, known.owner, directory, surroundings)
  const oldest = Math.min(...workers.map(({ launchedAt }) => Number(launchedAt)))
  return {
    cluster: name,
    ...others,
    instances: workers.length,
    places: places.map(({ provider, region }) => `${provider} ${region}`),
    ...(workers.length === 0 ? {} : { oldestLaunchedAt: oldest }),
    holder: known.pid === undefined ? "-" : `${hostname()} ${known.pid}`,
  }
}

async function knownWorkers(
  name: string,
  owner: string,
  directory: string,
  { clock }: Surroundings,
): Promise<readonly Row[]> {
  const histories = await readJournals(directory, name, owner, clock)
  return histories.flatMap(({ made }) =>
    made.map(({ instance, group, provider, region }) => ({
      cluster: name,
      ...instance,
      launchedAt: instance.launchedAt + wallAheadMs(clock),
      ...{ group, provider, region, state: "made" },
    })),
  )
}
