/** Outcomes of walks as they could have been, with planted values in all of their texts. */
import type { WalkOutcome } from "../../../src/doctor/live/outcome.js"
import { type ReportInput, reportOf } from "../../../src/doctor/report/build.js"
import type { WalkReport } from "../../../src/doctor/report/format.js"
import type { Instance, WalkWorker } from "../../../src/provider.js"
import { AT, EC2, PLANTED, TOKEN, UID } from "./planted.js"

const OWNER = {
  cluster: PLANTED.cluster,
  uid: UID,
  owner: PLANTED.owner,
  generation: 1,
  claim: UID,
  deadline: "1767225900",
}

const INSTANCE: Instance = {
  id: "i-0123456789abcdef0",
  provider: "aws",
  name: "doctor-9abcdef0",
  state: "terminated",
  region: "us-east-1",
  zone: "us-east-1a",
  instanceType: "t3.micro",
  market: "spot",
  launchedAt: AT,
  tags: { "muster-cluster": PLANTED.cluster },
}

export function worker(number: number, more: Partial<WalkWorker> = {}): WalkWorker {
  const call = { api: "RunInstances", group: "doctor", offers: [], count: 1, token: TOKEN, body: {}, cost: {} }
  return {
    ...{ number, wave: "batch", owner: OWNER, call, made: INSTANCE, instance: INSTANCE, sentAt: 1000 * number },
    toldAt: 2000 * number,
    ...{ runningAt: 6000 * number, bootedAt: 30_000, endedAt: 31_000, goneAt: 51_000, deadlineAt: 300_000 },
    ...{ console: PLANTED.password, isBooted: true },
    ...more,
  }
}

export function outcome(more: Partial<WalkOutcome> = {}): WalkOutcome {
  const about = {
    source: "the manual",
    basis: "documented",
    code: ["providers/aws/launch/launch.ts"],
    probe: "twice",
  } as const
  const seen = (assumption: string, held: boolean) => {
    const words = held ? "as it should" : `i-0123456789abcdef0 of ${PLANTED.account} was | not there`
    return { assumption, held, words, at: 1500, exchanges: [0, 1] }
  }
  return {
    ...{ provider: "aws", region: "us-east-1", at: AT, ms: 61_000, cluster: PLANTED.cluster, instanceType: "t3.micro" },
    ...{ owner: OWNER, offers: [], options: { region: "us-east-1", subnetIds: ["subnet-0aa11bb22cc33dd44"] } },
    group: {
      name: "doctor",
      environment: {},
      publicAddress: "auto",
      tags: { [PLANTED.tagKey]: "x" },
      archs: ["x86_64"],
    },
    everyMs: 1_250,
    markets: ["spot", "on-demand"],
    assumptions: [
      {
        ...{ ...about, id: "aws.token-replay", says: "A token gives the same ids", verdict: "confirmed" },
        observations: [1, 2, 3].map(() => seen("aws.token-replay", true)),
      },
      { ...about, id: "aws.tags", says: "Tags are there", verdict: "refuted", observations: [seen("aws.tags", false)] },
      { ...about, id: "aws.limits", says: "Limits are told", verdict: "not seen", observations: [] },
    ],
    workers: [worker(1), worker(2)],
    exchanges: EC2,
    usd: { estimate: 0.0123456789, spent: 0.01 },
    problems: [
      `launching for "${PLANTED.cluster}": User ${PLANTED.mail} of ${PLANTED.account} may not, says ${PLANTED.host}`,
    ],
    notes: [`${PLANTED.network} has no address free`],
    left: [`volume vol-0123456789abcdef0: ${PLANTED.tagValue}`],
    ...more,
  }
}

export const VERSIONS = {
  muster: "0.1.0",
  node: "20.20.0",
  system: "linux x64",
  packages: { "@aws-sdk/client-ec2": "3.1169.0" },
}

export function report(input: Partial<ReportInput> = {}): WalkReport {
  const lines = [{ status: "ok", check: "credential", text: `account ${PLANTED.account}, ${PLANTED.mail}` }] as const
  const examined = { status: "ok", at: AT, lines, requests: {} } as const
  return reportOf({ outcome: outcome(), versions: VERSIONS, examined, ...input })
}
