/** What EC2 says of a type beside its size and price, by its name ("DescribeInstanceTypes", EC2 API Reference). */
import type { Arch } from "../../../../src/provider.js"

export interface TypeTraits {
  /** Sold in capacity blocks alone ("Capacity Blocks for ML", supported instance types: no other way to buy is offered). */
  readonly isOnlyInBlocks: boolean
  readonly encryption: "supported" | "unsupported"
  readonly bootModes: readonly ("legacy-bios" | "uefi")[]
  readonly ena: "unsupported" | "supported" | "required"
  readonly hasEfa: boolean
  readonly hypervisor: "nitro" | "xen"
  readonly virtualization: readonly ("hvm" | "paravirtual")[]
}

/** The first generations: no encrypted disk, and images of both kinds of virtualization ("EBS encryption requirements"). */
const FIRST = /^(c1|hi1|hs1|m1|m2|t1)\./
/** Before Nitro: they boot by BIOS only; the later ones of them have ENA ("Enhanced networking", EC2 User Guide). */
const XEN = /^(c1|c3|c4|cc2|cr1|d2|f1|g2|g3s?|h1|hi1|hs1|i2|i3|m1|m2|m3|m4|p2|p3|r3|r4|t1|t2|x1|x1e)\.(?!metal)/
const XEN_WITH_ENA = /^(f1|g3s?|h1|i3|p2|p3|r4|x1|x1e)\./
/** Large sizes of the network families, and GPUs of the data centre ("Elastic Fabric Adapter", supported types). */
const EFA = /^(p\d|g6e|hpc|trn)|\.(12|16|24|32|48)xlarge$|metal/

export function traitsOf(instanceType: string, arch: Arch): TypeTraits {
  const isXen = XEN.test(instanceType)
  const isFirst = FIRST.test(instanceType)
  const xenEna = XEN_WITH_ENA.test(instanceType) ? "supported" : "unsupported"
  return {
    isOnlyInBlocks: /^(p5e|trn2)\./.test(instanceType),
    encryption: isFirst ? "unsupported" : "supported",
    // "Graviton instance types: UEFI" (Instance launch behavior with Amazon EC2 boot modes).
    bootModes: arch === "arm64" ? ["uefi"] : isXen ? ["legacy-bios"] : ["legacy-bios", "uefi"],
    ena: isXen ? xenEna : "required",
    hasEfa: EFA.test(instanceType),
    hypervisor: isXen ? "xen" : "nitro",
    virtualization: isFirst ? ["hvm", "paravirtual"] : ["hvm"],
  }
}

/** By the GPU's name; the shares of an L4 that the g6f types have ("EC2 G6 instances", product details). */
export function gpuTraits(
  instanceType: string,
  name: string,
): { readonly vendor: string; readonly partition?: number } {
  const partition = { "g6f.large": 0.125, "g6f.xlarge": 0.125, "g6f.2xlarge": 0.25, "g6f.4xlarge": 0.5 }[instanceType]
  return { vendor: /radeon/i.test(name) ? "AMD" : "NVIDIA", ...(partition === undefined ? {} : { partition }) }
}
