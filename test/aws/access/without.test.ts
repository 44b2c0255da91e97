/**
 * A cluster that asks for neither `access` nor `peers` sends what it sent before there was either: `without.txt`, recorded then, sorted
 * because requests overtake each other. With MUSTER_RECORD=1 it is recorded anew.
 */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { Exchange } from "../../../providers/aws/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import { ec2 } from "../support/cloud.js"

const FILE = join(import.meta.dirname, "without.txt")

/** What is of this process or random, and the guest's program, which has the planted key. */
function masked(key: string, value: string): string {
  if (/UserData$/.test(key)) return "(user data)"
  if (/muster-holder|ClientToken/.test(key)) return "(of this process)"
  return value.replace(/[0-9a-f]{32}|[0-9a-f]{24}|\b[0-9a-f]{16}\b/g, "(hex)")
}

function lineOf({ action, request }: Exchange): string {
  const given = [...new URLSearchParams(request)].filter(([key]) => key !== "Action" && key !== "Version")
  const keys = new Map(given)
  return [
    action,
    ...given.map(([key, value]) => {
      const isHolder = key.endsWith(".Value") && keys.get(key.replace(/Value$/, "Key")) === "muster-holder"
      return `  ${key}=${isHolder ? "(of this process)" : masked(key, value)}`
    }),
  ].join("\n")
}

async function requestsOf(): Promise<string> {
  const lines: string[] = []
  const onExchange = (exchange: Exchange) => void lines.push(lineOf(exchange))
  const cloud = await ec2({ aws: { subnetIds: undefined, imageId: undefined }, wire: { onExchange } })
  for (const [seed, market] of (["on-demand", "spot"] as const).entries()) {
    const spec = { name: "render", provider: cloud.provider, instanceType: ["m7i.large", "c7i.large"], market } as const
    const cluster = new Cluster(spec, { clock: cloud.clock, seed, journal: false })
    await cloud.run(cluster.scale(3))
    await cloud.run(cluster.close())
  }
  return `${lines.sort().join("\n")}\n`
}

test("up and down again: the same requests, to the letter", async () => {
  const requests = await requestsOf()
  if (process.env.MUSTER_RECORD === "1") await writeFile(FILE, requests)
  expect(requests).toBe(await readFile(FILE, "utf8"))
})
