/** Images of Compute Engine that are not what a worker boots, or are paid for beside its machine. */
import { describe, expect, test } from "vitest"
import { gcp } from "../../../providers/gcp/index.js"
import { PROJECT } from "../../../providers/gcp/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import { SpecError } from "../../../src/errors.js"
import { type Cloud, gce, optionsFor, prepareOf, TYPE } from "../support/cloud.js"

const PRICES = { [TYPE]: { "on-demand": 0.2 } }

/** Puts an image into a project; its licenses by their projects and names. */
function put({ world }: Cloud, project: string, name: string, licenses: string, features = "UEFI_COMPATIBLE"): string {
  const id = `projects/${project}/global/images/${name}`
  const family = `projects/${project}/global/images/family/${name}`
  world.resources.put({ kind: "image", id, attributes: { name, arch: "X86_64", family, licenses, features }, tags: {} })
  return id
}

const license = (project: string, name: string) => `projects/${project}/global/licenses/${name}`

async function offersWith(cloud: Cloud, image: string) {
  const { provider } = cloud
  const query = { instanceTypes: [TYPE], markets: ["on-demand"], boots: { image } } as const
  return cloud.run(provider.offers(query, cloud.bare()))
}

const reads = ({ world }: Cloud) => world.ledger.count("images.get") + world.ledger.count("images.getFromFamily")

const errorOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => expect.unreachable("nothing was thrown"),
    (error: Error) => error,
  )

describe("Windows is refused before anything is launched", () => {
  test.each([
    ["by its project", "windows-cloud", "", "UEFI_COMPATIBLE"],
    ["of one's own, by its license", PROJECT, license("windows-cloud", "windows-server-2025-dc"), "UEFI_COMPATIBLE"],
    ["of one's own, by what it is said to be", PROJECT, "", "WINDOWS UEFI_COMPATIBLE"],
  ])("%s", async (_how, project, licenses, features) => {
    const cloud = await gce()
    const image = put(cloud, project, "server", licenses, features)
    for (const name of [image, image.replace("images/", "images/family/")]) {
      for (const work of [() => offersWith(cloud, name), () => prepareOf(cloud, { image: name })]) {
        const error = await errorOf(work())
        expect(error).toBeInstanceOf(SpecError)
        expect(error.message).toMatch(
          /groups\.default\.image: is a Windows image, and startup scripts here are for Linux/,
        )
      }
    }
    const spec = { name: "render", provider: cloud.provider, instanceType: TYPE, image }
    const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
    expect(await errorOf(cloud.run(cluster.scale(1)))).toBeInstanceOf(SpecError)
    expect(cloud.world.truth()).toEqual([])
    await cloud.run(cluster.close())
  })
})

describe("what is paid for beside the machine has no price", () => {
  test.each([
    ["RHEL", "rhel-cloud", license("rhel-cloud", "rhel-9-server"), true],
    ["RHEL by one's own subscription", "rhel-cloud", license("rhel-cloud", "rhel-9-byos"), false],
    ["of the Marketplace", "vendor-public", license("vendor-public", "their-product"), true],
    ["one's own, of Debian", PROJECT, license("debian-cloud", "debian-12-bookworm"), false],
    ["one's own, without a license", PROJECT, "", false],
    [
      "one's own, of SLES with a feature",
      PROJECT,
      `${license("vm-options", "vmx")} ${license("suse-cloud", "sles-15")}`,
      true,
    ],
  ])("%s", async (_what, project, licenses, isLicensed) => {
    const cloud = await gce()
    const image = put(cloud, project, "image-1", licenses)
    const priced = await gce({ gcp: { prices: PRICES } })
    const { notes } = await prepareOf(cloud, { image })
    expect(notes.some((note) => note.includes("has licenses that are paid for beside the machine"))).toBe(isLicensed)
    // The user's own table says what it says.
    put(priced, project, "image-1", licenses)
    expect((await offersWith(priced, image))[0]?.pricePerHour).toBe(0.2)
  })

  test("Google's list prices are those of the machine alone", async () => {
    const cloud = await gce()
    const listed = { ...cloud, provider: gcp(optionsFor(cloud.wire, { billingEndpoint: cloud.wire.url })) }
    put(listed, "rhel-cloud", "rhel-9", license("rhel-cloud", "rhel-9-server"))
    const free = await offersWith(listed, "projects/debian-cloud/global/images/family/debian-12")
    const paid = await offersWith(listed, "projects/rhel-cloud/global/images/family/rhel-9")
    expect(free.every(({ pricePerHour }) => pricePerHour !== undefined)).toBe(true)
    expect(paid.every(({ pricePerHour }) => pricePerHour === undefined)).toBe(true)
  })
})

test("images of Google's free projects are not read for it, and one that may not be read is left to the launch", async () => {
  const cloud = await gce()
  await offersWith(cloud, "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64")
  await prepareOf(cloud, { image: "projects/debian-cloud/global/images/debian-12-bookworm-v20260114" })
  expect(reads(cloud)).toBe(0)
  const poor = await gce({ wire: { permissions: [] }, gcp: { zones: ["us-central1-a"] } })
  const image = put(poor, PROJECT, "mine", license("rhel-cloud", "rhel-9-server"))
  const { body, notes } = await prepareOf(poor, { image, publicAddress: false })
  expect([(body.images as Record<string, string>).x86_64, notes.filter((note) => note.includes("licenses"))]).toEqual([
    image,
    [],
  ])
})

test("one that is not there is refused before anything is launched", async () => {
  const cloud = await gce()
  const error = await errorOf(prepareOf(cloud, { image: `projects/${PROJECT}/global/images/gone` }))
  expect(error).toBeInstanceOf(SpecError)
  expect(error.message).toMatch(/groups\.default\.image: reading image projects\/.*was not found/)
})
