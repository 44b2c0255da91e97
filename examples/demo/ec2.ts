/**
 * Act 3: to a hundred and back on EC2. The EC2 is a small one in this process, on a loopback port, and its time goes
 * faster; the SDK that talks to it is Amazon's own, and so are the limits, the pages and the delays.
 */
import { createRequire } from "node:module"
import type { Provider } from "muster-vms"
import { aws } from "muster-vms/aws"
import { simulate, type World } from "muster-vms/simulator"
import { type Ec2Wire, ec2Wire, ec2World, IMAGES } from "../../providers/aws/wire/index.js"
import { receiptTable } from "./receipt.js"
import type { Performance, Stage } from "./stage.js"
import { countIn } from "./tally.js"

const REGION = "eu-west-2"
const INSTANCE_TYPE = "m7g.large"
const SDK = "@aws-sdk/client-ec2"
/** A boot takes up to eighteen seconds there, a look at a hundred of them some fifty milliseconds here. */
const SPEED = 8
/** Of EC2's time; long enough to be seen. */
const FULL_HOUSE_MS = 7_500

export async function ec2(stage: Stage, sdk = SDK): Promise<readonly string[]> {
  if (!isInstalled(sdk)) return [`act 3 skipped: it needs ${sdk}, which is not installed here`]
  const { world, clock } = simulate({ ...ec2World(REGION), speed: SPEED })
  const wire = await ec2Wire({ world })
  const { burst } = stage.options
  const spec = { name: "demo-ec2", provider: priced(providerAt(wire), world), instanceType: INSTANCE_TYPE }
  const title = `act 3: 0 to ${burst} to 0 on a simulated EC2, ${SPEED} x as fast`
  const work = async (play: Performance) => {
    const askedAt = clock.now()
    await play.scale(burst)
    const ran = play.tally().ranAt.map((at) => at - askedAt)
    await clock.sleep(FULL_HOUSE_MS, stage.signal)
    const endedAt = clock.now()
    await play.cluster.scale(0, { signal: stage.signal })
    const downMs = clock.now() - endedAt
    const gone = countIn(play.tally(), "terminated")
    const [first, half, all] = [ran[0], ran[Math.floor(ran.length / 2)], ran.at(-1)].map(secondsOf)
    return [
      `0 to ${burst} on EC2: first worker after ${first}, half of them after ${half}, all after ${all} of its time`,
      `${burst} to 0 on EC2: ${gone} confirmed gone after ${secondsOf(downMs)}`,
      `requests: ${requestsOf(world)}`,
      ...receiptTable(await play.cluster.close()),
    ]
  }
  return stage.perform(title, { ...spec, maxLifetime: "1h" }, work, clock).finally(() => wire.close())
}

function isInstalled(name: string): boolean {
  try {
    return createRequire(import.meta.url).resolve(name) !== ""
  } catch {
    return false
  }
}

function providerAt({ url }: Ec2Wire): Provider {
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "pretended" }
  return aws({ region: REGION, endpoint: url, credentials, imageId: IMAGES.arm64 })
}

/** EC2's own calls tell no prices: the world's price list stands in for the public one. */
function priced(provider: Provider, { settings }: World): Provider {
  const prices = new Map(settings.types.map(({ name, price }) => [name, price?.["on-demand"]]))
  return {
    ...provider,
    offers: async (query, calls) =>
      (await provider.offers(query, calls)).map((offer) => {
        const pricePerHour = prices.get(offer.instanceType)
        return pricePerHour === undefined ? offer : { ...offer, pricePerHour }
      }),
  }
}

/** "1 RunInstances, 4 DescribeInstances, …", in the order in which they were first made. */
function requestsOf({ ledger }: World): string {
  const counts = new Map<string, number>()
  for (const { api } of ledger.entries) counts.set(api, (counts.get(api) ?? 0) + 1)
  return [...counts].map(([api, count]) => `${count} ${api}`).join(", ")
}

function secondsOf(ms: number | undefined): string {
  return ms === undefined ? "?" : `${(ms / 1000).toFixed(1)} s`
}
