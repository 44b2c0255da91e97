/** The actions beside launch, list and terminate refuse what EC2 refuses. */
import { afterEach, beforeEach, expect, test } from "vitest"
import { EC2_TYPES, IMAGES, subnetOf } from "../../../providers/aws/wire/index.js"
import { LAUNCH, type Parameters, type RawCloud, rawEc2 } from "../support/raw.js"

let cloud: RawCloud

beforeEach(async () => {
  cloud = await rawEc2()
})

afterEach(() => cloud.wire.close())

const CONFIG = "LaunchTemplateConfigs.1"
const FLEET: Parameters = {
  Type: "instant",
  [`${CONFIG}.LaunchTemplateSpecification.LaunchTemplateName`]: "workers",
  [`${CONFIG}.LaunchTemplateSpecification.Version`]: "1",
  [`${CONFIG}.Overrides.1.InstanceType`]: "m7i.large",
  [`${CONFIG}.Overrides.1.AvailabilityZone`]: "us-east-1a",
  "TargetCapacitySpecification.TotalTargetCapacity": 2,
  "TargetCapacitySpecification.DefaultTargetCapacityType": "spot",
}
const TEMPLATE: Parameters = { LaunchTemplateName: "workers", "LaunchTemplateData.ImageId": IMAGES.x86_64 }
const SPOT: Parameters = { ...LAUNCH, "InstanceMarketOptions.MarketType": "spot" }

test.each<[what: string, action: string, parameters: Parameters, code: string]>([
  ["a fleet without its template", "CreateFleet", FLEET, "InvalidLaunchTemplateName.NotFoundException"],
  ["a fleet that keeps running", "CreateFleet", { ...FLEET, Type: "maintain" }, "InvalidParameterValue"],
  [
    "a fleet of more than ten thousand",
    "CreateFleet",
    { ...FLEET, "TargetCapacitySpecification.TotalTargetCapacity": 10_001 },
    "InvalidTargetCapacitySpecification",
  ],
  ["a fleet that is not there", "DescribeFleets", { "FleetId.1": "fleet-1" }, "InvalidFleetId.NotFound"],
  [
    "a template's malformed name",
    "CreateLaunchTemplate",
    { ...TEMPLATE, LaunchTemplateName: "a b" },
    "InvalidLaunchTemplateName.MalformedException",
  ],
  [
    "a template with a count",
    "CreateLaunchTemplate",
    { ...TEMPLATE, "LaunchTemplateData.MinCount": 1 },
    "UnknownParameter",
  ],
  [
    "deleting a template that is not there",
    "DeleteLaunchTemplate",
    { LaunchTemplateName: "none" },
    "InvalidLaunchTemplateName.NotFoundException",
  ],
  ["an image that is not there", "DescribeImages", { "ImageId.1": "ami-0123456789abcdef0" }, "InvalidAMIID.NotFound"],
  [
    "a group in no VPC",
    "CreateSecurityGroup",
    { GroupName: "g", GroupDescription: "d", VpcId: "vpc-1" },
    "InvalidVpcID.NotFound",
  ],
  [
    "deleting a group that is not there",
    "DeleteSecurityGroup",
    { GroupId: "sg-0123456789abcdef0" },
    "InvalidGroup.NotFound",
  ],
  [
    "deleting a disk that is not there",
    "DeleteVolume",
    { VolumeId: "vol-0123456789abcdef0" },
    "InvalidVolume.NotFound",
  ],
  ["an unknown key pair", "RunInstances", { ...LAUNCH, KeyName: "lost" }, "InvalidKeyPair.NotFound"],
  [
    "too low a price",
    "RunInstances",
    { ...SPOT, "InstanceMarketOptions.SpotOptions.MaxPrice": "0.001" },
    "SpotMaxPriceTooLow",
  ],
  [
    "one-time spot that only stops",
    "RunInstances",
    { ...SPOT, "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior": "stop" },
    "InvalidParameterCombination",
  ],
  [
    "spot from a reservation",
    "RunInstances",
    {
      ...SPOT,
      "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId": "cr-0123456789abcdef0",
    },
    "InvalidParameterCombination",
  ],
  [
    "a block without its reservation",
    "RunInstances",
    { ...LAUNCH, "InstanceMarketOptions.MarketType": "capacity-block" },
    "MissingParameter",
  ],
  [
    "a spot request's tags on what is not spot",
    "RunInstances",
    { ...LAUNCH, "TagSpecification.1.ResourceType": "spot-instances-request" },
    "InvalidParameterValue",
  ],
  [
    "dedicated hardware for a burstable type",
    "RunInstances",
    { ...LAUNCH, InstanceType: "t3.micro", "Placement.Tenancy": "dedicated" },
    "Unsupported",
  ],
  [
    "an unknown instance profile",
    "RunInstances",
    { ...LAUNCH, "IamInstanceProfile.Name": "nobody" },
    "InvalidParameterValue",
  ],
])("%s", async (_what, action, parameters, code) => {
  expect((await cloud.ask(action, parameters)).code).toBe(code)
})

test("the same template twice, and two subnets of one zone in one fleet", async () => {
  expect((await cloud.ask("CreateLaunchTemplate", TEMPLATE)).status).toBe(200)
  expect((await cloud.ask("CreateLaunchTemplate", TEMPLATE)).code).toBe(
    "InvalidLaunchTemplateName.AlreadyExistsException",
  )
  const two = {
    ...FLEET,
    [`${CONFIG}.Overrides.1.SubnetId`]: subnetOf("us-east-1a"),
    [`${CONFIG}.Overrides.2.InstanceType`]: "c7i.large",
    [`${CONFIG}.Overrides.2.AvailabilityZone`]: "us-east-1a",
    [`${CONFIG}.Overrides.2.SubnetId`]: subnetOf("us-east-1b"),
  }
  expect((await cloud.ask("CreateFleet", two)).code).toBe("InvalidFleetConfiguration")
  expect((await cloud.ask("CreateFleet", { ...FLEET, DryRun: true })).code).toBe("DryRunOperation")
  expect(cloud.world.truth()).toEqual([])
})

const DISK = { "BlockDeviceMapping.1.DeviceName": "/dev/xvda", "BlockDeviceMapping.1.Ebs.Encrypted": true }
const EFA = { "NetworkInterface.1.DeviceIndex": 0, "NetworkInterface.1.InterfaceType": "efa" }

test.each([
  ["an encrypted disk for the first generation", "m1.small", {}, DISK, "EncryptedVolumesNotSupported"],
  ["an encrypted disk for a later one", "t2.micro", {}, DISK, ""],
  [
    "an image that boots by UEFI for what knows only BIOS",
    "t2.micro",
    { bootMode: "uefi" },
    {},
    "InvalidParameterValue",
  ],
  ["one that may, too", "t2.micro", { bootMode: "uefi-preferred" }, {}, ""],
  ["an image without ENA for what needs it", "m7i.large", { ena: false }, {}, "InvalidParameterCombination"],
  ["the same for what does not", "t2.micro", { ena: false }, {}, ""],
  ["a fabric adapter for what has none", "m7i.large", {}, EFA, "Unsupported"],
])("%s", async (_what, InstanceType, image, parameters, code) => {
  const old = ["m1.small", "t2.micro"].map((name) => ({ name, family: "standard", vcpus: 1, memoryGiB: 1 }))
  const types = [...EC2_TYPES, ...old.map((type) => ({ ...type, arch: "x86_64" as const }))]
  const own = await rawEc2({ types })
  const known = own.world.resources.get("image", IMAGES.x86_64)
  own.world.resources.put({
    kind: "image",
    id: IMAGES.x86_64,
    tags: {},
    attributes: { ...known?.attributes, ...image },
  })
  expect((await own.ask("RunInstances", { ...LAUNCH, InstanceType, ...parameters })).code).toBe(code)
  await own.wire.close()
})
