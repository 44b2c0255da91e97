/**
 * What somebody writes who has the SDK alone: N VMs, until all of them run, and gone again, until Azure confirms it. It
 * does what Muster must do and nothing more: no limits, no retries, no second offer, no journal. Like Muster it drops the
 * SDK's pollers, which would ask for each VM every two seconds.
 */
import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { ComputeManagementClient, VirtualMachine } from "@azure/arm-compute"
import pLimit from "p-limit"

export interface RawPlan {
  readonly count: number
  readonly group: string
  /** A whole VM; name and parts get a name of their own. */
  readonly vm: VirtualMachine
  /** How long after the first reply it looks, and how far apart looks begin. */
  readonly look: { readonly firstMs: number; readonly everyMs: number }
  readonly inFlight: number
}

export async function raw(client: ComputeManagementClient, plan: RawPlan): Promise<void> {
  const names = Array.from({ length: plan.count }, () => `raw-${randomUUID().slice(0, 13)}`)
  const limit = pLimit(plan.inFlight)
  const launchedAt = performance.now()
  await Promise.all(
    names.map((name) =>
      limit(() =>
        client.virtualMachines.createOrUpdate(plan.group, name, named(plan.vm, name), { ifNoneMatch: "*" }).submitted(),
      ),
    ),
  )
  const isReady = (vms: readonly VirtualMachine[]) =>
    vms.filter(({ provisioningState }) => provisioningState === "Succeeded").length === plan.count
  await lookUntil(plan, launchedAt, async () => isReady(await list(client, plan.group)))
  const deletedAt = performance.now()
  await Promise.all(
    names.map((name) =>
      limit(() => client.virtualMachines.delete(plan.group, name, { forceDeletion: true }).submitted()),
    ),
  )
  await lookUntil(plan, deletedAt, async () => (await list(client, plan.group)).length === 0)
}

async function list(client: ComputeManagementClient, group: string): Promise<readonly VirtualMachine[]> {
  const vms: VirtualMachine[] = []
  for await (const vm of client.virtualMachines.list(group)) vms.push(vm)
  return vms
}

function named(vm: VirtualMachine, name: string): VirtualMachine {
  const nics = vm.networkProfile?.networkInterfaceConfigurations ?? []
  return {
    ...vm,
    osProfile: { ...vm.osProfile, computerName: name },
    storageProfile: {
      ...vm.storageProfile,
      osDisk: { createOption: "FromImage", ...vm.storageProfile?.osDisk, name: `${name}-os` },
    },
    networkProfile: {
      ...vm.networkProfile,
      networkInterfaceConfigurations: nics.map((nic) => ({ ...nic, name: `${name}-nic` })),
    },
  }
}

async function lookUntil({ look }: RawPlan, since: number, isDone: () => Promise<boolean>): Promise<void> {
  let at = since + look.firstMs
  do {
    await sleep(Math.max(0, at - performance.now()))
    at = performance.now() + look.everyMs
  } while (!(await isDone()))
}
