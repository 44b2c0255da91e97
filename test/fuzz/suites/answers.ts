/** Answers: a cloud answers one request in one way, for a while and for some; `answers/play.ts` says what must hold. */
import { play, playOf } from "../answers/play.js"
import type { AnswerSubject } from "../answers/subject.js"
import type { Counts, FuzzSuite } from "../suite.js"

/** Loaded when it is played: each brings its cloud's SDK. */
const SUBJECTS = {
  aws: async () => (await import("../answers/aws.js")).awsAnswers,
  gcp: async () => (await import("../answers/gcp.js")).gcpAnswers,
  azure: async () => (await import("../answers/azure.js")).azureAnswers,
} as const satisfies Readonly<Record<AnswerSubject["cloud"], () => Promise<AnswerSubject>>>

async function playAnswer(subject: AnswerSubject, seed: number): Promise<Counts> {
  const { broken, launches, instances, requests, virtualHours } = await play(subject, seed)
  if (broken.length > 0) throw new Error(`${titleOf(subject, seed)}\n  ${broken.join("\n  ")}`)
  return { launches, instances, requests, "virtual hours": virtualHours }
}

function titleOf(subject: AnswerSubject, seed: number): string {
  const { answer, howLong, forWhom, market, wanted } = playOf(subject, seed)
  return `${answer.api} answers ${answer.code} (${answer.place}), ${howLong}, to ${forWhom}; ${wanted} wanted, ${market}:`
}

export const answerSuites: readonly FuzzSuite[] = (["aws", "gcp", "azure"] as const).map((cloud) => ({
  name: `answers-${cloud}`,
  about: `whatever ${cloud} answers: all run wherever another place is open, few calls are wasted, the words arrive, the end is clean`,
  testRuns: 4,
  ciRuns: 200,
  run: async (seed) => playAnswer(await SUBJECTS[cloud](), seed),
}))
