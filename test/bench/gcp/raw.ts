/**
 * What somebody writes who has the client alone: N instances, until all of them run, and gone again, until lists show none.
 * It does what Muster must do and nothing more: no quotas, no retries, no second offer, no journal.
 */
import { randomUUID } from "node:crypto"
import { pollUntil } from "../poll.js"

/** The methods of the package's clients that this script calls; their own types are 32 MB. */
export interface RawClients {
  readonly instances: {
    bulkInsert(request: object): Promise<readonly [{ readonly latestResponse: { readonly name: string } }]>
    list(
      request: object,
      options: object,
    ): Promise<readonly [unknown, unknown, { readonly items: readonly RawInstance[]; readonly nextPageToken?: string }]>
    delete(request: object): Promise<unknown>
  }
  readonly operations: { wait(request: object): Promise<readonly [{ readonly status: string }]> }
}

interface RawInstance {
  readonly name: string
  readonly status: string
}

export interface RawPlan {
  readonly count: number
  readonly project: string
  readonly zone: string
  readonly machineType: string
  readonly startup: string
  /** Deletions under way at once, instances of one page. */
  readonly most: { readonly deletions: number; readonly page: number }
  readonly look: { readonly firstMs: number; readonly everyMs: number }
}

export async function raw(clients: RawClients, plan: RawPlan): Promise<void> {
  const uid = randomUUID().slice(0, 8)
  const { operation, launchedAt } = await launch(clients, plan, uid)
  const done = untilDone(clients, plan, operation)
  let names: readonly string[] = []
  await pollUntil(plan.look, launchedAt, async () => {
    const instances = await list(clients, plan, uid)
    names = instances.map(({ name }) => name)
    return instances.filter(({ status }) => status === "RUNNING").length === plan.count
  })
  await done
  await remove(clients, plan, names)
  await pollUntil(plan.look, performance.now(), async () => (await list(clients, plan, uid)).length === 0)
}

/** Returns the operation, and when it was accepted. */
async function launch(
  { instances }: RawClients,
  plan: RawPlan,
  uid: string,
): Promise<{ readonly operation: string; readonly launchedAt: number }> {
  const { count, project, zone, machineType, startup } = plan
  const [operation] = await instances.bulkInsert({
    project,
    zone,
    requestId: randomUUID(),
    bulkInsertInstanceResourceResource: {
      count: String(count),
      minCount: String(count),
      namePattern: `bench-${uid}-######`,
      instanceProperties: {
        machineType,
        labels: { uid },
        disks: [
          {
            boot: true,
            autoDelete: true,
            initializeParams: {
              sourceImage: "projects/debian-cloud/global/images/family/debian-12",
              diskType: "pd-balanced",
            },
          },
        ],
        networkInterfaces: [{ network: "global/networks/default" }],
        metadata: { items: [{ key: "startup-script", value: startup }] },
      },
    },
  })
  return { operation: operation.latestResponse.name, launchedAt: performance.now() }
}

async function untilDone({ operations }: RawClients, { project, zone }: RawPlan, operation: string): Promise<void> {
  let status = ""
  while (status !== "DONE") {
    const [reply] = await operations.wait({ project, zone, operation })
    status = reply.status
  }
}

async function list(
  { instances }: RawClients,
  { project, zone, most }: RawPlan,
  uid: string,
): Promise<readonly RawInstance[]> {
  const found: RawInstance[] = []
  let pageToken: string | undefined
  do {
    const request = {
      project,
      zone,
      filter: `labels.uid=${uid}`,
      maxResults: most.page,
      ...(pageToken ? { pageToken } : {}),
    }
    const [, , page] = await instances.list(request, { autoPaginate: false })
    found.push(...page.items)
    pageToken = page.nextPageToken
  } while (pageToken)
  return found
}

async function remove(
  { instances }: RawClients,
  { project, zone, most }: RawPlan,
  names: readonly string[],
): Promise<void> {
  const waiting = [...names]
  const worker = async () => {
    for (let instance = waiting.pop(); instance !== undefined; instance = waiting.pop()) {
      await instances.delete({ project, zone, instance, requestId: randomUUID() })
    }
  }
  await Promise.all(Array.from({ length: most.deletions }, worker))
}
