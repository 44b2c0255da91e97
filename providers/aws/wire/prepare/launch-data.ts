/** What a launch says, in a request or in a template: the parameters that this wire knows; the others, EC2's too, are refused. */
import { type Shape, tagSpecifications } from "../client/shapes.js"

const strings: Shape = { list: "string" }

/** "TagSpecifications" in the reference of RunInstances. */
const TAGGABLE = ["instance", "volume", "network-interface", "spot-instances-request"] as const

const EBS: Shape = {
  struct: {
    VolumeSize: "integer",
    VolumeInitializationRate: "integer",
    VolumeType: ["standard", "io1", "io2", "gp2", "sc1", "st1", "gp3"],
    Encrypted: "boolean",
    DeleteOnTermination: "boolean",
    KmsKeyId: "string",
  },
}

export const PLACEMENT: Shape = {
  struct: { AvailabilityZone: "string", Tenancy: ["default", "dedicated", "host"], GroupName: "string" },
}

/** What RunInstances and launch templates have in common. */
export const LAUNCH_DATA: Readonly<Record<string, Shape>> = {
  ImageId: "string",
  InstanceType: "string",
  SecurityGroupId: strings,
  UserData: "string",
  KeyName: "string",
  EbsOptimized: "boolean",
  DisableApiTermination: "boolean",
  InstanceInitiatedShutdownBehavior: ["stop", "terminate"],
  Placement: PLACEMENT,
  Monitoring: { struct: { Enabled: "boolean" } },
  IamInstanceProfile: { struct: { Arn: "string", Name: "string" } },
  MetadataOptions: {
    struct: {
      HttpTokens: ["optional", "required"],
      HttpPutResponseHopLimit: "integer",
      HttpEndpoint: ["disabled", "enabled"],
      InstanceMetadataTags: ["disabled", "enabled"],
    },
  },
  NetworkInterface: {
    list: {
      struct: {
        DeviceIndex: "integer",
        SubnetId: "string",
        SecurityGroupId: strings,
        AssociatePublicIpAddress: "boolean",
        DeleteOnTermination: "boolean",
        InterfaceType: ["interface", "efa", "efa-only"],
      },
    },
  },
  BlockDeviceMapping: { list: { struct: { "DeviceName!": "string", Ebs: EBS } } },
  InstanceMarketOptions: {
    struct: {
      MarketType: ["spot", "capacity-block"],
      SpotOptions: {
        struct: {
          MaxPrice: "string",
          SpotInstanceType: ["one-time", "persistent"],
          InstanceInterruptionBehavior: ["hibernate", "stop", "terminate"],
        },
      },
    },
  },
  CapacityReservationSpecification: {
    struct: {
      CapacityReservationPreference: ["capacity-reservations-only", "open", "none"],
      CapacityReservationTarget: { struct: { CapacityReservationId: "string" } },
    },
  },
  TagSpecification: tagSpecifications(...TAGGABLE),
}

export const RUN_INSTANCES: Readonly<Record<string, Shape>> = {
  ...LAUNCH_DATA,
  ClientToken: "string",
  DryRun: "boolean",
  "MinCount!": "integer",
  "MaxCount!": "integer",
  SubnetId: "string",
}
