/** Which image a group boots from. */
import { describe, expect, test } from "vitest"
import type { AwsOptions } from "../../../providers/aws/index.js"
import { IMAGES } from "../../../providers/aws/wire/index.js"
import type { GroupRequest } from "../../../src/provider.js"
import { type Cloud, prepareOf, TOLD } from "../support/cloud.js"
import { anywhere, forbid } from "../support/found.js"

describe("images", () => {
  const nameOf = (cloud: Cloud, id: unknown) => cloud.world.resources.get("image", String(id))?.attributes.name
  const pinned = async (group: Partial<GroupRequest>, aws: Partial<AwsOptions> = {}) => {
    const cloud = await anywhere(aws)
    const { images } = (await prepareOf(cloud, group)).body as {
      images: Record<string, { id: string; devices: string[] }>
    }
    return Object.entries(images).map(([arch, { id, devices }]) => [arch, nameOf(cloud, id), devices[0]])
  }

  test.each([
    ["nothing", {}, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20251215", "/dev/sda1"],
    ["amazon-linux", { image: "amazon-linux" }, "al2023-ami-2023.9.20251215.0-kernel-6.1-x86_64", "/dev/xvda"],
    ["a GPU", { gpu: {} }, "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20251215", "/dev/sda1"],
  ] as const)("for %s the newest of its publisher", async (_what, group, name, root) => {
    expect(await pinned(group)).toEqual([["x86_64", name, root]])
  })

  test("for each processor its own", async () => {
    const found = await pinned({ archs: ["arm64", "x86_64"] })
    expect(found.map(([arch, name]) => [arch, String(name).includes("arm64")])).toEqual([
      ["arm64", true],
      ["x86_64", false],
    ])
  })

  test("for another processor than the type's are refused before any launch", async () => {
    await expect(pinned({ image: IMAGES.x86_64, archs: ["arm64"] })).rejects.toThrow(
      /an image for x86_64.*need arm64; name an image for that, or/,
    )
    await expect(pinned({ archs: ["arm64"] }, { imageId: TOLD })).rejects.toThrow(/aws\.imageId: is ami-/)
    await expect(pinned({ image: IMAGES.x86_64, archs: ["arm64", "x86_64"] })).rejects.toThrow(/ask for arch "x86_64"/)
  })

  test("that are gone say so", async () => {
    const image = "ami-0123456789abcdef0"
    await expect(pinned({ image })).rejects.toThrow(
      /reading image.*does not exist.*InvalidAMIID\.NotFound.*deregistered/,
    )
  })

  test("that EBS loads slowly have a note, where no rate is given", async () => {
    const notesOf = async (aws: Partial<AwsOptions>) => {
      const cloud = await anywhere(aws)
      const attributes = { ...cloud.world.resources.get("image", IMAGES.x86_64)?.attributes, gib: 17 }
      const large = { kind: "image", id: "ami-0a1a1a1a1a1a1a1a1", tags: {}, attributes }
      cloud.world.resources.add(large)
      return [(await prepareOf(cloud, { image: large.id })).notes, (await prepareOf(cloud)).notes].map((notes) =>
        notes.filter((note) => note.includes("volumeInitializationRate")),
      )
    }
    expect(await notesOf({})).toEqual([
      [expect.stringMatching(/^image ami-0a1a1a1a1a1a1a1a1 has a root disk of 17 GiB, which EBS loads/)],
      [],
    ])
    expect(await notesOf({ volumeInitializationRate: 300 })).toEqual([[], []])
  })

  test("that may not be looked up have to be named", async () => {
    const cloud = await anywhere()
    forbid(cloud, "DescribeImages")
    await expect(prepareOf(cloud)).rejects.toThrow(/ec2:DescribeImages is not allowed.*name an image by its id/)
  })
})
